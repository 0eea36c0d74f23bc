"""Two runs on one table: other weeks both stay, and the same week ends as one of the two, whole."""

from itertools import combinations_with_replacement

import pytest
from deltalake.exceptions import CommitFailedError

from cloudflix_assets.delta import commit
from cloudflix_assets.delta.files import new_folder
from cloudflix_assets.delta.table import open_table
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import OTHER_ROWS, REFUSED, ROWS, TABLE, Point, Tiny, interrupt
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


def both(tiny: Tiny, patches: pytest.MonkeyPatch, first: Point, second: Point) -> tuple[str, ...]:
    """Our step, in which theirs replaces its quarantine at `first` and its table at `second`."""
    theirs = tiny.judged("theirs")
    waiting = interrupt(
        patches,
        (first, lambda: tiny.replace(theirs.quarantine)),
        (second, lambda: commit.replace_beside(tiny.lake, tiny.session, theirs)),
    )
    tiny.publish("ours")
    assert not waiting
    return tiny.authors()


@pytest.mark.parametrize(("first", "second"), pairs(POINTS), ids=str)
def test_a_new_week_written_by_two_is_of_one(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, first: Point, second: Point
) -> None:
    """delta-rs notices a conflict only where there is something to delete: both would succeed."""
    found = both(tiny, monkeypatch, first, second)
    assert found in {("ours", "ours"), ("theirs", "theirs")}


@pytest.mark.parametrize(("before", "two"), KNOWN, ids=told)
def test_a_known_week_written_by_two_is_of_one(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, before: str, two: Two
) -> None:
    """One that finds itself unchanged commits nothing, and may still stand beside the other's quarantine."""
    tiny.publish(before)
    found = both(tiny, monkeypatch, *two)
    assert found in {("ours", "ours"), ("theirs", "theirs")}


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_another_week_written_meanwhile_stays(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, point: Point
) -> None:
    """Also when it creates the table that we were about to create."""
    interrupt(monkeypatch, (point, lambda: tiny.publish("they", WEEK_2)))
    tiny.publish("we")

    assert tiny.authors(WEEK_1) == ("we", "we")
    assert tiny.authors(WEEK_2) == ("they", "they")


def test_the_same_content_written_by_two_is_not_doubled(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    point = Point("before", "_commit", TABLE)
    interrupt(monkeypatch, (point, lambda: tiny.write(ROWS, attempt="other-step")))

    assert not tiny.write(ROWS).committed
    assert tiny.stored() == ROWS


def test_a_stale_handle_commits_nothing(tiny: Tiny) -> None:
    """What delta-rs would retry by itself would double a new week; the table must be seen anew first."""
    tiny.write([])
    stale = open_table(tiny.lake, TABLE)
    tiny.write(ROWS, WEEK_2)
    ours = tiny.week(OTHER_ROWS, WEEK_2)

    assert stale is not None
    with pytest.raises(CommitFailedError):
        commit._commit(stale, ours, commit._write(tiny.lake, ours, new_folder(ours.week, ours.attempt)))
    assert tiny.stored(WEEK_2) == ROWS
