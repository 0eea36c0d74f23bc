"""What is Spark's own about a commit of Spark: it may come later than it was made for, or be skipped."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from deltalake.exceptions import CommitFailedError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from cloudflix_assets.delta import commit, spark_commit
from cloudflix_assets.delta import log as delta_log
from cloudflix_assets.delta.attempts import LOST, AnswerLost, CommitRefused
from cloudflix_assets.delta.table import application, open_table
from cloudflix_assets.delta.week import Outcome
from cloudflix_assets_tests.delta.cases import FIELDS, OTHER_ROWS, ROWS, TABLE, Rows, Tiny
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from spark.quality import digest

pytestmark = pytest.mark.both_engines


def natively(tiny: Tiny, rows: Rows, week: date = WEEK_1, **said: Any) -> Outcome:
    """Replace a week, and let Spark commit."""
    return tiny.replace(tiny.week(rows, week, **said), native=True)


def test_both_committers_write_a_table_by_turns(tiny: Tiny) -> None:
    """The host's delta-rs and a cluster's Spark share tables, over checkpoints of both, for years."""
    held: dict[int, Rows] = {}
    for number in range(14):
        rows: Rows = [(number, "x"), (number + 1, None)][: 1 + number % 2]
        week = tiny.week(rows, WEEK_1 + timedelta(weeks=number % 3), attempt=str(number))
        outcome = tiny.replace(week, native=number % 2 == 1)
        assert outcome == Outcome(number + 1, committed=True, bytes=outcome.bytes, stored=ANY)
        assert tiny.recorded(outcome.version)["step"] == str(number)
        held[number % 3] = rows

    for number, rows in held.items():
        own = WEEK_1 + timedelta(weeks=number)
        told = tiny.week(rows).digest
        frame = tiny.read(own)
        assert digest.digest(frame, FIELDS) == tiny.committed_digest(own) == told
        native = tiny.session.read.format("delta").load(tiny.lake.uri(TABLE)).where(F.col("week") == own)
        assert digest.digest(native, FIELDS) == told
    table = tiny.table
    assert (table.protocol().min_reader_version, table.protocol().min_writer_version) == (1, 2)
    log = Path(tiny.lake.uri(TABLE)) / "_delta_log"
    folded = {path.name.partition(".")[0] for path in log.glob("*.checkpoint.parquet")}
    assert folded == {f"{9:020}", f"{10:020}"}  # delta-rs's, and Spark's


def test_a_commit_that_spark_put_after_others_is_found(tiny: Tiny) -> None:
    """It was made for version 2 and is version 4: its metadata, and what holds the week, are there."""
    natively(tiny, ROWS, WEEK_2)
    table, week = open_table(tiny.lake, TABLE), tiny.week(OTHER_ROWS, attempt="late")
    assert table is not None
    for number in range(2):
        between = tiny.week(ROWS[:1], WEEK_2, attempt=str(number), force=True)
        tiny.replace(between)

    spark_commit.commit_week(tiny.lake, tiny.session, table, week, week.frame)
    found = spark_commit.prove(tiny.lake, table, week)

    assert found.version == tiny.version() == 4
    assert tiny.table.transaction_version(application(WEEK_1)) == 2
    natively(tiny, ROWS, WEEK_2)
    assert delta_log.commit_metadata(tiny.lake, TABLE, WEEK_1)["step"] == "late"
    kept = commit.unchanged_week(tiny.lake, tiny.session, week)
    assert kept is not None
    assert kept.version == 4
    assert tiny.replace(week, native=True) == Outcome(4, committed=False, stored=ANY)
    assert tiny.replace(week) == Outcome(4, committed=False, stored=ANY)


def test_a_write_that_spark_skips_is_noticed(tiny: Tiny) -> None:
    """It answers as if it had written."""
    natively(tiny, [])
    stale, ours = open_table(tiny.lake, TABLE), tiny.week(OTHER_ROWS)
    assert stale is not None
    natively(tiny, ROWS, attempt="theirs")

    spark_commit.commit_week(tiny.lake, tiny.session, stale, ours, ours.frame)

    assert tiny.version() == 2
    with pytest.raises(CommitFailedError, match="Spark skipped ours"):
        spark_commit.prove(tiny.lake, stale, ours)
    assert tiny.stored() == ROWS


def test_a_commit_whose_answer_was_lost_is_not_made_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with `force`, which commits what is unchanged."""
    written = spark_commit.commit_week

    def unanswered(*arguments: Any) -> None:
        written(*arguments)
        raise AnswerLost("no answer")

    monkeypatch.setattr(spark_commit, "commit_week", unanswered)
    week = tiny.week(ROWS, force=True)
    assert tiny.replace(week, native=True) == Outcome(1, committed=True, stored=ANY)
    assert tiny.version() == 1


def test_a_spark_that_never_answers_is_told(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three attempts, then its own words."""
    calls: list[object] = []
    monkeypatch.setattr("pyspark.sql.classic.dataframe.DataFrameWriter.save", failing(calls))
    with pytest.raises(AnswerLost, match=f"{TABLE}, week {WEEK_1}: the commit was not answered: gone"):
        natively(tiny, ROWS)
    assert len(calls) == LOST


def test_what_spark_refuses_is_told_at_once(tiny: Tiny) -> None:
    """A column of another type than the table's is no lost answer, and no conflict."""
    natively(tiny, ROWS)
    frame = tiny.session.createDataFrame([(["a"], "x")], "id array<string>, name string")
    week = replace(tiny.week([(1, "x")], WEEK_2), frame=frame)
    with pytest.raises(CommitRefused, match="DELTA_FAILED_TO_MERGE_FIELDS"):
        tiny.replace(week, native=True)
    assert tiny.version() == 1


def test_rows_that_were_lost_while_spark_wrote_are_told(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are published by then: the sentence says in which version, and the rerun replaces it."""
    written = spark_commit.commit_week

    def losing(lake: Any, session: Any, table: Any, week: Any, rows: Any) -> None:
        written(lake, session, table, week, rows.limit(1))

    with monkeypatch.context() as patched:
        patched.setattr(spark_commit, "commit_week", losing)
        with pytest.raises(RuntimeError, match="2 rows were judged and version 1 holds 1"):
            natively(tiny, ROWS)

    assert natively(tiny, ROWS).committed
    assert tiny.stored() == ROWS


def test_only_its_own_files_are_removed_from_the_table(tiny: Tiny) -> None:
    """The entry of the log says what a commit replaced: no file of another week."""
    natively(tiny, ROWS, WEEK_2)
    natively(tiny, ROWS)
    before = tiny.files()
    natively(tiny, OTHER_ROWS)
    assert {action["path"].partition("/")[0] for action in tiny.actions(3, "remove")} == {f"week={WEEK_1}"}
    assert before < tiny.files()


def failing(calls: list[object]) -> Callable[..., None]:
    """A call that Spark does not answer."""

    def fail(*arguments: object) -> None:
        calls.append(arguments)
        raise PySparkException("gone")

    return fail
