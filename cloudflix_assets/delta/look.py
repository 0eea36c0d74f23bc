"""Look at a table as it lies in the lake now, at the price of opening its log once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from deltalake import DeltaTable

from cloudflix_assets.delta.active import ActiveFile, active_files
from cloudflix_assets.delta.log import version_of_week
from cloudflix_assets.delta.read import FileDamaged, stored_as
from cloudflix_assets.delta.table import TableRefused, open_cached
from cloudflix_assets.lake.base import Lake


@dataclass(frozen=True)
class StoredWeek:
    """A week in the lake.

    Args:
        rows: None if its files do not say.
        stored: a key of its files (`stored_as`).
        damage: what is wrong with one of its files, None if all are there; in an account nobody looks.
    """

    rows: int | None
    stored: str
    damage: str | None = None


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
    return StoredTable(table, _weeks(lake, path, table)) if table else StoredTable()


def is_version(lake: Lake, found: StoredTable, path: str, week: date, version: int) -> bool:
    """Whether a version of a table is the one that last replaced a week."""
    return found.table is not None and version_of_week(lake, found.table, path, week) == version


def _weeks(lake: Lake, path: str, table: DeltaTable) -> Mapping[date, StoredWeek]:
    by_week = defaultdict[date, list[ActiveFile]](list)
    for file in active_files(table):
        if file.week is not None:
            by_week[file.week].append(file)
    return {
        week: StoredWeek(
            _sum([file.rows for file in files]),
            stored_as(table, (file.path for file in files)),
            next(filter(None, (_damage(lake, f"{path}/{file.path}", file.size) for file in files)), None),
        )
        for week, files in by_week.items()
    }


def _damage(lake: Lake, file: str, size: int) -> str | None:
    if lake.folder is None or (found := lake.size(file)) == size:
        return None
    how = "is gone" if found is None else f"has {found} bytes, and its commit says {size}"
    return str(FileDamaged(lake, file, how))


def _sum(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)
