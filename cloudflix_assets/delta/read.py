"""Read weeks of a Delta table: their rows, their files, their digest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import reduce
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from cloudflix_assets.delta.active import ActiveFile, active_files
from cloudflix_assets.delta.table import WEEK, application, open_cached, stored_fields
from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.lake.parquet import visible_files
from spark.quality import digest


class WeekAbsent(CloudflixError):
    """A table does not hold a week that its reader requires."""


class FileDamaged(CloudflixError):
    """A file of a table is gone, or is another than the commit that added it says."""

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
        FileDamaged: a file is gone, or has another size or other rows than when it was committed.
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


def files_of_week(table: DeltaTable, path: str, week: date) -> list[ActiveFile]:
    """Return what `files_in_lake` does if a commit of ours made the week, else none."""
    exists = table.transaction_version(application(week)) is not None
    return files_in_lake(table, path, week) if exists else []


def files_in_lake(table: DeltaTable, path: str, week: date) -> list[ActiveFile]:
    """Return a week's active files, sorted, with their paths in the lake."""
    return [replace(file, path=f"{path}/{file.path}") for file in active_files(table) if file.week == week]


def _rows(lake: Lake, session: SparkSession, files: Sequence[ActiveFile], fields: T.StructType) -> DataFrame:
    """Read exactly these files, so that everything in a step sees one version of a table.

    2026-11-26: Sail's own Delta reader finds no table below a folder with a blank or an accent in its name.

    Raises:
        FileDamaged: a file is gone or is another; Sail reads what is left, and says nothing.
    """
    if not files:
        return session.createDataFrame([], fields)
    # A folder at a time: ours lie in one, and Sail reads no files together whose types of text differ.
    by_folder = defaultdict[str, list[ActiveFile]](list)
    for file in files:
        by_folder[file.folder].append(file)
    # What a file holds is seen as it is, whatever the contract allows.
    read = session.read.schema(T.StructType([T.StructField(f.name, f.dataType) for f in fields]))
    places = (_places(lake, folder, own) for folder, own in by_folder.items())
    # 2026-11-30: Sail loses the names of columns of a union that it prunes, unless they are selected before.
    frames = (read.parquet(*own).select(*fields.names) for own in places)
    return reduce(DataFrame.unionAll, frames)


def _places(lake: Lake, folder: str, files: Sequence[ActiveFile]) -> list[str]:
    """Return the addresses to read of files in one folder: the folder if it holds no others, else each file.

    An engine reads whatever lies in a folder, a copy that somebody kept there too. It asks storage about
    each address, so one is faster.

    Raises:
        FileDamaged: a file is gone or is another.
    """
    there = {stored.path: stored for stored in visible_files(lake, folder)}
    for file in files:
        if file.path not in there:
            raise FileDamaged(lake, file.path, "is gone")
        if (size := there[file.path].size) != file.size:
            raise FileDamaged(lake, file.path, f"has {size} bytes, and its commit says {file.size}")
    with ThreadPoolExecutor() as pool:
        counted = pool.map(lambda file: _count_rows(lake, there[file.path]), files)
        for file, rows in zip(files, counted, strict=True):
            if file.rows not in {None, rows}:
                raise FileDamaged(lake, file.path, f"has {rows} rows, and its commit says {file.rows}")
    alone = there.keys() == {file.path for file in files}
    return [f"{lake.uri(folder)}/"] if alone else [lake.uri(file.path) for file in files]


def _count_rows(lake: Lake, stored: Stored) -> int:
    """Return what the footer of a file says; an engine that reads the columns' pages finds other damage."""
    try:
        with lake.random_access(stored) as source:
            return int(pq.read_metadata(source).num_rows)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not Arrow's
            raise
        raise FileDamaged(lake, stored.path, f"cannot be read ({first_line(error)})") from error


def digest_of_files(
    lake: Lake, session: SparkSession, files: Sequence[ActiveFile], fields: T.StructType
) -> str:
    """Compute the digest of the rows in files of the lake, whatever a commit states."""
    return digest.digest(_rows(lake, session, files, fields), fields) if files else digest.empty(fields)


def stored_as(table: DeltaTable, files: Iterable[str]) -> str:
    """Return a key of files of a table, which is that of no others: their names are never used twice."""
    names = "\n".join(sorted(files))
    return f"{table.metadata().id} {sha256(names.encode()).hexdigest()[:16]}"


def files_of(table: DeltaTable, week: date) -> list[str]:
    """Return the active files of a week, relative to the table, sorted."""
    return [file.path for file in active_files(table) if file.week == week]
