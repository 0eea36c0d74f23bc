"""Look at a table as it lies in the lake now, at the price of opening its log once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable

from cloudflix_assets.delta.log import version_of_week
from cloudflix_assets.delta.read import stored_as
from cloudflix_assets.delta.table import TableRefused, open_cached
from cloudflix_assets.lake.base import Lake


@dataclass(frozen=True)
class StoredWeek:
    """A week in the lake: its rows (None if its files do not say), and a key of its files (`stored_as`)."""

    rows: int | None
    stored: str


@dataclass(frozen=True)
class StoredTable:
    """A table in the lake.

    Args:
        table: None if there is none.
        weeks: those that have rows.
        trouble: why it cannot be opened, None if it can.
    """

    table: DeltaTable | None = None
    weeks: Mapping[date, StoredWeek] = field(default_factory=dict)
    trouble: str | None = None

    @property
    def id(self) -> str | None:
        """What tells the table from one that was made anew in its place."""
        return str(self.table.metadata().id) if self.table else None

    def week(self, week: date) -> StoredWeek | None:
        """Return a week; one without rows is empty, or was never there. None if there is no table."""
        if self.table is None:
            return None
        return self.weeks.get(week) or StoredWeek(0, stored_as(self.table, ()))


def look(lake: Lake, path: str) -> StoredTable:
    """Open a table and list its weeks; one that is damaged or foreign is told, not raised."""
    try:
        table = open_cached(lake, path)
    except TableRefused as refused:
        return StoredTable(trouble=str(refused))
    return StoredTable(table, _weeks(table)) if table else StoredTable()


def is_version(lake: Lake, found: StoredTable, path: str, week: date, version: int) -> bool:
    """Whether a version of a table is the one that last replaced a week."""
    return found.table is not None and version_of_week(lake, found.table, path, week) == version


def _weeks(table: DeltaTable) -> Mapping[date, StoredWeek]:
    actions = pa.table(table.get_add_actions(flatten=True))
    files, rows = defaultdict[date, list[str]](list), defaultdict[date, list[int | None]](list)
    for path, week, count in zip(
        *(actions[name].to_pylist() for name in ("path", "partition.week", "num_records")), strict=True
    ):
        files[week].append(path)
        rows[week].append(count)
    return {
        week: StoredWeek(_sum(rows[week]), stored_as(table, paths))
        for week, paths in files.items()
        if week is not None
    }


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)
