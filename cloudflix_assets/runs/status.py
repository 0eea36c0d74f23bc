"""The state of the lake: every week of every table, as it lies there, and what is not as it should be."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from cloudflix_assets.build import build_defs
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.instance.staleness import Newest, Staleness
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.names import asset_key, quarantine_of
from cloudflix_assets.runs.memory import metadata
from cloudflix_assets.runs.reasons import Attempt
from cloudflix_assets.runs.survey import Found, Survey, survey
from cloudflix_assets.settings.environment import Environment

WELL = frozenset({"fresh", "stale", "outside", "absent"})
"""States in which the lake holds what is remembered; why a week is absent, its attempt tells."""
TROUBLES = frozenset({"failed", "not reached", "interrupted"})
"""Ends of a last attempt that left a week undone."""


@dataclass(frozen=True)
class TableStatus:
    """One week of one table, or of the publication where something is wrong with it or no table was run.

    Args:
        table: its path.
        week: the week.
        rows: in the lake; None where none are known.
        digest: of what was stored last by this instance.
        state: `fresh`, `stale`, or as in `survey.Found`.
        causes: why it is not fresh.
        run: that stored it last, None if this instance knows of none.
        at: when.
        quarantined: rows in its quarantine, None for a table without one.
        attempt: the last attempt, if it stored nothing.
    """

    table: str
    week: date
    rows: int | None
    digest: str | None
    state: str
    causes: Sequence[str]
    run: str | None
    at: datetime | None
    quarantined: int | None = None
    attempt: Attempt | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done about it, beside bringing it up to date."""
        return self.state in WELL and not (self.attempt and self.attempt.ended in TROUBLES)

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `cloudflix status --json`."""
        at = self.at.isoformat(timespec="seconds") if self.at else None
        attempt = self.attempt.as_json() if self.attempt else None
        return {**asdict(self), "week": str(self.week), "at": at, "attempt": attempt}


@dataclass(frozen=True)
class LakeStatus:
    """The weeks of all tables, upstream tables first, and sentences about the lake as a whole."""

    tables: Sequence[TableStatus]
    notices: Sequence[str]

    @property
    def is_well(self) -> bool:
        """Whether something was run, and nothing has to be done beside bringing tables up to date."""
        return bool(self.tables) and not self.notices and all(entry.is_well for entry in self.tables)


def lake_status(environment: Environment) -> LakeStatus:
    """Return the state of the lake, which is asked; neither a home nor a lake is created.

    Raises:
        LakeRefused: something else lies at the lake's place.
        StorageRefused: the lake or the instance cannot be read.
    """
    graph, lake = build_defs(environment).resolve_asset_graph(), lake_of(environment)
    with _instance_there(environment) as instance:
        newest = Newest(instance)
        seen = survey(lake, instance, graph, environment.first_week, newest)
        return LakeStatus(list(_entries(seen, Staleness(graph, instance, newest))), seen.notices(lake))


@contextmanager
def _instance_there(environment: Environment) -> Iterator[dg.DagsterInstance]:
    """Yield the instance of the home, or one that remembers nothing where there is none."""
    home = environment.home
    if (home / "dagster.yaml").is_file() or home.is_file():  # a file is refused
        with open_instance(environment) as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as nothing:
            yield nothing


def _entries(seen: Survey, staleness: Staleness) -> Iterator[TableStatus]:
    run = {week for key, week in seen.found if len(key.path) > 1}
    for (key, week), found in seen.found.items():
        entry = _status(key, week, found, seen, staleness)
        if len(key.path) > 1 or week not in run or not entry.is_well:
            yield entry


def _status(key: dg.AssetKey, week: date, found: Found, seen: Survey, staleness: Staleness) -> TableStatus:
    told: Mapping[str, Any] = metadata(found.record) if found.record else {}
    kept = found.state == "kept"
    beside = seen.found.get((asset_key(quarantine_of("/".join(key.path))), week))
    return TableStatus(
        table="/".join(key.path),
        week=week,
        rows=found.stored.rows if found.stored and found.state not in {"missing", "absent"} else None,
        digest=str(told["digest"]) if told else None,
        state=staleness.state(key, week) if kept else found.state,
        causes=staleness.causes(key, week) if kept else [found.cause] if found.cause else [],
        run=found.record.run_id if found.record else None,
        at=datetime.fromtimestamp(found.record.timestamp, UTC) if found.record else None,
        quarantined=beside.stored.rows if beside and beside.stored else None,
        attempt=found.attempt,
    )
