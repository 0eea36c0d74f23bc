"""Replace one week of a Delta table in one commit, and prove what was committed.

The engine writes plain Parquet, and delta-rs commits it, whichever engine it is. The commit succeeds only on
the version that it was made for. It carries the week as an application transaction: a week exists if a commit
says so, even if it has no rows. A Spark that runs elsewhere commits by itself: spark_commit.py.
"""

import dataclasses
import json
import time
from datetime import date

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction
from pyspark.sql import DataFrame, SparkSession

from cloudflix_assets.delta import log, spark_commit
from cloudflix_assets.delta.attempts import ATTEMPTS, AnswerLost, CommitRefused, attempts, commit_refused
from cloudflix_assets.delta.files import File, inspect_files, new_folder, remove_uncommitted
from cloudflix_assets.delta.log import commit_metadata, committed_digest, version_of_week
from cloudflix_assets.delta.read import digest_of_files, files_in_lake, files_of, stored_as
from cloudflix_assets.delta.schema import prepare
from cloudflix_assets.delta.table import (
    WEEK,
    TableRefused,
    application,
    open_cached,
    refresh,
)
from cloudflix_assets.delta.week import Judged, Kept, Outcome, WeekOfTable, metadata
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake

CONFLICT = "Failed to commit transaction"
"""How delta-rs begins to tell that another writer made the version; its other refusals are no conflicts."""


class Contended(CloudflixError):
    """Other runs wrote the same table during every attempt at a commit."""


def replace(lake: Lake, session: SparkSession, week: WeekOfTable, *, native: bool = False) -> Outcome:
    """Replace the stored week by `week`, unless the table holds the same rows already.

    Args:
        lake: where the table lies.
        session: reads the stored rows, and commits if `native`.
        week: what to store.
        native: Spark's own Delta writer commits, not delta-rs.

    Returns:
        The version that holds the week, and whether this call committed it.

    Raises:
        TableRefused: the stored table cannot hold the week.
        CommitRefused: the table forbids the commit.
        Contended: every attempt met another writer.
        AnswerLost: storage did not answer.
    """
    folders = list[str]()
    try:
        outcome = _replace(lake, session, week, folders, native=native)
    except (TableRefused, CommitRefused, Contended, AnswerLost) as error:
        # An account may still carry out a call that it did not answer; a disk answers each.
        if not isinstance(error, AnswerLost) or lake.storage_options is None:
            remove_uncommitted(lake, week.path, folders)
        raise
    if outcome.committed:
        log.sync_commit(lake, week.path, outcome.version)
    log.remove_checkpoints(lake, week.path, outcome.version)
    return outcome


def _replace(
    lake: Lake, session: SparkSession, week: WeekOfTable, folders: list[str], *, native: bool
) -> Outcome:
    """Attempt the commit until it is made; `folders` becomes the folders that attempts wrote."""
    tried = False
    for attempt in attempts():
        with attempt:
            table = prepare(lake, week.path, week.fields, week.about)
            version = version_of_week(lake, table, week.path, week.week)
            ours = tried and commit_metadata(lake, week.path, week.week).get("step") == week.attempt
            if version is not None and (ours or not week.force) and _is_present(lake, session, table, week):
                remove_uncommitted(lake, week.path, folders)
                return Outcome(version, committed=ours, stored=stored_as(table, files_of(table, week.week)))
            tried = True
            return (
                _commit_natively(lake, session, table, week)
                if native
                else _commit_embedded(lake, table, week, folders)
            )
    raise Contended(
        f"{week}: {ATTEMPTS} commits met other writers of this table; wait for their runs to end, then rerun "
        "this one."
    )


def _commit_natively(lake: Lake, session: SparkSession, table: DeltaTable, week: WeekOfTable) -> Outcome:
    """Commit with Spark, which leaves the files of a failed attempt in the table's folder until a VACUUM."""
    rows = spark_commit.count_or_fail(week)
    spark_commit.commit_week(lake, session, table, week, rows)
    return spark_commit.prove(lake, table, week)


def _commit_embedded(lake: Lake, table: DeltaTable, week: WeekOfTable, folders: list[str]) -> Outcome:
    """Commit with delta-rs; `folders` are those of failed attempts, to which this attempt adds its own."""
    # A new folder for every attempt: one transaction must never remove and add the same path.
    folder = new_folder(week.week, week.attempt)
    written = _write(lake, week, folder)
    lost = [*folders]
    folders.append(folder)
    _refuse_nulls(table, week, written)
    version = _commit(table, week, written)
    _prove(lake, table, week, version, written)
    remove_uncommitted(lake, week.path, lost)
    stored = stored_as(table, [file.path for file in written])
    return Outcome(version, committed=True, stored=stored, bytes=sum(file.size for file in written))


def unchanged_week(lake: Lake, session: SparkSession, week: WeekOfTable) -> Kept | None:
    """Return `week` as kept if the table holds its rows already, else None; `week` needs no frame."""
    table = open_cached(lake, week.path)
    version = version_of_week(lake, table, week.path, week.week) if table else None
    if table is None or version is None or not _is_present(lake, session, table, week):
        return None
    return Kept(week, version, stored_as(table, files_of(table, week.week)))


def replace_beside(lake: Lake, session: SparkSession, judged: Judged, *, native: bool = False) -> Outcome:
    """Replace a week whose quarantine was just replaced, so that one step wrote both.

    If another run replaced the quarantine in between, both are replaced again: the last writer wins both.

    Raises:
        TableRefused: a stored table cannot hold its week.
        CommitRefused: a table forbids the commit.
        Contended: another run kept writing the same week.
        AnswerLost: storage did not answer.
    """
    week, quarantine = judged.week, judged.quarantine
    committed = False
    for attempt in attempts():
        with attempt:
            outcome = replace(lake, session, week, native=native)
            committed |= outcome.committed
            stored = committed_digest(lake, quarantine.path, quarantine.week)
            if stored == quarantine.digest or not replace(lake, session, quarantine, native=native).committed:
                return dataclasses.replace(outcome, committed=committed)
            raise CommitFailedError(f"{quarantine.path} was replaced by another run in between")
    raise Contended(
        f"{week}: another run is writing it and its quarantine; wait for that run to end, then rerun this "
        "one."
    )


def _is_present(lake: Lake, session: SparkSession, table: DeltaTable, week: WeekOfTable) -> bool:
    files = files_in_lake(table, week.path, week.week)
    return digest_of_files(lake, session, files, week.fields) == week.digest


def _write(lake: Lake, week: WeekOfTable, folder: str) -> list[File]:
    """Write the rows as Parquet to `folder`, which no reader sees before the commit; remove it on failure."""
    if week.frame is None:
        return []
    try:
        return _write_to(lake, week, week.frame, folder)
    except BaseException:  # an interrupt too; it is raised again
        lake.remove(f"{week.path}/{folder}")
        raise


def _write_to(lake: Lake, week: WeekOfTable, frame: DataFrame, folder: str) -> list[File]:
    target = f"{week.path}/{folder}"
    if week.parquet:
        lake.publish(week.parquet, target)
    else:
        frame.select(*week.fields.names).write.mode("append").parquet(lake.uri(target))
    files = inspect_files(lake, week.path, folder, week.fields)
    lake.sync(f"{week.path}/{file.path}" for file in files)
    if (rows := sum(file.rows for file in files)) != week.rows:
        raise RuntimeError(
            f"{week}: {week.rows} rows were judged and {rows} written; nothing was "
            "committed. Rerun the week; if it happens again, the engine is at fault."
        )
    return files


def _refuse_nulls(table: DeltaTable, week: WeekOfTable, files: list[File]) -> None:
    """Refuse nulls in a column that another tool has made NOT NULL: delta-rs takes any file."""
    for field in table.schema().fields:
        if not field.nullable and any(file.statistics["nullCount"].get(field.name) for file in files):
            raise commit_refused(week, f"the column {field.name} holds nulls, and is stored as NOT NULL")


def _commit(table: DeltaTable, week: WeekOfTable, files: list[File]) -> int:
    """Replace the week in one commit on the version that `table` shows; return the new version."""
    version = table.version() + 1
    properties = CommitProperties(
        custom_metadata={"userMetadata": json.dumps(metadata(week))},
        # If delta-rs retried, two writers of a new week would both succeed and its rows be doubled.
        max_commit_retries=0,
        app_transactions=[Transaction(application(week.week), version)],
    )
    try:
        table.create_write_transaction(
            [_action(file, week.week) for file in files],
            mode="overwrite",
            schema=table.schema(),
            partition_by=[WEEK.name],
            partition_filters=[(WEEK.name, "=", str(week.week))],
            commit_properties=properties,
        )
    except CommitFailedError as error:
        if str(error).startswith(CONFLICT):
            raise
        raise commit_refused(week, str(error)) from error
    except (DeltaError, OSError) as error:  # the commit may have been made nevertheless
        raise AnswerLost(f"{week}: the commit was not answered: {error}") from error
    return version


def _action(file: File, week: date) -> AddAction:
    return AddAction(
        path=file.path,
        size=file.size,
        partition_values={WEEK.name: str(week)},
        modification_time=int(time.time() * 1000),
        data_change=True,
        stats=json.dumps(file.statistics),
    )


def _prove(lake: Lake, table: DeltaTable, week: WeekOfTable, version: int, files: list[File]) -> None:
    """Check that the week consists of our files alone, unless a newer commit has replaced it."""
    refresh(lake, week.path, table)
    if table.transaction_version(application(week.week)) != version:
        return
    if set(files_of(table, week.week)) != {file.path for file in files}:
        raise CommitFailedError(f"{week}: another tool added files to this week during the commit")
