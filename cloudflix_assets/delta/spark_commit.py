"""Commit a week with Spark's own Delta writer, where the engine is a Spark that runs elsewhere.

As in commit.py one commit replaces the week alone, with the same metadata and application transaction. Three
things differ: Spark writes and commits in one call; commits of other weeks may come before ours; and Spark
skips without an error a write whose transaction is not newer than the stored one. So a commit counts only
once it is found in the log.
"""

import json
import re
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

from cloudflix_assets.delta.attempts import AnswerLost, commit_refused
from cloudflix_assets.delta.log import entry, metadata_of, transaction_of
from cloudflix_assets.delta.read import files_of, stored_as
from cloudflix_assets.delta.table import WEEK, application, cannot_be_opened, refresh
from cloudflix_assets.delta.week import Outcome, WeekOfTable, metadata
from cloudflix_assets.lake.base import Lake

CONFLICTS = (
    # In Python the first is no base class of the others.
    exceptions.DeltaConcurrentModificationException,
    exceptions.ConcurrentAppendException,
    exceptions.ConcurrentDeleteDeleteException,
    exceptions.ConcurrentDeleteReadException,
    exceptions.ConcurrentTransactionException,
    exceptions.ConcurrentWriteException,
    exceptions.MetadataChangedException,
    exceptions.ProtocolChangedException,
)

_REASON = re.compile(r"\[DELTA_\w+\][^\n]*")
"""A refusal of Delta's, in the message of whichever class of error Spark or Java wraps it in."""
_AFTERWARDS = "DELTA_POST_COMMIT_HOOK_FAILED"
"""What failed after the commit, which is made."""


def count_or_fail(week: WeekOfTable) -> DataFrame | None:
    """Return the week's frame once its rows are counted: Spark's writer shows none before it commits.

    Raises:
        RuntimeError: there are more or fewer rows than were judged.
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
    """Write and commit the week on the newest version that Spark finds.

    Raises:
        CommitFailedError: another writer's commit conflicts.
        CommitRefused: Delta refuses it, which every attempt would meet.
        AnswerLost: the commit was not answered and may have been made.
        TableRefused: the log lacks its beginning, which delta-rs does not notice if Spark left a checksum.
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
    except (PySparkException, Py4JError, OSError) as error:
        reasons = _REASON.findall(str(error))
        if any("DELTA_TRUNCATED_TRANSACTION_LOG" in reason for reason in reasons):
            raise cannot_be_opened(lake, week.path, "its log lacks its beginning") from error
        if reasons and not any(_AFTERWARDS in reason for reason in reasons):
            raise commit_refused(week, " ".join(reasons)) from error
        if isinstance(error, AnalysisException):  # refused before anything was written
            raise
        # The commit may have been made nevertheless.
        raise AnswerLost(f"{week}: the commit was not answered: {error}") from error


def prove(lake: Lake, table: DeltaTable, week: WeekOfTable) -> Outcome:
    """Refresh `table` and find the commit that `commit_week` made after the version `table` showed.

    Raises:
        CommitFailedError: it is not there, or another tool added files to the week.
        RuntimeError: it holds more or fewer rows than were judged.
    """
    made_for = table.version() + 1
    refresh(lake, week.path, table)
    version, actions = _find_commit(lake, table, week, made_for)
    added = [action["add"] for action in actions if "add" in action]
    files = [unquote(add["path"]) for add in added]
    lake.sync(f"{week.path}/{file}" for file in files)
    is_newest = table.transaction_version(application(week.week)) == made_for
    if is_newest and set(files_of(table, week.week)) != set(files):
        raise CommitFailedError(f"{week}: another tool added files to this week during the commit")
    rows = sum(json.loads(add["stats"])["numRecords"] for add in added)
    if rows != week.rows:
        raise RuntimeError(
            f"{week}: {week.rows} rows were judged and version {version} holds {rows}. Rerun the week, which "
            "replaces it; if it happens again, the engine is at fault."
        )
    return Outcome(
        version, committed=True, stored=stored_as(table, files), bytes=sum(add["size"] for add in added)
    )


def _find_commit(
    lake: Lake, table: DeltaTable, week: WeekOfTable, made_for: int
) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """Find the commit with our transaction and our step: its version and its actions."""
    for version in range(made_for, table.version() + 1):
        actions = entry(lake, week.path, version)
        marked = transaction_of(actions, week.week) == made_for
        if marked and metadata_of(actions).get("step") == week.attempt:
            return version, actions
    raise CommitFailedError(f"{week}: another writer's commit came first, and Spark skipped ours")
