"""The lake as it is now, compared with what the instance remembers of it, week by week of every asset.

`cloudflix status` shows it, `cloudflix run --stale` redoes what is not as it should be, and the doctor counts
it. A table costs one look at its log, and all are looked at together. Equal files are equal rows, because a
name is never used twice; where the files differ, the step that redoes the week compares the rows.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Literal

import dagster as dg

from cloudflix_assets.delta.look import StoredWeek, is_version, look
from cloudflix_assets.instance.attempts import Attempts
from cloudflix_assets.instance.staleness import Graph, Newest
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.names import asset_key, is_quarantine, table_of
from cloudflix_assets.partitions import open_week, week_of
from cloudflix_assets.runs.landed import Landed
from cloudflix_assets.runs.memory import Memory, metadata
from cloudflix_assets.runs.reasons import Attempt, Steps
from spark.table import PUBLICATION

State = Literal["kept", "missing", "changed", "unknown", "damaged", "absent", "outside", "waiting"]

REDONE = frozenset({"missing", "changed", "unknown", "damaged", "waiting"})
"""States that `--stale` puts right by running the week."""
_CAUSES: Mapping[State, str] = {
    "missing": "the lake does not hold what was stored there: it was removed",
    "changed": "the lake holds other files than this instance stored or saw: another tool or instance wrote",
    "unknown": "the lake holds it, and this instance does not remember it: another one wrote it, or runs or "
    "assets were deleted here",
}


@dataclass(frozen=True)
class Found:
    """A week of an asset.

    Args:
        state: `kept` if the lake holds what the instance remembers; `absent` if neither has it, but a run was
            to store it; `outside` if it lies before the first week of the calendar; `waiting` if a newer
            delivery of a published week was not landed.
        cause: why it is in another state than `kept`.
        stored: the week of the table in the lake.
        record: the newest materialization that the instance remembers.
        attempt: at the week after that materialization.
    """

    state: State
    cause: str | None
    stored: StoredWeek | None = None
    record: dg.EventLogRecord | None = None
    attempt: Attempt | None = None

    @property
    def is_redone(self) -> bool:
        """Whether `--stale` runs it, whatever Dagster calls stale."""
        tried = self.attempt is not None and self.attempt.ended in {"failed", "interrupted", "not reached"}
        return self.state in REDONE or (tried and self.state != "outside")


@dataclass(frozen=True)
class Survey:
    """Every week of every asset that the lake, the instance or a run knows of.

    Args:
        found: by asset and week, upstream assets first.
        elsewhere: by the folder of another lake, the assets and weeks that this instance remembers of it.
        landed: what lies in the lake of publications.
    """

    found: Mapping[tuple[dg.AssetKey, date], Found]
    elsewhere: Mapping[str, Collection[tuple[dg.AssetKey, date]]]
    landed: Landed

    def redone(self, week: date) -> set[dg.AssetKey]:
        """Return the assets of a week that `--stale` runs, whatever Dagster calls stale.

        An unknown week whose manifest is there is not landed again: the source may have other files for it.
        """
        keys = {key for (key, of), found in self.found.items() if of == week and found.is_redone}
        return keys | ({asset_key(PUBLICATION)} if keys and week not in self.landed.weeks else set())

    def elsewhere_in(self, week: date) -> set[dg.AssetKey]:
        """Return the assets of a week that this instance remembers of another lake."""
        return {key for known in self.elsewhere.values() for key, of in known if of == week}

    def notices(self, lake: Lake) -> list[str]:
        """Return a sentence if the instance remembers weeks of another lake."""
        if not self.elsewhere:
            return []
        known, other = sum(map(len, self.elsewhere.values())), min(self.elsewhere).rstrip("/")
        sentence = (
            f"this instance wrote {known} weeks of tables to another lake, {other}, and {lake.place} is not "
            "that one: name it again (CLOUDFLIX_LAKE), or give each lake a home of its own (CLOUDFLIX_HOME)."
        )
        return [sentence]

    def weeks(self, first_week: date) -> Sequence[date]:
        """Return the weeks of the calendar that anything is known of, in order."""
        last = open_week(datetime.now(UTC))
        return sorted({week for _, week in self.found if first_week <= week <= last})


def survey(
    lake: Lake,
    instance: dg.DagsterInstance,
    graph: Graph,
    first_week: date,
    newest: Newest | None = None,
) -> Survey:
    """Look at every table of the lake and compare it with what the instance remembers.

    Args:
        lake: to look at.
        instance: that remembers.
        graph: of the assets.
        first_week: of the calendar.
        newest: the newest materializations, where the caller needs them too.

    Raises:
        LakeRefused: something else lies at the lake's place.
        StorageRefused: it cannot be read.
    """
    with lake.storage_errors("raw"):
        lake.refuse_unusable()
        ordered = [key for level in graph.toposorted_asset_keys_by_level for key in sorted(level)]
        paths = ["/".join(key.path) for key in ordered if len(key.path) > 1]
        with ThreadPoolExecutor() as pool:
            landed = pool.submit(Landed.of, lake)
            tables = dict(zip(paths, pool.map(partial(look, lake), paths), strict=True))
        memory = Memory(lake, newest or Newest(instance), tables, ordered)
        surveyor = _Surveyor(lake, memory, landed.result(), Attempts(instance), Steps(graph), first_week)
        found = {(key, week): one for key in ordered for week, one in surveyor.look_at(key)}
    return Survey(found, memory.elsewhere, landed.result())


@dataclass(frozen=True)
class _Surveyor:
    lake: Lake
    memory: Memory
    landed: Landed
    attempts: Attempts
    steps: Steps
    first_week: date

    def look_at(self, key: dg.AssetKey) -> Iterator[tuple[date, Found]]:
        """Yield every week of an asset that anything is known of, in order."""
        known, table = self.memory.weeks(key), self.memory.table(key)
        # One step stores a table and its quarantine, and of the two the table tells of its attempts.
        beside = is_quarantine(key.path[-1])
        tried = self.attempts.weeks(asset_key(table_of("/".join(key.path))))
        runs = {week_of(week): run for week, run in tried.items()}
        damaged = self.landed.weeks if table.trouble else ()
        for week in sorted({*known, *table.weeks, *damaged, *(() if beside else runs)}):
            attempt = self.steps.attempt(key, runs[week]) if week in runs else None
            record, stored = known.get(week), table.week(week)
            state, cause = self._state(key, week, record, stored)
            if len(key.path) == 1 and state == "kept" and not attempt and (why := self._not_landed(week)):
                state, cause = "waiting", why
            if attempt and attempt.ended == "running" and state in {"changed", "unknown"}:
                # The run has committed, and the instance is about to learn of it.
                state, cause = "kept" if record else "absent", None
            yield week, Found(state, cause, stored, record, None if beside else attempt)

    def _not_landed(self, week: date) -> str | None:
        why = self.landed.rejected.get(week)
        return f"its last delivery was not landed: {why}" if why else None

    def _state(
        self, key: dg.AssetKey, week: date, record: dg.EventLogRecord | None, stored: StoredWeek | None
    ) -> tuple[State, str | None]:
        table = self.memory.table(key)
        if table.trouble:
            return "damaged", table.trouble
        if week < self.first_week:
            return "outside", f"the calendar begins with {self.first_week} (CLOUDFLIX_FIRST_WEEK)"
        if len(key.path) == 1:
            gone = self.landed.lacks(week, metadata(record)) if record else None
            return ("missing", gone) if gone else ("kept" if record else "absent", None)
        if stored and stored.damage:
            return "damaged", stored.damage
        if record is None:
            state: State = "unknown" if week in table.weeks else "absent"
        else:
            state = self._compared(key, week, metadata(record), stored)
        return state, _CAUSES.get(state)

    def _compared(
        self, key: dg.AssetKey, week: date, told: Mapping[str, Any], stored: StoredWeek | None
    ) -> State:
        table, rows = self.memory.table(key), int(told["dagster/partition_row_count"])
        if stored is None:
            return "missing"
        if known := str(told.get("stored", "")):
            is_same = known == stored.stored
        else:  # stored by an earlier version
            path = "/".join(key.path)
            is_same = rows == stored.rows and is_version(self.lake, table, path, week, int(told["version"]))
        if is_same:
            return "kept"
        made_anew = known.partition(" ")[0] not in {"", table.id}
        return "missing" if made_anew and week not in table.weeks else "changed"
