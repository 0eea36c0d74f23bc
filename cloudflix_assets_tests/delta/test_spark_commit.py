"""What is Spark's own about a commit of Spark: it may come later than it was made for, or be skipped."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cloudflix_assets.delta import commit, read, spark_commit
from cloudflix_assets.delta import log as delta_log
from cloudflix_assets.delta.attempts import LOST, AnswerLost
from cloudflix_assets.delta.table import application, open_table
from cloudflix_assets.delta.week import Outcome
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    FIELDS,
    OTHER_ROWS,
    ROWS,
    TABLE,
    Rows,
    actions,
    parquet_files,
    recorded,
    stored,
    version,
    week_of,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from spark.quality import digest

pytestmark = pytest.mark.both_engines


def test_both_committers_write_a_table_by_turns(lake: LocalLake, spark_session: SparkSession) -> None:
    """The host's delta-rs and a cluster's Spark share tables, over checkpoints of both, for years."""
    held: dict[int, Rows] = {}
    for number in range(14):
        rows: Rows = [(number, "x"), (number + 1, None)][: 1 + number % 2]
        week = week_of(spark_session, rows, WEEK_1 + timedelta(weeks=number % 3), step=str(number))
        outcome = commit.replace(lake, spark_session, week, native=number % 2 == 1)
        assert outcome == Outcome(number + 1, committed=True, bytes=outcome.bytes)
        assert recorded(lake, outcome.version)["step"] == str(number)
        held[number % 3] = rows

    for number, rows in held.items():
        own = WEEK_1 + timedelta(weeks=number)
        told = week_of(spark_session, rows).digest
        frame = read.read(lake, spark_session, TABLE, FIELDS, [own])
        assert digest.digest(frame, FIELDS) == delta_log.committed_digest(lake, TABLE, own) == told
        native = spark_session.read.format("delta").load(lake.uri(TABLE)).where(F.col("week") == own)
        assert digest.digest(native, FIELDS) == told
    table = DeltaTable(lake.uri(TABLE))
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    log = Path(lake.uri(TABLE)) / "_delta_log"
    folded = {path.name.partition(".")[0] for path in log.glob("*.checkpoint.parquet")}
    assert folded == {f"{9:020}", f"{10:020}"}  # delta-rs's, and Spark's


def test_an_empty_week_is_committed_and_known(lake: LocalLake, spark_session: SparkSession) -> None:
    """Spark leaves out commits that change no file, unless they carry something else."""
    first = commit.replace(lake, spark_session, week_of(spark_session, []), native=True)
    assert first == Outcome(1, committed=True)
    again = commit.replace(lake, spark_session, week_of(spark_session, []), native=True)
    assert again == Outcome(1, committed=False)
    assert read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1], required=WEEK_1).count() == 0


def test_a_commit_that_spark_put_after_others_is_found(lake: LocalLake, spark_session: SparkSession) -> None:
    """It was made for version 2 and is version 4: its metadata, and what holds the week, are there."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2), native=True)
    table, week = open_table(lake, TABLE), week_of(spark_session, OTHER_ROWS, step="late")
    assert table is not None
    for number in range(2):
        between = week_of(spark_session, ROWS[:1], WEEK_2, step=str(number), force=True)
        commit.replace(lake, spark_session, between)

    spark_commit.commit_week(lake, spark_session, table, week, week.frame)
    found = spark_commit.prove(lake, table, week)

    assert found.version == version(lake) == 4
    assert DeltaTable(lake.uri(TABLE)).transaction_version(application(WEEK_1)) == 2
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2), native=True)
    assert delta_log.commit_metadata(lake, TABLE, WEEK_1)["step"] == "late"
    kept = commit.unchanged_week(lake, spark_session, week)
    assert kept is not None
    assert kept.version == 4
    assert commit.replace(lake, spark_session, week, native=True) == Outcome(4, committed=False)
    assert commit.replace(lake, spark_session, week) == Outcome(4, committed=False)


def test_a_write_that_spark_skips_is_noticed(lake: LocalLake, spark_session: SparkSession) -> None:
    """It answers as if it had written."""
    commit.replace(lake, spark_session, week_of(spark_session, []), native=True)
    stale, ours = open_table(lake, TABLE), week_of(spark_session, OTHER_ROWS)
    assert stale is not None
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, step="theirs"), native=True)

    spark_commit.commit_week(lake, spark_session, stale, ours, ours.frame)

    assert version(lake) == 2
    with pytest.raises(CommitFailedError, match="Spark skipped ours"):
        spark_commit.prove(lake, stale, ours)
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_a_commit_whose_answer_was_lost_is_not_made_again(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with `force`, which commits what is unchanged."""
    written = spark_commit.commit_week

    def unanswered(*arguments: Any) -> None:
        written(*arguments)
        raise AnswerLost("no answer")

    monkeypatch.setattr(spark_commit, "commit_week", unanswered)
    week = week_of(spark_session, ROWS, force=True)
    assert commit.replace(lake, spark_session, week, native=True) == Outcome(1, committed=True)
    assert version(lake) == 1


def test_a_spark_that_never_answers_is_told(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three attempts, then its own words."""
    calls: list[object] = []
    monkeypatch.setattr("pyspark.sql.classic.dataframe.DataFrameWriter.save", failing(calls))
    with pytest.raises(AnswerLost, match=f"{TABLE}, week {WEEK_1}: the commit was not answered: gone"):
        commit.replace(lake, spark_session, week_of(spark_session, ROWS), native=True)
    assert len(calls) == LOST


def test_what_spark_refuses_is_raised_at_once(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A column of another type than the table's is no lost answer, and no conflict."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS), native=True)
    frame = spark_session.createDataFrame([(["a"], "x")], "id array<string>, name string")
    week = replace(week_of(spark_session, [(1, "x")], WEEK_2), frame=frame)
    with pytest.raises(PySparkException, match="DELTA_FAILED_TO_MERGE_FIELDS"):
        commit.replace(lake, spark_session, week, native=True)
    assert version(lake) == 1


def test_rows_that_were_lost_while_spark_wrote_are_told(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are published by then: the sentence says in which version, and the rerun replaces it."""
    written = spark_commit.commit_week

    def losing(lake: Any, session: Any, table: Any, week: Any, rows: Any) -> None:
        written(lake, session, table, week, rows.limit(1))

    with monkeypatch.context() as patched:
        patched.setattr(spark_commit, "commit_week", losing)
        with pytest.raises(RuntimeError, match="2 rows were judged and version 1 holds 1"):
            commit.replace(lake, spark_session, week_of(spark_session, ROWS), native=True)

    assert commit.replace(lake, spark_session, week_of(spark_session, ROWS), native=True).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_only_its_own_files_are_removed_from_the_table(lake: LocalLake, spark_session: SparkSession) -> None:
    """The entry of the log says what a commit replaced: no file of another week."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2), native=True)
    commit.replace(lake, spark_session, week_of(spark_session, ROWS), native=True)
    before = parquet_files(lake)
    commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS), native=True)
    assert {action["path"].partition("/")[0] for action in actions(lake, 3, "remove")} == {f"week={WEEK_1}"}
    assert before < parquet_files(lake)


def failing(calls: list[object]) -> Callable[..., None]:
    """A call that Spark does not answer."""

    def fail(*arguments: object) -> None:
        calls.append(arguments)
        raise PySparkException("gone")

    return fail
