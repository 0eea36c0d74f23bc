"""A week on a server elsewhere is the week of this machine, whoever commits it."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.cli.command import Told, cloudflix, cloudflix_process
from cloudflix_assets_tests.delta.cases import Tiny
from cloudflix_assets_tests.delta.process import ended, started
from cloudflix_assets_tests.lakehouse import PATHS, WEEK_1
from cloudflix_assets_tests.loopback.connect.servers import serve

pytestmark = pytest.mark.slow  # servers in processes of their own, and JVMs

KINDS = ("sail", "spark")
CHOSEN = {"sail": "*", "spark": "+silver/titles"}
"""A whole week on a JVM beside other tests takes minutes."""
WEEK = "--week=2026-11-09"
ROUNDS = 2
Tables = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def servers() -> Iterator[Mapping[str, str]]:
    """The address of each kind."""
    with serve("sail") as sail, serve("spark") as spark:
        yield {"sail": sail, "spark": spark}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The week as this machine makes it: digests by table."""
    return digests(ran(cloudflix(tmp_path_factory.mktemp("here") / "home", "run", WEEK, "--json")))


def ran(told: Told) -> Told:
    assert told.code == 0, told.stderr
    return told


def tables(told: Told) -> Tables:
    """Those that were chosen."""
    found: Tables = told.weeks[0]["tables"]
    return {path: table for path, table in found.items() if table["committed"] is not None}


def digests(told: Told) -> dict[str, str]:
    return {path: table["digest"] for path, table in tables(told).items()}


def committed(told: Told) -> set[bool]:
    return {table["committed"] for table in tables(told).values()}


def writers(lake: LocalLake, path: str) -> set[str]:
    """What the commits of weeks say about the software that made them."""
    log = lake.root / path / "_delta_log"
    lines = (line for entry in log.glob("*.json") for line in entry.read_text().splitlines())
    commits = (json.loads(line).get("commitInfo", {}) for line in lines)
    return {str(commit.get("engineInfo", "")).split("/")[0] for commit in commits if "userMetadata" in commit}


@pytest.mark.parametrize("kind", KINDS)
def test_a_week_on_a_server_is_that_of_this_machine(
    tmp_path: Path, servers: Mapping[str, str], here: Mapping[str, str], kind: str
) -> None:
    """Its time zone, its arithmetic and its Parquet are others until a session sets them."""
    home = tmp_path / "home"
    elsewhere = {"CLOUDFLIX_ENGINE": "connect", "SPARK_REMOTE": servers[kind]}
    asked = ("run", WEEK, "--select", CHOSEN[kind], "--json")
    first = ran(cloudflix_process(home, *asked, **elsewhere))
    assert digests(first) == {path: here[path] for path in digests(first)}
    assert len(digests(first)) == (len(PATHS) if kind == "sail" else 6)
    assert committed(first) == {True}

    found = set().union(*(writers(LocalLake(home / "lake"), path) for path in PATHS))
    assert found == ({"Apache-Spark"} if kind == "spark" else {"delta-rs:py-1.6.6"})

    assert committed(ran(cloudflix_process(home, *asked, **elsewhere))) == {False}
    assert list((home / "lake" / "raw" / "staging").iterdir()) == []


def test_a_lake_passes_from_one_engine_to_the_next(
    tmp_path: Path, servers: Mapping[str, str], here: Mapping[str, str]
) -> None:
    """What one has published, all find unchanged, and none trusts another's receipt."""
    seen: list[Told] = []
    for kind in ("sail", *KINDS):
        own = {"CLOUDFLIX_ENGINE": "connect", "SPARK_REMOTE": servers[kind]} if seen else {}
        seen.append(
            ran(cloudflix_process(tmp_path, "run", WEEK, "--select", "+silver/cast", "--json", **own))
        )
    assert [committed(told) for told in seen] == [{True}, {False}, {False}]
    assert all(digests(told).items() <= here.items() for told in seen)


def test_two_processes_at_one_server_write_the_same_new_weeks(
    tmp_path: Path, servers: Mapping[str, str], spark_session: SparkSession
) -> None:
    """The conflicts of a server's Delta are known to its clients."""
    lake = LocalLake(tmp_path / "lake")
    lake.root.mkdir()
    elsewhere = {"CLOUDFLIX_ENGINE": "connect", "SPARK_REMOTE": servers["spark"]}
    processes = [started("race", lake.root, name, ROUNDS, "native", **elsewhere) for name in ("we", "they")]
    try:
        assert [ended(process) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    for number in range(ROUNDS):
        found = Tiny(lake, spark_session).authors(WEEK_1 + timedelta(weeks=number))
        assert found in {("we", "we"), ("they", "they")}
