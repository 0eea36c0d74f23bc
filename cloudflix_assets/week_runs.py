"""What `cloudflix run` and `cloudflix status` do, without a terminal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.build import build_defs
from cloudflix_assets.environment import Environment
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.instance import open_instance
from cloudflix_assets.lake import Lake
from cloudflix_assets.partitions import week_of
from cloudflix_assets.running import Runner, WeekResult
from cloudflix_assets.sources import source_of
from cloudflix_assets.stale import Staleness, materialized_weeks
from spark.registry import TABLES

_BARE_PATH = re.compile(r'(?<![\w:"/*])([\w*]+/[\w*]+)')
"""`silver/titles`, which Dagster's selections must have as `key:"silver/titles"`."""


@dataclass(frozen=True)
class TableStatus:
    """One week of one table, as Dagster remembers it."""

    table: str
    week: date
    rows: int
    digest: str
    state: str
    causes: Sequence[str]
    run: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """The entry of `cloudflix status --json`."""
        return {**asdict(self), "week": str(self.week), "at": self.at.isoformat(timespec="seconds")}


def run_weeks(
    environment: Environment,
    weeks: Sequence[date],
    select: str | None,
    tags: Mapping[str, str],
    *,
    replace_source: bool = False,
) -> Iterator[WeekResult]:
    """Run weeks in calendar order; a failed week does not stop the next."""
    lake, source = Lake(environment.lake_root), source_of(environment.source, environment.source_name)
    if not replace_source:
        lake.check(source.identity)
    defs = build_defs(environment)
    with open_instance(environment) as instance:
        runner = Runner(defs, instance)
        keys = _selected(defs, select)
        if replace_source:
            source.deliveries(min(weeks))  # what is mistyped must be told before the lake is emptied
            lake.empty(path for table in TABLES for path in stored_fields(table))
            instance.wipe_assets(list(runner.keys))
        for week in sorted(weeks):
            yield runner.run(week, keys, tags)


def run_stale(
    environment: Environment, weeks: Sequence[date], select: str | None, tags: Mapping[str, str]
) -> Iterator[WeekResult]:
    """Run what is stale and what follows from it; without weeks, in every week that was ever run.

    A dependant becomes stale only once its upstream has changed, so both are run at once: where nothing
    changed after all, nothing is committed. Later weeks depend on earlier ones, never the other way round.
    """
    defs = build_defs(environment)
    with open_instance(environment) as instance:
        runner = Runner(defs, instance)
        selected = _selected(defs, select)
        for week in weeks or materialized_weeks(runner.graph, instance):
            stale = dg.AssetSelection.assets(*Staleness(runner.graph, instance).stale(week))
            keys = stale.downstream().resolve(runner.graph)
            if chosen := keys if selected is None else keys & selected:
                yield runner.run(week, chosen, tags)


def lake_status(environment: Environment) -> list[TableStatus]:
    """Every materialized week of every Delta table, in the order of the flow."""
    defs = build_defs(environment)
    with open_instance(environment) as instance:
        runner = Runner(defs, instance)
        staleness = Staleness(runner.graph, instance)
        return [
            status
            for key in runner.keys
            if len(key.path) > 1
            for status in _statuses(instance, staleness, key)
        ]


def _statuses(instance: dg.DagsterInstance, staleness: Staleness, key: dg.AssetKey) -> Iterator[TableStatus]:
    for text in sorted(instance.get_materialized_partitions(key)):
        week = week_of(text)
        newest = dg.AssetRecordsFilter(key, asset_partitions=[text])
        for event in instance.fetch_materializations(newest, limit=1).records:
            metadata = event.asset_materialization.metadata if event.asset_materialization else {}
            yield TableStatus(
                table="/".join(key.path),
                week=week,
                rows=int(str(metadata["dagster/partition_row_count"].value)),
                digest=str(metadata["digest"].value),
                state=staleness.state(key, week),
                causes=staleness.causes(key, week),
                run=event.run_id,
                at=datetime.fromtimestamp(event.timestamp, UTC),
            )


def _selected(defs: dg.Definitions, select: str | None) -> set[dg.AssetKey] | None:
    """Keys that a selection names, or None for all.

    Raises:
        CloudflixError: it cannot be read, or names nothing.
    """
    if select is None:
        return None
    try:
        keys = dg.AssetSelection.from_string(_BARE_PATH.sub(r'key:"\1"', select)).resolve(
            defs.resolve_asset_graph()
        )
    except Exception as error:  # Dagster's two selection grammars raise a dozen kinds; none is swallowed
        raise CloudflixError(
            f"--select {select!r} cannot be read ({str(error).splitlines()[0]}): "
            "name assets (silver/titles), their upstream (+gold/cast) or a layer (group:gold)."
        ) from error
    if not keys:
        raise CloudflixError(f"--select {select!r} names no asset: `cloudflix status` lists them.")
    return set(keys)
