"""The publication sensor: one conditional request per tick, one run of the open week per new commit."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cloudflix_assets.partitions import open_week
from cloudflix_assets.sources import SourceRefused
from cloudflix_assets_tests.lakehouse import Makes, registered
from cloudflix_assets_tests.loopback.github import faults
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS, Sources, in_folder, moment, published
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import NAME, OWNER, RESET, LoopbackGitHub
from cloudflix_assets_tests.ticks import Ticks

OPEN = str(open_week(datetime.now(UTC)))


@pytest.fixture
def ticks(lakehouse: Makes, source: Sources) -> Ticks:
    return Ticks(
        lakehouse(source=source(), tables=registered("raw/titles", "bronze/titles")), "publication_sensor"
    )


def test_each_new_commit_is_run_once_for_the_open_week(
    ticks: Ticks, github: LoopbackGitHub, history: History
) -> None:
    (first,), _ = ticks.tick()
    assert (first.partition_key, first.run_key) == (OPEN, f"{OPEN} {sha(history)} 1")
    assert ticks.said() == f"github:{OWNER}/{NAME}:data is still at {sha(history)[:12]}."

    history.commit(in_folder(published(9)), moment(WEEKS[3], 5))
    (second,), _ = ticks.tick()
    assert second.run_key == f"{OPEN} {sha(history)} 2"


def test_a_commit_whose_run_failed_is_told(ticks: Ticks, history: History) -> None:
    """It is not asked for again, and every tick said that the source was still at it."""
    (request,), _ = ticks.tick()
    still = f"github:{OWNER}/{NAME}:data is still at {sha(history)[:12]}."
    tags = {"dagster/run_key": str(request.run_key), "dagster/partition": OPEN}
    run = ticks.house.instance.add_run(
        dg.DagsterRun(job_name="weekly_refresh", status=dg.DagsterRunStatus.STARTED, tags=tags)
    )
    assert ticks.said() == still
    ticks.house.instance.report_run_failed(run)
    assert ticks.said() == (
        f"{still} Its run {run.run_id[:8]} for the week {OPEN} ended without success: do what it says, then "
        "launch `weekly_refresh` for that week."
    )


def test_a_commit_to_which_a_branch_is_set_back_is_run_again(ticks: Ticks, history: History) -> None:
    """Dagster starts a key once, and the lake would keep the other commit's week."""
    (first,), _ = ticks.tick()
    before = history.head
    history.commit(in_folder(published(9)), moment(WEEKS[3], 5))
    (second,), _ = ticks.tick()
    history.head = before
    (third,), _ = ticks.tick()
    assert len({first.run_key, second.run_key, third.run_key}) == 3


def test_a_tick_costs_one_conditional_request(ticks: Ticks, github: LoopbackGitHub, history: History) -> None:
    """A 304 costs no quota: the sensor may look every five minutes for ever."""
    ticks.tick()
    before = github.remaining
    for _ in range(3):
        ticks.tick()
    assert github.requests == [("commits", 200), ("commits", 304), ("commits", 304), ("commits", 304)]
    assert github.remaining == before


def test_a_commit_beside_the_folder_is_no_news(ticks: Ticks, history: History) -> None:
    """A new README must not run the lake."""
    ticks.tick()
    history.commit({**in_folder(published(3)), "README.md": b"Another.\n"}, moment(WEEKS[3], 5))
    assert "is still at" in ticks.said()


def test_a_crash_before_the_cursor_is_written_asks_for_the_same_run(ticks: Ticks) -> None:
    """Dagster starts a key once."""
    (crashed,), _ = ticks.tick(crash=True)
    (again,), _ = ticks.tick()
    assert crashed.run_key == again.run_key
    assert "is still at" in ticks.said()


@pytest.mark.parametrize("cursor", ["", "not JSON", '{"etag": 7}', '{"commit": "gone"}'])
def test_a_cursor_that_says_nothing_asks_anew(ticks: Ticks, cursor: str) -> None:
    """One of an older version, or edited by hand."""
    ticks.cursor = cursor
    assert len(ticks.tick()[0]) == 1


def test_the_run_lands_what_the_tick_saw(ticks: Ticks, history: History) -> None:
    """Provisionally: the week has not ended."""
    history.commit(in_folder(published(9)), datetime.now(UTC))
    (request,), _ = ticks.tick()
    week = open_week(datetime.now(UTC))
    assert request.partition_key == str(week)
    assert ticks.house.run(week).success
    assert ticks.house.rows("bronze/titles", week)[0]["title"] == "Edition 9"


TROUBLE = {
    "down": (faults.status(503), r"did not answer, for /repos/\S+/commits: it answered 503"),
    "a limit that lasts": (
        faults.status(403, "API rate limit", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET)}),
        "rate limit is used up until",
    ),
    "no such token": (faults.status(401, "Bad credentials"), "renew GITHUB_TOKEN"),
}


@pytest.mark.parametrize("case", TROUBLE)
def test_trouble_is_told_and_costs_one_request(ticks: Ticks, github: LoopbackGitHub, case: str) -> None:
    """The next tick asks again; a tick that waits would be killed after a minute."""
    fault, sentence = TROUBLE[case]
    github.faults["commits"].append(fault)
    with pytest.raises(SourceRefused, match=sentence):
        ticks.tick()
    assert len(github.requests) == 1
    assert len(ticks.tick()[0]) == 1


def test_a_source_without_history_is_told_so(lakehouse: Makes) -> None:
    house = lakehouse(tables=registered("raw/titles", "bronze/titles"))
    assert Ticks(house, "publication_sensor").said() == (
        "sample has no history to ask for: the schedule `weekly` runs each ended week."
    )


def sha(history: History) -> str:
    """Id of the newest commit."""
    assert history.head
    return str(history.head.id.decode())
