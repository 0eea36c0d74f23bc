"""Two processes, or two threads, really at once: what the forced orders of other tests leave open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import authored, authors, judged, published, stored, week_of
from cloudflix_assets_tests.delta.process import ended, started
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

ROUNDS = 4


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("committer")]  # processes at once


def test_two_processes_that_write_the_same_new_weeks(
    lake: LocalLake, spark_session: SparkSession, committer: str
) -> None:
    """The first round also creates both tables at once."""
    lake.root.mkdir(parents=True)
    processes = [started("race", lake.root, name, ROUNDS, committer) for name in ("we", "they")]
    assert [ended(process) for process in processes] == [0, 0]

    for number in range(ROUNDS):
        found = authors(lake, spark_session, WEEK_1 + timedelta(weeks=number))
        assert found in {("we", "we"), ("they", "they")}


def test_two_threads_that_write_the_same_new_week(lake: LocalLake, spark_session: SparkSession) -> None:
    barrier = Barrier(2)

    def step(name: str) -> None:
        one = judged(spark_session, name, authored(name))
        barrier.wait()
        published(lake, spark_session, one)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(step, ("we", "they")))
    assert authors(lake, spark_session) in {("we", "we"), ("they", "they")}


def test_weeks_written_at_once_all_stay(lake: LocalLake, spark_session: SparkSession) -> None:
    """A conflict of one week with another must end in both."""
    weeks = (WEEK_1, WEEK_2, WEEK_3)
    barrier = Barrier(len(weeks))

    def replaced(number: int) -> bool:
        week = week_of(spark_session, [(number, "x")], weeks[number])
        barrier.wait()
        return commit.replace(lake, spark_session, week).committed

    with ThreadPoolExecutor(len(weeks)) as pool:
        assert all(pool.map(replaced, range(len(weeks))))
    for number, week in enumerate(weeks):
        assert stored(lake, spark_session, week) == [(number, "x")]
