"""The committer of a week: delta-rs, or the engine itself if it is a Spark with Delta that runs elsewhere.

What an engine elsewhere is, is found out by asking it. Sail leaves commits to delta-rs, because its own Delta
writer does not keep the protocol.
"""

import io
from functools import cache
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from cloudflix_assets.delta.schema import create
from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.lake.base import Lake

ASKED = frozenset({"connect", "databricks"})
"""Engines that run elsewhere, where either Spark or Sail may answer."""


class LakeUnseen(CloudflixError):
    """The engine runs elsewhere and cannot read the lake."""


class DeltaMissing(CloudflixError):
    """The engine is a Spark without Delta Lake."""


def commits_natively(engine: str, lake: Lake, session: SparkSession) -> bool:
    """Return whether the session's own Delta writer commits, not delta-rs.

    Raises:
        LakeUnseen: the session cannot read the lake.
        DeltaMissing: it is a Spark without Delta.
    """
    return engine in ASKED and _probe(lake, session)


@cache
def _probe(lake: Lake, session: SparkSession) -> bool:
    """Write a file and a table into the lake and have the session read them, once per session."""
    folder = f"raw/staging/{uuid4()}"
    try:
        _refuse_unseen_lake(lake, session, f"{folder}/seen.parquet")
        return _knows_delta(lake, session, f"{folder}/table")
    finally:
        lake.remove(folder)


def _refuse_unseen_lake(lake: Lake, session: SparkSession, path: str) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"seen": [1]}), file)
    lake.write(path, file.getvalue())
    try:
        session.read.schema("seen bigint").parquet(lake.uri(path)).collect()
    except PySparkException as error:
        raise LakeUnseen(
            f"the engine does not see the lake {lake.place} ({first_line(error)}): let it read and "
            "write there, under the same address and with rights of its own; nothing was written."
        ) from error


def _knows_delta(lake: Lake, session: SparkSession, path: str) -> bool:
    """Whether the session describes a table's history: Spark with Delta does, Sail lacks the statement."""
    create(lake, path, T.StructType([T.StructField("id", T.LongType())]))
    place = lake.uri(path).replace("`", "``")
    try:
        session.sql(f"describe history delta.`{place}`").collect()
    except PySparkException as error:
        if error.getCondition() is None:  # only Spark's own errors have one
            return False
        raise DeltaMissing(
            f"the engine is Spark without Delta Lake ({first_line(error)}): start its server with "
            "the package delta-spark, its extension and its catalog, as docs/connect.md shows."
        ) from error
    return True
