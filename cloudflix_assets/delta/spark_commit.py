"""Commit a week with Spark's own Delta writer, where the engine is Spark itself.

The protocol is that of delta.py: the week alone is replaced, with the same metadata and the same
application transaction. What differs is Spark's: it writes and commits in one call, it may put commits of
other weeks before ours, and it skips in silence a write whose transaction is not newer than the stored one.
So every commit is looked for in the log afterwards, and counts only if it is there.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from delta import exceptions
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from py4j.protocol import Py4JError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cloudflix_assets.delta.attempts import AnswerLost
from cloudflix_assets.delta.log import entry, metadata_of, transaction_of
from cloudflix_assets.delta.read import files_of
from cloudflix_assets.delta.table import WEEK, application, cannot_be_opened, refresh
from cloudflix_assets.delta.week import Outcome, WeekOfTable, metadata
from cloudflix_assets.lake.base import Lake

CONFLICTS = (
    # The first is, in Python, no base of the others.
    exceptions.DeltaConcurrentModificationException,
    exceptions.ConcurrentAppendException,
    exceptions.ConcurrentDeleteDeleteException,
    exceptions.ConcurrentDeleteReadException,
    exceptions.ConcurrentTransactionException,
    exceptions.ConcurrentWriteException,
    exceptions.MetadataChangedException,
    exceptions.ProtocolChangedException,
)


def count_or_fail(week: WeekOfTable) -> DataFrame | None:
    """The rows to write, which must be those that were judged: Spark shows nothing before it commits it.

    Raises:
        RuntimeError: they are not.
    """
    rows = 0 if week.frame is None else week.frame.count()
    if rows != week.rows:
        raise RuntimeError(
            f"{week}: {week.rows} rows were judged and {rows} are to be written; nothing was committed. "
            "Rerun the week; if it happens again, the engine is at fault."
        )
    return week.frame


def commit_week(
    lake: Lake, session: SparkSession, table: DeltaTable, week: WeekOfTable, rows: DataFrame | None
) -> None:
    """Write and commit the week, on top of what Spark then finds.

    Raises:
        CommitFailedError: another writer's commit is in the way.
        AnswerLost: nobody knows whether the commit was made.
        TableRefused: the log lacks its beginning, which a checksum of Spark's hides from delta-rs.
    """
    frame = session.createDataFrame([], week.fields) if rows is None else rows
    options = {
        "replaceWhere": f"{WEEK.name} = '{week.week}'",
        "userMetadata": json.dumps(metadata(week)),
        "txnAppId": application(week.week),
        "txnVersion": str(table.version() + 1),
    }
    stored = frame.select(*week.fields.names).withColumn(WEEK.name, F.lit(week.week))
    writer = stored.write.format("delta").mode("overwrite").options(**options)
    try:
        writer.save(lake.uri(week.path))
    except CONFLICTS as error:
        raise CommitFailedError(f"{week}: {error}") from error
    except AnalysisException:  # refused before anything was written
        raise
    except (PySparkException, Py4JError, OSError) as error:  # the commit may be there all the same
        if "DELTA_TRUNCATED_TRANSACTION_LOG" in str(error):
            raise cannot_be_opened(lake, week.path, "its log lacks its beginning") from error
        raise AnswerLost(f"{week}: the commit was not answered: {error}") from error


def prove(lake: Lake, table: DeltaTable, week: WeekOfTable) -> Outcome:
    """The commit that `written` made on `table`, which is brought up to date.

    Raises:
        CommitFailedError: there is none, or another writer added files to the week.
        RuntimeError: it holds other rows than were judged.
    """
    made_for = table.version() + 1
    refresh(lake, week.path, table)
    version, actions = _ours(lake, table, week, made_for)
    added = [action["add"] for action in actions if "add" in action]
    if table.transaction_version(application(week.week)) == made_for:  # else it was replaced again
        active = {unquote(path) for path in files_of(table, week.week)}
        if active != {unquote(add["path"]) for add in added}:
            raise CommitFailedError(f"{week}: a writer that is none of ours added files")
    rows = sum(json.loads(add["stats"])["numRecords"] for add in added)
    if rows != week.rows:
        raise RuntimeError(
            f"{week}: {week.rows} rows were judged and version {version} holds {rows}. Rerun the week, which "
            "replaces it; if it happens again, the engine is at fault."
        )
    return Outcome(version, committed=True, bytes=sum(add["size"] for add in added))


def _ours(
    lake: Lake, table: DeltaTable, week: WeekOfTable, made_for: int
) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """The commit that carries our transaction and tells our step."""
    for version in range(made_for, table.version() + 1):
        actions = entry(lake, week.path, version)
        if transaction_of(actions, week.week) == made_for and metadata_of(actions).get("step") == week.step:
            return version, actions
    raise CommitFailedError(f"{week}: another writer's commit came first, and Spark skipped ours")
