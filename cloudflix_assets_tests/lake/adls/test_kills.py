"""`cloudflix run` is killed between two calls: readers see whole weeks, and the next run leaves no trace."""

import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from dagster import DagsterRunStatus

from cloudflix_assets.delta import log, read
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.runs.weeks import run_weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.lakes import committed, ended, killed, leftovers, started
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, lookup, publication, put
from cloudflix_assets_tests.loopback.azure.calls import Call, Kind
from cloudflix_assets_tests.loopback.azure.faults import reset
from cloudflix_assets_tests.loopback.azure.proxy import Proxy, When

SELECTED = "+silver/cast"
STORED = ("raw/cast", "bronze/cast", "silver/cast_quarantine", "silver/cast")
TWICE = publication(cast=lookup("cast", *(("Somebody", str(i)) for i in range(1, 21)), ("Somebody", "1")))
Rows = dict[tuple[str, date], list[str]]


class Moment(NamedTuple):
    """Right before or after a call."""

    when: When
    kind: Kind
    path: str


MOMENTS = {
    "before the marker": Moment("before", "put-if-absent", r"raw/files/lake\.json"),
    "after the marker": Moment("after", "put-if-absent", r"raw/files/lake\.json"),
    "after a landed file": Moment("after", "put", "raw/files/cast/"),
    "before the manifest": Moment("before", "put", "raw/files/publications/"),
    "after a bronze Parquet": Moment("after", "put", "bronze/cast/week="),
    "before the quarantine's commit": Moment(
        "before", "put-if-absent", r"cast_quarantine/_delta_log/0+1\.json"
    ),
    "after the quarantine's commit": Moment(
        "after", "put-if-absent", r"cast_quarantine/_delta_log/0+1\.json"
    ),
    "after the table's first entry": Moment("after", "put-if-absent", r"silver/cast/_delta_log/0+\.json"),
    "before the table's commit": Moment("before", "put-if-absent", r"silver/cast/_delta_log/0+1\.json"),
    "after the table's commit": Moment("after", "put-if-absent", r"silver/cast/_delta_log/0+1\.json"),
    "before the receipt": Moment("before", "put", "raw/files/receipts/silver"),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("netflix")
    put(folder / str(WEEK_1), TWICE)
    put(folder / str(WEEK_2), publication())
    return folder


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of both weeks in a folder."""
    environment = Environment(home=tmp_path_factory.mktemp("home"), source=str(source))
    assert all(week.success for week in run_weeks(environment, [WEEK_1, WEEK_2], SELECTED, {}))
    return rows(environment, WEEK_1, WEEK_2)


def rows(environment: Environment, *weeks: date) -> Rows:
    """What a reader sees of each table that has a week; fails where its record says something else."""
    lake, session = lake_of(environment), start_engine(environment).spark_session
    found = {}
    for path in STORED:
        for week in weeks:
            seen = read.read(lake, session, path, None, [week]).drop("week").collect()
            if told := log.committed_digest(lake, path, week):
                assert told.split(":")[1] == str(len(seen))
                found[path, week] = sorted(map(str, seen))
            else:
                assert seen == []
    return found


def command(week: date) -> Sequence[object]:
    return ("run", "--week", week, "--select", SELECTED, "--json", "--quiet")


def scratch(environment: Environment) -> set[str]:
    """What runs have staged on this machine."""
    return {stored.path for stored in lake_of(environment).scratch.files_below("")}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run(proxy: Proxy, account: Environment, undisturbed: Rows, moment: str) -> None:
    """Half a week must never be visible, and the same command must make it good and leave nothing behind."""
    when, kind, path = MOMENTS[moment]
    process = started(account, *command(WEEK_1))
    proxy.hold(lambda _: killed(process), kind=kind, path=path, when=when)
    proxy.fault(reset, kind=kind, path=path, when=when)
    assert ended(process) == -9
    assert rows(account, WEEK_1).items() <= undisturbed.items()
    kept = {path: committed(lake_of(account), path) for path in STORED}

    (again,) = run_weeks(account, [WEEK_1], SELECTED, {})
    assert again.failures == {}
    assert rows(account, WEEK_1) == {key: undisturbed[key] for key in undisturbed if key[1] == WEEK_1}
    lake = lake_of(account)
    assert leftovers(lake, *STORED) | scratch(account) == set()
    assert all(kept[path] <= {s.path for s in lake.files_below(path)} for path in STORED)
    with open_instance(account) as instance:
        states = [run.status for run in instance.get_runs()]
    assert states == [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]


@pytest.mark.parametrize("same_instance", [True, False])
def test_what_a_run_that_goes_on_has_written_is_not_swept(
    proxy: Proxy, account: Environment, undisturbed: Rows, tmp_path: Path, same_instance: bool
) -> None:
    """A second run begins while another has written its Parquet and not yet committed it."""
    there, go_on = threading.Event(), threading.Event()

    def wait(_: Call) -> None:
        there.set()
        assert go_on.wait(60)

    when, kind, path = MOMENTS["before the table's commit"]
    proxy.hold(wait, kind=kind, path=path, when=when)
    process = started(account, *command(WEEK_1))
    try:
        assert there.wait(60)
        lake = lake_of(account)
        written = leftovers(lake, *STORED) | scratch(account)
        assert {path.partition("/")[0] for path in written} == {"silver"}
        home = account.home if same_instance else tmp_path / "other"
        (other,) = run_weeks(account.model_copy(update={"home": home}), [WEEK_2], SELECTED, {})
        assert other.success
        assert leftovers(lake, *STORED) | scratch(account) == written
    finally:
        go_on.set()
    assert ended(process) == 0
    assert rows(account, WEEK_1, WEEK_2) == undisturbed
    assert leftovers(lake, *STORED) | scratch(account) == set()
