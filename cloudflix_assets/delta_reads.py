"""What a Delta table holds of a week: its rows, its files, its digest."""

import json
from collections.abc import Sequence
from datetime import date

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from cloudflix_assets.delta_table import WEEK, application, opened
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake import Lake
from spark import digest


class WeekAbsent(CloudflixError):
    """A table has no such week."""


def read(
    lake: Lake,
    session: SparkSession,
    path: str,
    fields: T.StructType | None,
    weeks: Sequence[date],
    *,
    required: date | None = None,
) -> DataFrame:
    """Some weeks of a table, with their `week`; columns that the stored table lacks are null.

    Absent weeks have no rows. `fields` None reads every stored column.

    Raises:
        WeekAbsent: the table has no week `required`.
    """
    table = opened(lake, path)
    if required is not None and (table is None or table.transaction_version(application(required)) is None):
        raise WeekAbsent(
            f"{path} holds no week {required}: run `cloudflix run --week {required} --select +{path}` first."
        )
    if table is None:
        return session.createDataFrame([], T.StructType([*(fields or []), WEEK]))
    return _frame(session, table, lake.uri(path), fields, weeks)


def _frame(
    session: SparkSession, table: DeltaTable, uri: str, fields: T.StructType | None, weeks: Sequence[date]
) -> DataFrame:
    frame = session.read.format("delta").load(uri).where(F.col("week").isin(list(weeks)))
    if fields is None:
        return frame
    stored = {field.name for field in table.schema().fields}
    columns = [
        F.col(f.name) if f.name in stored else F.lit(None).cast(f.dataType).alias(f.name) for f in fields
    ]
    return frame.select(*columns, "week")


def recorded_digest(lake: Lake, path: str, week: date) -> str | None:
    """The digest in the metadata of the commit that last replaced a week."""
    table = opened(lake, path)
    version = table.transaction_version(application(week)) if table else None
    content = None if version is None else lake.read(f"{path}/_delta_log/{version:020}.json")
    for line in (content or b"").splitlines():
        if metadata := json.loads(line).get("commitInfo", {}).get("userMetadata"):
            return str(json.loads(metadata)["digest"])
    return None


def present(session: SparkSession, table: DeltaTable, uri: str, fields: T.StructType, week: date) -> str:
    """The digest of what an opened table at `uri` holds, computed, not believed."""
    if not files_of(table, week):
        return digest.empty(fields)
    return digest.digest(_frame(session, table, uri, fields, [week]), fields)


def files_of(table: DeltaTable, week: date) -> list[str]:
    """The active files of a week, relative to the table, sorted. A name is never used twice."""
    actions = pa.table(table.get_add_actions(flatten=True))
    of_week = actions.filter(pa.compute.equal(actions["partition.week"], pa.scalar(week)))
    return sorted(of_week["path"].to_pylist())
