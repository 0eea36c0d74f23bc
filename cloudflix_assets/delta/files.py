"""What an engine wrote, from the Parquet footers: rows, types, and the statistics of a Delta commit."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import types as T

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.lake.parquet import parquet_files

_NAMES = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.string_view(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.date32(): "date",
    pa.bool_(): "boolean",
}
_WITH_RANGE = (T.IntegerType, T.LongType, T.DateType)


class UnexpectedParquet(RuntimeError):
    """The engine wrote something other than what it was asked for."""


@dataclass(frozen=True)
class File:
    """One Parquet file; `path` is relative to its table, `size` in bytes."""

    path: str
    size: int
    rows: int
    statistics: dict[str, Any] = field(repr=False)


def inspect_files(lake: Lake, table: str, folder: str, fields: T.StructType) -> list[File]:
    """The Parquet files in a table's folder, by their footers (none if the engine wrote none).

    Raises:
        UnexpectedParquet: a column is missing or has another type than `fields` says.
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
    return _NAMES.get(type_, str(type_))


def _statistics(metadata: pq.FileMetaData, fields: T.StructType) -> dict[str, Any]:
    """numRecords, null counts, and the range of integers and dates, in the form of a Delta log."""
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


def new_folder(week: date, step: str) -> str:
    """A folder that nobody has used, relative to the table."""
    return f"week={week}/{step}-{uuid4().hex[:8]}"


def remove_uncommitted(lake: Lake, path: str, folders: Iterable[str]) -> list[str]:
    """Remove those folders of a table that no entry of its log names; nobody may be writing to them."""
    left = list(folders)
    entries = lake.names(f"{path}/_delta_log") if left else []
    for name in reversed(entries):  # the newest first, for that is where they stand if they do
        if left and name.endswith(".json"):
            text = lake.read(f"{path}/_delta_log/{name}")
            left = [folder for folder in left if not _is_named(folder, text)]
    for folder in left:
        lake.remove(f"{path}/{folder}")
    return left


def remove_of_run(lake: Lake, path: str, week: date, run: str) -> list[str]:
    """Remove what a run that is over wrote for a week of a table and never committed."""
    ours = [name for name in lake.names(f"{path}/week={week}") if name.startswith(f"{run}-")]
    return remove_uncommitted(lake, path, [f"week={week}/{name}" for name in ours])


def _is_named(folder: str, entry: bytes | None) -> bool:
    """In an entry of the log; one that went while it was looked for may have named it."""
    return entry is None or folder.rpartition("/")[2].encode() in entry
