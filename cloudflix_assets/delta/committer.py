"""Who commits: delta-rs for every engine on this machine; of an engine elsewhere it is asked.

Spark itself, with Delta, commits natively. Sail does not: its Delta writer does not keep the protocol.
"""

import io
from functools import cache
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from cloudflix_assets.delta.table import create
from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.lake.base import Lake

ASKED = frozenset({"connect", "databricks"})
"""Engines of which nobody here knows what they are."""


class LakeUnseen(CloudflixError):
    """The engine is elsewhere, and does not see the lake."""


class DeltaMissing(CloudflixError):
    """The engine is Spark, without Delta Lake."""


def commits_natively(engine: str, lake: Lake, session: SparkSession) -> bool:
    """Whether the session's own Delta writer commits.

    Raises:
        LakeUnseen: the session does not read what lies in the lake.
        DeltaMissing: it is Spark without Delta.
    """
    return engine in ASKED and _probe(lake, session)


@cache
def _probe(lake: Lake, session: SparkSession) -> bool:
    """Once per session: what is put into the lake here is looked at from there."""
    folder = f"raw/staging/{uuid4()}"
    try:
        _look(lake, session, f"{folder}/seen.parquet")
        return _knows_delta(lake, session, f"{folder}/table")
    finally:
        lake.remove(folder)


def _look(lake: Lake, session: SparkSession, path: str) -> None:
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
    """Of a table's history Spark tells if it has Delta; Sail has no such statement."""
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
