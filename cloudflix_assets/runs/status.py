"""What the lake holds according to the Dagster instance: rows, digest and state per table and week."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg

from cloudflix_assets.build import build_defs
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.instance.staleness import Newest, Staleness
from cloudflix_assets.names import quarantine_of
from cloudflix_assets.partitions import week_of
from cloudflix_assets.settings.environment import Environment


@dataclass(frozen=True)
class TableStatus:
    """One week of one table; `quarantined` counts rows and is None for a table without a quarantine."""

    table: str
    week: date
    rows: int
    digest: str
    state: str
    causes: Sequence[str]
    run: str
    at: datetime
    quarantined: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `cloudflix status --json`."""
        return {**asdict(self), "week": str(self.week), "at": self.at.isoformat(timespec="seconds")}


def lake_status(environment: Environment) -> list[TableStatus]:
    """Return every materialized week of every Delta table, upstream tables first; a home is not created."""
    if not environment.home.exists():
        return []
    graph = build_defs(environment).resolve_asset_graph()
    with open_instance(environment) as instance:
        newest = Newest(instance)
        staleness = Staleness(graph, instance, newest)
        ordered = [key for level in graph.toposorted_asset_keys_by_level for key in sorted(level)]
        return [
            _status(key, week, record, newest, staleness)
            for key in ordered
            if len(key.path) > 1
            for week, record in sorted(newest.weeks(key).items())
        ]


def _status(
    key: dg.AssetKey, week: str, record: dg.EventLogRecord, newest: Newest, staleness: Staleness
) -> TableStatus:
    metadata = _metadata(record)
    beside = newest.weeks(dg.AssetKey([*key.path[:-1], quarantine_of(key.path[-1])])).get(week)
    return TableStatus(
        table="/".join(key.path),
        week=week_of(week),
        rows=int(metadata["dagster/partition_row_count"]),
        digest=str(metadata["digest"]),
        state=staleness.state(key, week_of(week)),
        causes=staleness.causes(key, week_of(week)),
        run=record.run_id,
        at=datetime.fromtimestamp(record.timestamp, UTC),
        quarantined=int(_metadata(beside)["dagster/partition_row_count"]) if beside else None,
    )


def _metadata(record: dg.EventLogRecord) -> Mapping[str, Any]:
    stored = record.asset_materialization
    return {name: value.value for name, value in stored.metadata.items()} if stored else {}
