"""Writers that are none of ours, answers that were lost, and attempts that come to an end."""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction
from pyspark.sql import SparkSession
from tenacity import wait_none

from cloudflix_assets.delta import attempts, commit, log, spark_commit
from cloudflix_assets.delta.files import new_folder
from cloudflix_assets.delta.week import WeekOfTable
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    OTHER_ROWS,
    REFUSED,
    ROWS,
    TABLE,
    Point,
    authored,
    authors,
    interrupt,
    judged,
    published,
    stored,
    week_of,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2

OPENED, COMMITTED = Point("before", "_commit"), Point("after", "_commit")


pytestmark = pytest.mark.usefixtures("committer")


def appended(lake: LocalLake, week: date) -> None:
    """A row that another tool appends."""
    rows = pa.table({"id": [99], "name": ["foreign"], "week": [week]})
    write_deltalake(lake.uri(TABLE), rows, mode="append")


def overwritten_by_a_stale_handle(lake: LocalLake, stale: DeltaTable, actions: list[AddAction]) -> None:
    """A stock overwrite of the week, by a handle that does not know it yet: it deletes nothing."""
    stale.create_write_transaction(
        [*actions],
        mode="overwrite",
        schema=stale.schema(),
        partition_by=["week"],
        partition_filters=[("week", "=", str(WEEK_1))],
    )


@pytest.mark.parametrize("point", [OPENED, COMMITTED], ids=str)
def test_a_foreign_append_to_our_week_does_not_stay(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, point: Point
) -> None:
    """Appended between our look and our commit, or between our commit and the proof of it."""
    commit.replace(lake, spark_session, week_of(spark_session, [], WEEK_2))
    interrupt(monkeypatch, (point, lambda: appended(lake, WEEK_1)))

    assert commit.replace(lake, spark_session, week_of(spark_session, ROWS)).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS


@pytest.mark.parametrize("point", [OPENED, COMMITTED], ids=str)
def test_a_foreign_append_to_another_week_stays(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, point: Point
) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, [], WEEK_2))
    interrupt(monkeypatch, (point, lambda: appended(lake, WEEK_2)))

    assert commit.replace(lake, spark_session, week_of(spark_session, ROWS)).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert stored(lake, spark_session, WEEK_2) == [(99, "foreign")]


def test_a_stale_stock_handle_doubles_no_week(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer with delta-rs' defaults commits the same new week after us, and conflicts with nobody."""
    commit.replace(lake, spark_session, week_of(spark_session, [], WEEK_2))
    stale = DeltaTable(lake.uri(TABLE))
    theirs = week_of(spark_session, OTHER_ROWS)
    files = commit._write(lake, theirs, new_folder(theirs.week, theirs.step))
    actions = [commit._action(file, WEEK_1) for file in files]
    interrupt(monkeypatch, (COMMITTED, lambda: overwritten_by_a_stale_handle(lake, stale, actions)))

    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    assert stored(lake, spark_session, WEEK_1) == ROWS


@pytest.mark.parametrize("force", [True, False])
def test_a_commit_whose_answer_was_lost_counts(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    """The commit is there and the answer says conflict; a file that is removed and added again is lost."""
    interrupt(monkeypatch, (COMMITTED, failing(CommitFailedError("a concurrent transaction"))))

    commit.replace(lake, spark_session, week_of(spark_session, ROWS, force=force))
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_a_restored_quarantine_does_not_hold_up_its_table(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restore the content is old and the last record new: neither may keep the step from ending."""
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    first, second = (judged(spark_session, name, authored(name)) for name in ("first", "second"))
    published(lake, spark_session, first)
    restored_to = DeltaTable(lake.uri(REFUSED)).version()
    published(lake, spark_session, second)
    DeltaTable(lake.uri(REFUSED)).restore(restored_to)

    assert published(lake, spark_session, first).committed

    for week, path in ((first.week, TABLE), (first.quarantine, REFUSED)):
        rows = stored(lake, spark_session, WEEK_1, path=path, fields=week.fields)
        assert rows == stored_rows(week)


def stored_rows(week: WeekOfTable) -> list[tuple[object, ...]]:
    assert week.frame is not None
    return sorted((tuple(row) for row in week.frame.collect()), key=repr)


def test_attempts_that_all_meet_others_end(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for ever would look like work; the previous content stays."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    calls: list[object] = []

    def conflict(*arguments: object) -> None:
        calls.append(arguments)
        raise CommitFailedError("a concurrent transaction")

    with monkeypatch.context() as patched:
        patched.setattr(commit, "_commit", conflict)
        patched.setattr(spark_commit, "commit_week", conflict)
        with pytest.raises(commit.Contended) as told:
            commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS))

    assert f"{TABLE}, week {WEEK_1}" in str(told.value)
    assert "wait for their runs to end, then rerun" in str(told.value)
    assert len(calls) == attempts.ATTEMPTS
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_a_quarantine_that_others_keep_replacing_ends(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps that undo each other's quarantine; once one of them is alone, it makes the week whole."""
    monkeypatch.setattr(attempts, "wait_random_exponential", lambda **_: wait_none())
    ours, theirs = (judged(spark_session, name, authored(name)) for name in ("we", "they"))
    committed_digest = log.committed_digest

    def after_they_came(lake: LocalLake, path: str, week: date) -> str | None:
        commit.replace(lake, spark_session, theirs.quarantine)
        return committed_digest(lake, path, week)

    with monkeypatch.context() as patched:
        patched.setattr(commit, "committed_digest", after_they_came)
        with pytest.raises(commit.Contended, match="another run is writing it and its quarantine; wait"):
            published(lake, spark_session, ours)

    published(lake, spark_session, ours)
    assert authors(lake, spark_session) == ("we", "we")


def failing(error: Exception) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail
