"""Two runs on one table: other weeks both stay, and the same week ends as one of the two, whole."""

from itertools import combinations_with_replacement

import pytest
from deltalake.exceptions import CommitFailedError
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit
from cloudflix_assets.delta.files import new_folder
from cloudflix_assets.delta.table import open_table
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
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

POINTS = [
    Point("before", "create", REFUSED),
    Point("before", "_commit", REFUSED),
    Point("after", "_commit", REFUSED),
    Point("before", "create", TABLE),
    Point("before", "_commit", TABLE),
    Point("after", "_commit", TABLE),
    Point("before", "committed_digest", REFUSED),
]
OF_A_CHANGED_WEEK = [point for point in POINTS if point.name != "create"]
OF_AN_UNCHANGED_WEEK = [
    Point("after", "_is_present", REFUSED),
    Point("after", "_is_present", TABLE),
    Point("before", "committed_digest", REFUSED),
    Point("after", "committed_digest", REFUSED),
]
Two = tuple[Point, Point]


def pairs(points: list[Point]) -> list[Two]:
    """Every two moments; for Spark, which takes long, those in which both things happen at once."""
    if Environment().engine == "sail":
        return list(combinations_with_replacement(points, 2))
    return [(point, point) for point in points]


KNOWN: list[tuple[str, Two]] = [
    *(("others", two) for two in pairs(OF_A_CHANGED_WEEK)),
    *(("theirs", (point, point)) for point in OF_A_CHANGED_WEEK),
    *(("ours", two) for two in pairs(OF_AN_UNCHANGED_WEEK)),
]


def told(value: str | Two) -> str:
    """How a case is called."""
    return value if isinstance(value, str) else " then ".join(map(str, value))


pytestmark = pytest.mark.usefixtures("committer")


def both(
    lake: LocalLake, session: SparkSession, patches: pytest.MonkeyPatch, first: Point, second: Point
) -> tuple[str, ...]:
    """Our step, in which theirs replaces its quarantine at `first` and its table at `second`."""
    theirs = judged(session, "theirs", authored("theirs"))
    waiting = interrupt(
        patches,
        (first, lambda: commit.replace(lake, session, theirs.quarantine)),
        (second, lambda: commit.replace_beside(lake, session, theirs)),
    )
    published(lake, session, judged(session, "ours", authored("ours")))
    assert not waiting
    return authors(lake, session)


@pytest.mark.parametrize(("first", "second"), pairs(POINTS), ids=str)
def test_a_new_week_written_by_two_is_of_one(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, first: Point, second: Point
) -> None:
    """delta-rs notices a conflict only where there is something to delete: both would succeed."""
    found = both(lake, spark_session, monkeypatch, first, second)
    assert found in {("ours", "ours"), ("theirs", "theirs")}


@pytest.mark.parametrize(("before", "two"), KNOWN, ids=told)
def test_a_known_week_written_by_two_is_of_one(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, before: str, two: Two
) -> None:
    """One that finds itself unchanged commits nothing, and may still stand beside the other's quarantine."""
    published(lake, spark_session, judged(spark_session, before, authored(before)))
    found = both(lake, spark_session, monkeypatch, *two)
    assert found in {("ours", "ours"), ("theirs", "theirs")}


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_another_week_written_meanwhile_stays(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch, point: Point
) -> None:
    """Also when it creates the table that we were about to create."""
    theirs = judged(spark_session, "they", authored("they"), WEEK_2)
    interrupt(monkeypatch, (point, lambda: published(lake, spark_session, theirs)))
    published(lake, spark_session, judged(spark_session, "we", authored("we")))

    assert authors(lake, spark_session, WEEK_1) == ("we", "we")
    assert authors(lake, spark_session, WEEK_2) == ("they", "they")


def test_the_same_content_written_by_two_is_not_doubled(
    lake: LocalLake, spark_session: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = week_of(spark_session, ROWS, step="other-step")
    point = Point("before", "_commit", TABLE)
    interrupt(monkeypatch, (point, lambda: commit.replace(lake, spark_session, same)))

    outcome = commit.replace(lake, spark_session, week_of(spark_session, ROWS))

    assert not outcome.committed
    assert stored(lake, spark_session, WEEK_1) == ROWS


def test_a_stale_handle_commits_nothing(lake: LocalLake, spark_session: SparkSession) -> None:
    """What delta-rs would retry by itself would double a new week; the table must be seen anew first."""
    commit.replace(lake, spark_session, week_of(spark_session, []))
    stale = open_table(lake, TABLE)
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2))
    ours = week_of(spark_session, OTHER_ROWS, WEEK_2)

    assert stale is not None
    with pytest.raises(CommitFailedError):
        commit._commit(stale, ours, commit._write(lake, ours, new_folder(ours.week, ours.step)))
    assert stored(lake, spark_session, WEEK_2) == ROWS
