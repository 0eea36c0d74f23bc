"""Read weeks of a Delta table: their rows, their files, their digest."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from hashlib import sha256
from pathlib import PurePosixPath
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from cloudflix_assets.delta.table import WEEK, application, open_cached, stored_fields
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.parquet import parquet_files
from spark.quality import digest


class WeekAbsent(CloudflixError):
    """A table does not hold a week that its reader requires."""


class FileDamaged(CloudflixError):
    """A file of a table is gone, or has another size than the commit that added it says."""

    def __init__(self, lake: Lake, file: str, how: str) -> None:
        table, _, rest = file.partition(f"/{WEEK.name}=")
        week = rest.partition("/")[0]
        super().__init__(
            f"{lake.uri(file)} {how}: restore it from a backup, or build that week of the table anew with "
            f"`cloudflix run --week {week} --select {table} --force`, then rerun."
        )


def read(
    lake: Lake,
    session: SparkSession,
    path: str,
    fields: T.StructType | None,
    weeks: Sequence[date],
    *,
    required: date | None = None,
) -> DataFrame:
    """Read weeks of a table; a week that no commit of ours made is absent, and has no rows.

    Args:
        lake: where the table lies.
        session: reads the files.
        path: the table, `silver/titles`.
        fields: the columns to read, without `week`, null where the table lacks one; None for every column.
        weeks: the weeks to read, at least one.
        required: a week that must be there.

    Returns:
        The rows with these columns and `week`.

    Raises:
        WeekAbsent: the table does not hold `required`.
        FileDamaged: a file is gone, or has another size than when it was committed.
    """
    table = open_cached(lake, path)
    if required is not None and not holds(lake, path, required):
        raise WeekAbsent(
            f"{path} holds no week {required}: run `cloudflix run --week {required} --select +{path}` first."
        )
    if table is None:
        return session.createDataFrame([], T.StructType([*(fields or []), WEEK]))
    wanted = _as_stored(table, fields)
    frames = (
        _rows(lake, session, files_of_week(table, path, week), wanted).withColumn(WEEK.name, F.lit(week))
        for week in weeks
    )
    return reduce(DataFrame.unionByName, frames)


def holds(lake: Lake, path: str, week: date) -> bool:
    """Return whether a commit made this week of a table; it may have no rows."""
    table = open_cached(lake, path)
    return table is not None and table.transaction_version(application(week)) is not None


def _as_stored(table: DeltaTable, fields: T.StructType | None) -> T.StructType:
    """`fields` (None: all) with their stored types: text that is read as another type would become null."""
    stored = stored_fields(table)
    types = {field.name: field.dataType for field in stored}
    return T.StructType([T.StructField(f.name, types.get(f.name, f.dataType)) for f in fields or stored])


def files_of_week(table: DeltaTable, path: str, week: date) -> dict[str, int]:
    """Return what `files_in_lake` does if a commit of ours made the week, else none."""
    exists = table.transaction_version(application(week)) is not None
    return files_in_lake(table, path, week) if exists else {}


def files_in_lake(table: DeltaTable, path: str, week: date) -> dict[str, int]:
    """Return the paths in the lake of a week's active files, sorted, and their sizes as committed."""
    return {f"{path}/{unquote(file)}": size for file, size in _active(table, week).items()}


def _rows(lake: Lake, session: SparkSession, files: Mapping[str, int], fields: T.StructType) -> DataFrame:
    """Read exactly these files, so that everything in a step sees one version of a table.

    2026-11-26: Sail's own Delta reader finds no table below a folder with a blank or an accent in its name.

    Raises:
        FileDamaged: a file is gone or has another size; Sail reads what is left, and says nothing.
    """
    if not files:
        return session.createDataFrame([], fields)
    # A folder at a time: ours lie in one, and Sail reads no files together whose types of text differ.
    by_folder: dict[str, dict[str, int]] = {}
    for file, size in files.items():
        by_folder.setdefault(str(PurePosixPath(file).parent), {})[file] = size
    read = session.read.schema(fields)
    return reduce(DataFrame.unionByName, (read.parquet(*_places(lake, own)) for own in by_folder.values()))


def _places(lake: Lake, files: Mapping[str, int]) -> list[str]:
    """Return the addresses to read of files in one folder: the folder if it holds no others, else each file.

    An engine asks storage about each address, so one is faster.

    Raises:
        FileDamaged: a file is gone or has another size.
    """
    folder = str(PurePosixPath(next(iter(files))).parent)
    there = {stored.path: stored.size for stored in parquet_files(lake, folder)}
    for file, size in files.items():
        if file not in there:
            raise FileDamaged(lake, file, "is gone")
        if there[file] != size:
            raise FileDamaged(lake, file, f"has {there[file]} bytes, and its commit says {size}")
    alone = there.keys() == files.keys()
    return [f"{lake.uri(folder)}/"] if alone else [lake.uri(file) for file in files]


def digest_of_files(lake: Lake, session: SparkSession, files: Mapping[str, int], fields: T.StructType) -> str:
    """Compute the digest of the rows in files of the lake, whatever a commit states."""
    return digest.digest(_rows(lake, session, files, fields), fields) if files else digest.empty(fields)


def stored_as(table: DeltaTable, files: Iterable[str]) -> str:
    """Return a key of files of a table, which is that of no others: their names are never used twice."""
    names = "\n".join(sorted(unquote(file) for file in files))
    return f"{table.metadata().id} {sha256(names.encode()).hexdigest()[:16]}"


def files_of(table: DeltaTable, week: date) -> list[str]:
    """Return the active files of a week, relative to the table, sorted; a name is never used twice."""
    return list(_active(table, week))


def _active(table: DeltaTable, week: date) -> dict[str, int]:
    """The active files of a week and their sizes as committed, sorted by path."""
    actions = pa.table(table.get_add_actions(flatten=True))
    columns = (actions[name].to_pylist() for name in ("partition.week", "path", "size_bytes"))
    return dict(sorted((path, size) for of, path, size in zip(*columns, strict=True) if of == week))
