"""What the instance remembers of this lake, apart from what it remembers of other lakes."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from cloudflix_assets.delta.look import StoredTable
from cloudflix_assets.instance.staleness import Newest
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.partitions import week_of


class Memory:
    """The newest materializations, compared by address and by table with the lake that is looked at.

    A table knows itself by its id, also after its lake was moved. Materializations of another address belong
    to another lake, unless one of them is of a table that lies here.

    Attributes:
        elsewhere: by the folder of another lake, the assets and weeks that are remembered of it.
    """

    def __init__(
        self,
        lake: Lake,
        newest: Newest,
        tables: Mapping[str, StoredTable],
        keys: Sequence[dg.AssetKey],
    ) -> None:
        self.tables, self._newest = tables, newest
        ids, kept = dict[str, set[str]](), set[str]()
        self._folders = dict[tuple[dg.AssetKey, date], str]()
        for key in keys:
            for week, record in newest.weeks(key).items():
                told = metadata(record)
                folder = _folder_of(_path(key, week_of(week)), str(told.get("dagster/uri", "")))
                self._folders[key, week_of(week)] = folder
                id_ = str(told.get("stored", "")).partition(" ")[0]
                if id_:
                    ids.setdefault(folder, set()).add(id_)
                if id_ and id_ == self.table(key).id:
                    kept.add(folder)
        here = {_folder_of(path, lake.uri(path)) for path in tables}
        others = set(ids) - kept - here
        self.elsewhere = {
            other: {place for place, folder in self._folders.items() if folder == other} for other in others
        }

    def table(self, key: dg.AssetKey) -> StoredTable:
        """Return an asset's table as it lies in the lake; an empty one of an asset that is none."""
        return self.tables.get("/".join(key.path), StoredTable())

    def weeks(self, key: dg.AssetKey) -> Mapping[date, dg.EventLogRecord]:
        """Return the newest materializations of an asset in this lake."""
        known = {week_of(week): record for week, record in self._newest.weeks(key).items()}
        return {
            week: record for week, record in known.items() if self._folders[key, week] not in self.elsewhere
        }


def metadata(record: dg.EventLogRecord) -> Mapping[str, Any]:
    """Return the metadata of a materialization by name."""
    stored = record.asset_materialization
    return {name: value.value for name, value in stored.metadata.items()} if stored else {}


def _path(key: dg.AssetKey, week: date) -> str:
    """Return where an asset stores a week: a table's folder, or a manifest."""
    return "/".join(key.path) if len(key.path) > 1 else Manifest.path_of(week)


def _folder_of(path: str, uri: str) -> str:
    """Return what is the lake's of an address: a folder, or a container, which the layer stands for."""
    return uri.removesuffix(path) if uri.endswith(path) else uri.removesuffix(path.partition("/")[2])
