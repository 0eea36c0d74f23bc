"""Two processes, or two threads, really at once: what the forced orders of other tests leave open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from cloudflix_assets_tests.delta.cases import Tiny
from cloudflix_assets_tests.delta.process import ended, started
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

ROUNDS = 4


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committer")]  # processes at once


def test_two_processes_that_write_the_same_new_weeks(tiny: Tiny, committer: str) -> None:
    """The first round also creates both tables at once."""
    tiny.lake.root.mkdir(parents=True)
    processes = [started("race", tiny.lake.root, name, ROUNDS, committer) for name in ("we", "they")]
    assert [ended(process) for process in processes] == [0, 0]

    for number in range(ROUNDS):
        found = tiny.authors(WEEK_1 + timedelta(weeks=number))
        assert found in {("we", "we"), ("they", "they")}


def test_two_threads_that_write_the_same_new_week(tiny: Tiny) -> None:
    barrier = Barrier(2)

    def step(name: str) -> None:
        tiny.judged(name)  # made before, so that both commit at once
        barrier.wait()
        tiny.publish(name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(step, ("we", "they")))
    assert tiny.authors() in {("we", "we"), ("they", "they")}


def test_weeks_written_at_once_all_stay(tiny: Tiny) -> None:
    """A conflict of one week with another must end in both."""
    weeks = (WEEK_1, WEEK_2, WEEK_3)
    barrier = Barrier(len(weeks))

    def replaced(number: int) -> bool:
        week = tiny.week([(number, "x")], weeks[number])
        barrier.wait()
        return tiny.replace(week).committed

    with ThreadPoolExecutor(len(weeks)) as pool:
        assert all(pool.map(replaced, range(len(weeks))))
    for number, week in enumerate(weeks):
        assert tiny.stored(week) == [(number, "x")]
