"""One week of a table is replaced, exactly that one, only when it changed, and told so in the log."""

from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cloudflix_assets.delta import commit, read
from cloudflix_assets.delta import log as delta_log
from cloudflix_assets.delta.table import application
from cloudflix_assets.delta.week import Outcome
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    FIELDS,
    OTHER_ROWS,
    ROWS,
    TABLE,
    has_week,
    parquet_files,
    recorded,
    stored,
    version,
    week_of,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

pytestmark = pytest.mark.usefixtures("committer")


@pytest.mark.both_engines
def test_a_changed_week_is_replaced_and_no_other(lake: LocalLake, spark_session: SparkSession) -> None:
    """An overwrite that forgets its filter empties the table."""
    for week in (WEEK_1, WEEK_2, WEEK_3):
        commit.replace(lake, spark_session, week_of(spark_session, ROWS, week))

    outcome = commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2))

    assert outcome.committed
    assert outcome.version == version(lake)
    assert stored(lake, spark_session, WEEK_2) == OTHER_ROWS
    assert stored(lake, spark_session, WEEK_1) == stored(lake, spark_session, WEEK_3) == ROWS


@pytest.mark.both_engines
def test_an_unchanged_week_is_not_touched(lake: LocalLake, spark_session: SparkSession) -> None:
    """A commit of equal content would make every dependant stale."""
    first = commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    files = parquet_files(lake)

    again = commit.replace(lake, spark_session, week_of(spark_session, ROWS[::-1], step="another"))

    assert again == Outcome(first.version, committed=False)
    assert version(lake) == first.version
    assert parquet_files(lake) == files


@pytest.mark.both_engines
def test_an_empty_week_exists_and_an_absent_one_does_not(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    """A week without rows is known by its commit, not by its files."""
    outcome = commit.replace(lake, spark_session, week_of(spark_session, []))

    empty = read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1], required=WEEK_1)
    assert empty.collect() == []
    assert empty.columns == ["id", "name", "week"]
    assert has_week(lake, WEEK_1)
    assert not has_week(lake, WEEK_2)
    again = commit.replace(lake, spark_session, week_of(spark_session, []))
    assert again == Outcome(outcome.version, committed=False)


def test_an_empty_week_replaces_a_full_one(lake: LocalLake, spark_session: SparkSession) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2))

    assert commit.replace(lake, spark_session, week_of(spark_session, [])).committed

    assert stored(lake, spark_session, WEEK_1) == []
    assert stored(lake, spark_session, WEEK_2) == ROWS


def test_force_commits_what_is_unchanged(lake: LocalLake, spark_session: SparkSession) -> None:
    first = commit.replace(lake, spark_session, week_of(spark_session, ROWS))

    again = commit.replace(lake, spark_session, week_of(spark_session, ROWS, force=True))

    assert again.committed
    assert again.version == first.version + 1
    assert stored(lake, spark_session, WEEK_1) == ROWS


@pytest.mark.both_engines
def test_the_lake_is_asked_what_it_holds_not_its_metadata(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    """Someone changed the rows; the last recorded digest still says that they are right."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    tampered = DeltaTable(lake.uri(TABLE))
    tampered.update(updates={"name": "'another'"}, predicate="id = 2")
    assert stored(lake, spark_session, WEEK_1) == [(1, "one"), (2, "another")]
    assert delta_log.committed_digest(lake, TABLE, WEEK_1) == week_of(spark_session, ROWS).digest

    assert commit.replace(lake, spark_session, week_of(spark_session, ROWS)).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_rows_that_someone_added_go_with_the_next_replace(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    week = week_of(spark_session, ROWS)
    commit.replace(lake, spark_session, week)
    extra = week_of(spark_session, [(9, "nine")], WEEK_1).frame
    assert extra is not None
    rows = extra.toArrow().append_column("week", [[WEEK_1]])
    write_deltalake(lake.uri(TABLE), rows, mode="append")
    assert len(stored(lake, spark_session, WEEK_1)) == 3

    assert commit.replace(lake, spark_session, week).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_a_commit_tells_step_week_digest_and_columns(lake: LocalLake, spark_session: SparkSession) -> None:
    week = week_of(spark_session, ROWS, step="run-7")
    committed = commit.replace(lake, spark_session, week).version

    expected = {"step": "run-7", "week": str(WEEK_1), "digest": week.digest, "columns": ["id", "name"]}
    assert recorded(lake, committed) == expected
    assert delta_log.committed_digest(lake, TABLE, WEEK_1) == week.digest
    assert delta_log.committed_digest(lake, TABLE, WEEK_2) is None
    assert delta_log.committed_digest(lake, "silver/none", WEEK_1) is None
    assert DeltaTable(lake.uri(TABLE)).transaction_version(application(WEEK_1)) == committed


def test_the_log_is_folded_every_ten_commits(
    lake: LocalLake, spark_session: SparkSession, committer: str
) -> None:
    """Else every opening reads one file more for every week that was ever run."""
    for number in range(12):
        commit.replace(lake, spark_session, week_of(spark_session, ROWS[: 1 + number % 2], step=str(number)))
    log = Path(lake.uri(TABLE)) / "_delta_log"
    folded = 10 if committer == "native" else 9
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == [f"{folded:020}.checkpoint.parquet"]
    assert delta_log.committed_digest(lake, TABLE, WEEK_1) == week_of(spark_session, ROWS[:2]).digest


def test_a_week_is_still_known_after_a_checkpoint(lake: LocalLake, spark_session: SparkSession) -> None:
    """delta-rs folds a hundred commits into a checkpoint; readers then skip the log before it."""
    first = commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    commit.replace(lake, spark_session, week_of(spark_session, [], WEEK_2))
    DeltaTable(lake.uri(TABLE)).create_checkpoint()

    again = commit.replace(lake, spark_session, week_of(spark_session, ROWS))

    assert again == Outcome(first.version, committed=False)
    assert has_week(lake, WEEK_2)
    assert delta_log.committed_digest(lake, TABLE, WEEK_1) == week_of(spark_session, ROWS).digest


@pytest.mark.both_engines
def test_tables_are_created_open_to_every_engine(lake: LocalLake, spark_session: SparkSession) -> None:
    """Newer features close a table to delta-rs, or make it read nulls."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))

    table = DeltaTable(lake.uri(TABLE))
    protocol, metadata = table.protocol(), table.metadata()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert metadata.configuration["delta.enableDeletionVectors"] == "false"
    assert metadata.configuration["delta.columnMapping.mode"] == "none"
    assert metadata.configuration["delta.logRetentionDuration"] == "interval 3650 days"
    assert metadata.partition_columns == ["week"]


@pytest.mark.both_engines
def test_stored_columns_are_nullable_whatever_the_frame_says(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    """A literal is never null to the engine; the next week's value of that column may be."""
    frame = spark_session.range(2).select("id", F.lit("same").alias("name"))
    week = replace(week_of(spark_session, [(0, "same"), (1, "same")]), frame=frame)
    commit.replace(lake, spark_session, week)
    commit.replace(lake, spark_session, week_of(spark_session, [(None, None)], WEEK_2))

    assert all(field.nullable for field in DeltaTable(lake.uri(TABLE)).schema().fields)
    assert stored(lake, spark_session, WEEK_2) == [(None, None)]
