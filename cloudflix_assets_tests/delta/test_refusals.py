"""What delta.py refuses to write: nothing is committed, no other week is touched, the reason is told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit, spark_commit, table
from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    OTHER_ROWS,
    ROWS,
    TABLE,
    has_week,
    judged,
    published,
    stored,
    version,
    week_of,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2

pytestmark = pytest.mark.usefixtures("committer")


@pytest.mark.parametrize("judged_rows", [1, 3])
def test_other_rows_than_judged_are_not_committed(
    lake: LocalLake, spark_session: SparkSession, judged_rows: int
) -> None:
    """The engine lost or doubled rows between the judgement and the write."""
    commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS))
    before = version(lake)
    week = replace(week_of(spark_session, ROWS, step="run-7"), rows=judged_rows)

    with pytest.raises(
        RuntimeError, match=f"{judged_rows} rows were judged and 2 (are to be )?written; nothing was"
    ) as told:
        commit.replace(lake, spark_session, week)

    assert f"{TABLE}, week {WEEK_1}" in str(told.value)
    assert "Rerun the week" in str(told.value)
    assert version(lake) == before
    assert stored(lake, spark_session, WEEK_1) == OTHER_ROWS


def test_a_new_week_with_other_rows_than_judged_stays_absent(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    with pytest.raises(RuntimeError, match="nothing was committed"):
        commit.replace(lake, spark_session, replace(week_of(spark_session, ROWS), rows=5))
    assert not has_week(lake, WEEK_1)


@pytest.mark.parametrize("error", [DeltaError("the store timed out"), OSError("the store timed out")])
@pytest.mark.parametrize("at", [1, 2], ids=["the quarantine", "the table"])
def test_trouble_while_opening_never_looks_like_no_table(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, error: Exception, at: int
) -> None:
    """The stock Delta IO manager takes any error for a missing table, and creates it over all weeks."""
    for week in (WEEK_1, WEEK_2):
        published(lake, spark_session, judged(spark_session, "before", ROWS, week))

    with monkeypatch.context() as patched:
        patched.setattr(table, "CachedDeltaTable", failing(at, error))
        told = TableRefused if isinstance(error, DeltaError) else OSError
        with pytest.raises(told, match="the store timed out"):
            published(lake, spark_session, judged(spark_session, "after", OTHER_ROWS, WEEK_2))

    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert stored(lake, spark_session, WEEK_2) == ROWS


def test_trouble_while_opening_a_new_week_leaves_it_absent(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))

    with monkeypatch.context() as patched:
        patched.setattr(table, "CachedDeltaTable", failing(1, OSError("the store timed out")))
        with pytest.raises(OSError, match="the store timed out"):
            commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2))

    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert not has_week(lake, WEEK_2)


def test_trouble_after_the_commit_is_mended_by_a_rerun(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The week is committed and the proof fails: the rerun finds it unchanged."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    with monkeypatch.context() as patched:
        patched.setattr(commit, "_prove", raising(OSError("the store timed out")))
        patched.setattr(spark_commit, "prove", raising(OSError("the store timed out")))
        with pytest.raises(OSError, match="the store timed out"):
            commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2))

    assert not commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2)).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert stored(lake, spark_session, WEEK_2) == OTHER_ROWS


def test_a_table_that_seems_absent_for_a_moment_is_not_created_again(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listing that lags behind: the table is there, and its other week must stay."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    absent = TableNotFoundError("No files in log segment")
    monkeypatch.setattr(table, "CachedDeltaTable", failing(1, absent))

    assert commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2)).committed

    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert stored(lake, spark_session, WEEK_2) == OTHER_ROWS


def test_a_log_that_lost_its_beginning_is_an_error(
    lake: LocalLake, spark_session: SparkSession, committer: str
) -> None:
    """A damaged table is no absent one: it must not be begun anew over what is left of it."""
    told = {"embedded": "No table metadata or protocol found", "native": "its log lacks its beginning"}
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    log = lake.root / TABLE / "_delta_log"
    (log / f"{0:020}.json").unlink()

    with pytest.raises(TableRefused, match=told[committer]):
        commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2))
    assert [path.name for path in log.glob("*.json")] == [f"{1:020}.json"]


def failing(at: int, error: Exception) -> Callable[..., DeltaTable]:
    """A table, except that the opening number `at` raises."""

    class Unreliable(table.CachedDeltaTable):
        opened = 0

        def __init__(self, *arguments: Any, **options: Any) -> None:
            Unreliable.opened += 1
            if Unreliable.opened == at:
                raise error
            super().__init__(*arguments, **options)

    return Unreliable


def raising(error: Exception) -> Callable[..., None]:
    """A function that raises."""

    def raises(*_: object) -> None:
        raise error

    return raises
