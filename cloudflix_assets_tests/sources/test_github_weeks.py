"""Weeks of a lake from GitHub: each its own state, in any order, again and again."""

from datetime import UTC, datetime, timedelta

import pytest

from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.names import REFRESH
from cloudflix_assets_tests.lakehouse import Lakehouse, Makes, registered
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS, Sources, in_folder, moment, published
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import LoopbackGitHub

TITLES = registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles")
REFRESHED = {REFRESH: "true"}


@pytest.fixture
def house(lakehouse: Makes, source: Sources) -> Lakehouse:
    return lakehouse(source=source(), tables=TITLES)


def landed(house: Lakehouse, number: int) -> dict[str, bytes]:
    """The bytes that a week was landed with, by dataset."""
    manifest = Manifest.of(house.lake, WEEKS[number])
    assert manifest
    return {file.dataset: house.lake.read(f"raw/{file.path}") or b"" for file in manifest.files}


@pytest.mark.slow
def test_weeks_in_any_order_are_what_they_are_in_order(
    lakehouse: Makes, source: Sources, house: Lakehouse
) -> None:
    for number in (2, 0, 3, 1):
        assert house.run(WEEKS[number]).success
        assert landed(house, number) == published(number)
    titles = {number: house.rows("gold/titles", WEEKS[number])[0]["title"] for number in range(4)}
    assert titles == {number: f"Edition {number}" for number in range(4)}


def test_a_rerun_fetches_nothing_and_commits_nothing(house: Lakehouse, github: LoopbackGitHub) -> None:
    """The commit is pinned, its blobs lie in the lake; the one question is conditional, and costs nothing."""
    assert house.run(WEEKS[1]).success
    github.requests.clear()
    assert house.committed(WEEKS[1]) == []
    assert github.requests == [("contents", 304)]


def test_a_landed_file_that_was_damaged_is_fetched_again(house: Lakehouse, github: LoopbackGitHub) -> None:
    """Equal names are no proof of equal bytes."""
    assert house.run(WEEKS[1]).success
    manifest = Manifest.of(house.lake, WEEKS[1])
    assert manifest
    path = house.lake.root / "raw" / manifest.files[0].path
    path.write_bytes(path.read_bytes().replace(b"Edition", b"edition"))
    github.requests.clear()
    assert house.run(WEEKS[1]).success
    assert github.answered("blob") == [200]


def test_a_week_stays_with_its_commit_until_it_is_refreshed(house: Lakehouse, history: History) -> None:
    """A branch that is merged later brings commits with older dates into the week."""
    assert house.run(WEEKS[1]).success
    history.commit(in_folder(published(9)), moment(WEEKS[1], 5))

    kept = house.run(WEEKS[1])
    assert (landed(house, 1), kept.notices) == (published(1), [])

    moved = house.run(WEEKS[1], tags=REFRESHED)
    assert landed(house, 1) == published(9)
    (sentence,) = moved.notices
    assert sentence.startswith(f"the commit of the week {WEEKS[1]} moved from ")
    assert sentence.endswith("; changed files: netflix_titles.csv")
    assert house.run(WEEKS[1]).notices == []


def test_a_week_that_has_not_ended_is_not_pinned(house: Lakehouse, history: History) -> None:
    """What was its last commit on Thursday may not be on Sunday."""
    assert house.run(WEEKS[1]).success
    manifest = Manifest.of(house.lake, WEEKS[1])
    assert manifest
    assert manifest.pin == manifest.commit
    thursday = manifest.model_copy(update={"landed_at": moment(WEEKS[1], 3)})
    assert thursday.pin is None
    monday = manifest.model_copy(update={"landed_at": moment(WEEKS[1], 7)})
    assert monday.pin == manifest.commit

    house.lake.write(manifest.path, thursday.content)
    history.commit(in_folder(published(9)), moment(WEEKS[1], 5))
    assert house.run(WEEKS[1]).success
    assert landed(house, 1) == published(9)


def test_a_week_before_the_history_is_no_failure(house: Lakehouse) -> None:
    """A backfill that begins too early must not be red."""
    result = house.run(WEEKS[0] - timedelta(days=7))
    assert result.success
    (sentence,) = result.notices
    assert "has no commit in the folder data by the end of the week 2026-10-19" in sentence
    assert {table.committed for table in result.tables.values()} == {None}
    assert {table.reason for table in result.tables.values()} == {"not reached"}
    assert not (house.lake.root / "raw").exists()


def test_manifests_tell_commit_and_blob(house: Lakehouse) -> None:
    assert house.run(WEEKS[0]).success
    manifest = Manifest.of(house.lake, WEEKS[0])
    assert manifest
    assert manifest.landed_at <= datetime.now(UTC)
    for file in manifest.files:
        assert set(file.origin) == {"repository", "commit", "authored", "committed", "etag", "blob"}
