"""Runs of several machines at once: each week ends as one run's, whole, and nothing is left over."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.delta.log import commit_metadata
from cloudflix_assets.delta.read import files_in_lake, read
from cloudflix_assets.delta.table import open_table
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.lakes import ended, leftovers, settings, started, steps
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    WEEK_3,
    Lakehouse,
    MemorySource,
    lookup,
    publication,
    put,
    registered,
)
from cloudflix_assets_tests.loopback.azure.calls import Call
from cloudflix_assets_tests.loopback.azure.hierarchical import Hierarchical
from cloudflix_assets_tests.loopback.azure.proxy import Proxy

SELECTED = "+silver/cast"
TABLES = registered("raw/cast", "bronze/cast", "silver/cast")
STORED = ("raw/cast", "bronze/cast", "silver/cast_quarantine", "silver/cast")
Digests = dict[tuple[str, date], str | None]
WEEKS = (WEEK_1, WEEK_2, WEEK_3)


def of_week(number: int) -> dict[str, bytes]:
    """Another number of rows, one of them refused, each week."""
    ids = [str(i) for i in range(1, 21 + number)]
    return publication(cast=lookup("cast", *((f"Week {number}", i) for i in ids), (f"Week {number}", "1")))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("netflix")
    for number, week in enumerate(WEEKS, 1):
        put(folder / str(week), of_week(number))
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    environment = Environment(home=tmp_path_factory.mktemp("home"), first_week="2026-01-05")
    publications = {week: of_week(number) for number, week in enumerate(WEEKS, 1)}
    with dg.DagsterInstance.ephemeral() as instance:
        house = Lakehouse(environment, instance, source=MemorySource(publications), tables=TABLES)
        assert all(house.run(week).success for week in WEEKS)
        return house.digests(*WEEKS)


class Meeting:
    """Runs wait for each other before their first commit of a table, so that they do race."""

    def __init__(self, proxy: Proxy, many: int, path: str) -> None:
        self.barrier = threading.Barrier(many)
        proxy.hold(self._wait, kind="put-if-absent", path=path, times=many)

    def _wait(self, _: Call) -> None:
        self.barrier.wait(90)


def run_at_once(account: Environment, *weeks: date, options: Sequence[str] = ()) -> None:
    """A run per week, each as of a machine of its own."""
    homes = [account.home / str(number) for number in range(len(weeks))]
    told = ["--select", SELECTED, "--quiet", *options]
    runs = [
        started(account.model_copy(update={"home": home}), "run", "--week", week, *told)
        for home, week in zip(homes, weeks, strict=True)
    ]
    assert [ended(run) for run in runs] == [0] * len(weeks)


def check(environment: Environment, undisturbed: Digests, *weeks: date) -> AdlsLake:
    """Every week holds its rows once, its quarantine's are of the same step, and nothing lies beside."""
    lake, session = AdlsLake.of(environment), start_engine(environment).spark_session
    for path in STORED:
        for week in weeks:
            told = commit_metadata(lake, path, week)
            assert told["digest"] == undisturbed[path, week]
            table = open_table(lake, path)
            assert table
            folders = {file.folder for file in files_in_lake(table, path, week)}
            assert {folder.rpartition("/")[2].startswith(told["step"]) for folder in folders} <= {True}
            assert str(read(lake, session, path, None, [week]).count()) == told["digest"].split(":")[1]
    assert leftovers(lake, *STORED) == set()
    return lake


def test_three_runs_of_three_weeks(proxy: Proxy, account: Environment, undisturbed: Digests) -> None:
    """The first of all: they create every table together, and each commit but one meets another's."""
    meetings = [Meeting(proxy, 3, rf"{path}/_delta_log/0+\.json") for path in STORED]
    run_at_once(account, *WEEKS)
    lake = check(account, undisturbed, *WEEKS)
    assert {path: len(steps(lake, path)) for path in STORED} == dict.fromkeys(STORED, 3)
    assert all(meeting.barrier.n_waiting == 0 for meeting in meetings)


def test_three_runs_of_the_same_week(proxy: Proxy, account: Environment, undisturbed: Digests) -> None:
    """All commit at the same moment: two of the three must find that the week is there."""
    Meeting(proxy, 3, r"silver/cast/_delta_log/0{19}1\.json")
    run_at_once(account, WEEK_1, WEEK_1, WEEK_1)
    lake = check(account, undisturbed, WEEK_1)
    assert Counter(map(len, (steps(lake, path) for path in STORED))) == {1: len(STORED)}


def test_two_runs_that_replace_the_same_week(
    proxy: Proxy, account: Environment, undisturbed: Digests
) -> None:
    """With --force both commit, and the quarantine and the table must end with the same one's."""
    Meeting(proxy, 2, r"silver/cast_quarantine/_delta_log/0{19}1\.json")
    run_at_once(account, WEEK_1, WEEK_1, options=["--force"])
    lake = check(account, undisturbed, WEEK_1)
    ends = {commit_metadata(lake, path, WEEK_1)["step"] for path in ("silver/cast", "silver/cast_quarantine")}
    assert len(ends) == 1


def test_two_runs_in_a_hierarchy(
    hierarchical: Hierarchical, source: Path, tmp_path: Path, undisturbed: Digests
) -> None:
    environment = settings(hierarchical, tmp_path / "home", source=str(source), flat=False)
    run_at_once(environment, WEEK_1, WEEK_1)
    check(environment, undisturbed, WEEK_1)
