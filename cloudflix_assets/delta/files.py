"""The Parquet files of a week before they are committed.

Inspect what an engine wrote, by the footers: rows, types, and the statistics for the commit. Name the folder
that an attempt writes to, and remove folders that were never committed.
"""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark.sql import types as T

from cloudflix_assets.delta.active import active_files
from cloudflix_assets.delta.table import TableRefused, open_cached
from cloudflix_assets.lake.base import RECEIPTS, Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.lake.parquet import parquet_files

_SPARK_NAMES = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.string_view(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.date32(): "date",
    pa.bool_(): "boolean",
}
"""Arrow's types, as Spark names them."""
_CHECKPOINT = ".checkpoint."
_WITH_RANGE = (T.IntegerType, T.LongType, T.DateType)
"""Types of which a commit states the smallest and the largest value."""


class UnexpectedParquet(RuntimeError):
    """The engine wrote other columns or types than it was asked for."""


@dataclass(frozen=True)
class File:
    """A Parquet file: `path` relative to its table, `size` in bytes, `statistics` as a commit has them."""

    path: str
    size: int
    rows: int
    statistics: dict[str, Any] = field(repr=False)


def inspect_files(lake: Lake, table: str, folder: str, fields: T.StructType) -> list[File]:
    """Read the footers of the Parquet files in a folder.

    Args:
        lake: where they lie.
        table: the path of the table.
        folder: the folder, relative to the table.
        fields: the columns that each file must have, and no others.

    Returns:
        One for each file, sorted by path; none if the engine wrote none, as for an empty frame.

    Raises:
        UnexpectedParquet: a file has other columns or types than `fields`.
    """
    with ThreadPoolExecutor() as pool:
        return list(
            pool.map(
                lambda stored: _file(lake, stored, table, fields), parquet_files(lake, f"{table}/{folder}")
            )
        )


def _file(lake: Lake, stored: Stored, table: str, fields: T.StructType) -> File:
    with lake.random_access(stored) as source, pq.ParquetFile(source) as opened:
        metadata, schema = opened.metadata, opened.schema_arrow
    written = {column.name: _type_name(column.type) for column in schema}
    expected = {column.name: column.dataType.simpleString() for column in fields}
    if written != expected:
        raise UnexpectedParquet(f"{stored.path} holds {written}, not {expected}; nothing was committed.")
    path = stored.path.removeprefix(f"{table}/")
    return File(path, stored.size, metadata.num_rows, _statistics(metadata, fields))


def _type_name(type_: pa.DataType) -> str:
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return f"array<{_type_name(type_.value_type)}>"
    if pa.types.is_decimal(type_):
        return f"decimal({type_.precision},{type_.scale})"
    if pa.types.is_timestamp(type_):
        return "timestamp" if type_.unit == "us" and type_.tz else str(type_)
    return _SPARK_NAMES.get(type_, str(type_))


def _statistics(metadata: pq.FileMetaData, fields: T.StructType) -> dict[str, Any]:
    """Return the row count, and of each column the null count and range, as the Delta protocol spells them.

    A column whose null counts the engine did not write is left out; only integers and dates have a range.
    """
    low: dict[str, Any] = {}
    high: dict[str, Any] = {}
    nulls: dict[str, int] = {}
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    positions = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    for column in fields:
        if column.name not in positions:
            continue
        chunks = [group.column(positions[column.name]).statistics for group in groups]
        if not chunks or any(chunk is None or not chunk.has_null_count for chunk in chunks):
            continue
        nulls[column.name] = sum(chunk.null_count for chunk in chunks)
        ranged = [chunk for chunk in chunks if chunk.has_min_max]
        if isinstance(column.dataType, _WITH_RANGE) and ranged:
            low[column.name] = _plain(min(chunk.min for chunk in ranged))
            high[column.name] = _plain(max(chunk.max for chunk in ranged))
    return {"numRecords": metadata.num_rows, "minValues": low, "maxValues": high, "nullCount": nulls}


def _plain(value: int | date) -> int | str:
    return value.isoformat() if isinstance(value, date) else value


def new_folder(week: date, attempt: str) -> str:
    """Return a folder that no attempt has used, relative to the table."""
    return f"week={week}/{attempt}-{uuid4().hex[:8]}"


def remove_uncommitted(lake: Lake, path: str, folders: Iterable[str]) -> list[str]:
    """Remove those of a table's folders that nothing in its log names. Nobody may be writing to them.

    A checkpoint names what the table held before, too, until VACUUM may remove it.

    Args:
        lake: where the table lies.
        path: the table, `silver/titles`.
        folders: relative to the table.

    Returns:
        The removed folders.
    """
    left = list(folders)
    entries = lake.names(f"{path}/_delta_log") if left else []
    for name in reversed(entries):  # the newest first: if a commit names them, it is a recent one
        if left and (name.endswith(".json") or _CHECKPOINT in name):
            text = _entry(lake, f"{path}/_delta_log/{name}")
            left = [folder for folder in left if not _is_named(folder, text)]
    for folder in left:
        lake.remove(f"{path}/{folder}")
    return left


def remove_of_run(lake: Lake, path: str, week: date, run: str) -> list[str]:
    """Remove the folders that a run, which has ended, wrote for a week and never committed; return them.

    What the table holds stays, although another tool may have removed the entry of the log that names it: a
    checkpoint does, too. Nothing is removed from a table that cannot be opened, nor from one whose log is
    away, as while a backup is restored: that is one in which more lies than this run wrote.
    """
    ours = [name for name in lake.names(f"{path}/week={week}") if name.startswith(f"{run}-")]
    if ours and _lacks_its_log(lake, path, week, ours):
        return []
    try:
        held = _held(lake, path) if ours else frozenset()
    except TableRefused:
        return []
    folders = [folder for name in ours if (folder := f"week={week}/{name}") not in held]
    return remove_uncommitted(lake, path, folders)


def _held(lake: Lake, path: str) -> frozenset[str]:
    """The folders of the files that a table holds now."""
    if (table := open_cached(lake, path)) is None:
        return frozenset()
    return frozenset(file.folder for file in active_files(table))


def _lacks_its_log(lake: Lake, path: str, week: date, ours: Sequence[str]) -> bool:
    """Whether a table that was committed has no entry of a log: others wrote to it, or its step has ended."""
    if any(name.endswith(".json") or _CHECKPOINT in name for name in lake.names(f"{path}/_delta_log")):
        return False
    weeks = [name for name in lake.names(path) if name.startswith("week=")]
    alone = weeks == [f"week={week}"] and {*lake.names(f"{path}/week={week}")} == {*ours}
    return not alone or bool(lake.names(f"{RECEIPTS}/{path}"))


def _entry(lake: Lake, name: str) -> bytes | None:
    """An entry of a log as text; of a checkpoint, the paths that it names. None if it cannot be read."""
    content = lake.read(name)
    if content is None or name.endswith(".json"):
        return content
    try:
        actions = pq.ParquetFile(io.BytesIO(content)).read(columns=["add.path", "remove.path"])
    except pa.ArrowException:
        return None
    paths = (pc.struct_field(actions[action], "path").to_pylist() for action in actions.column_names)
    return "\n".join(path for found in paths for path in found if path).encode()


def _is_named(folder: str, entry: bytes | None) -> bool:
    """Whether an entry of the log names the folder; None, an entry that vanished meanwhile, may have."""
    return entry is None or folder.rpartition("/")[2].encode() in entry
