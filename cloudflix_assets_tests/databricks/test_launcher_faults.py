"""Every fault ends in success or in one sentence, and never in a doubled or a missing write."""

import logging
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from cloudflix_assets.runs.sweep import sweep
from cloudflix_assets_tests.databricks.launches import Launches, content, copied, local, prepared
from cloudflix_assets_tests.databricks.troubles import (
    DOWNLOAD,
    POLL,
    PROXY,
    SUBMIT,
    Trouble,
    everywhere,
    expired_at,
    faults,
    killed_at_commit_of,
    large,
    late,
    never_answered,
    plans,
    settings,
    soon_given_up,
    without_dbfs,
)
from cloudflix_assets_tests.faults import Row
from cloudflix_assets_tests.lake.adls.lakes import leftovers
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, lookup, publication
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.loopback.databricks.runs import NOT_RUN, RunPlan
from cloudflix_assets_tests.tiers import slow_but

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.SupersessionWarning")

TABLES = ("silver/cast", "silver/cast_quarantine")
BEFORE = ("publication", "raw/cast", "bronze/cast")
SOUND = [(f"Actor {i}", str(i)) for i in range(1, 21)]
PUBLICATIONS = {
    WEEK_1: publication(cast=lookup("cast", *SOUND, ("Actor 1", "1"))),
    WEEK_2: publication(cast=lookup("cast", *SOUND, *SOUND)),  # too many rows are quarantined
}
PATIENCE = 60


@dataclass(frozen=True)
class Line(Row[tuple[Trouble, ...]]):
    """A row of the table of faults; `told` is a pattern of all that the failed step says.

    Attributes:
        runs: how many there are in Databricks then.
        first: how the first of them ended.
        logged: a pattern of a warning or an error in the log.
        cut_off: nobody is let in to cancel or to remove anything, which the next start does.
    """

    runs: int = 1
    first: str | None = None
    logged: str | None = None
    week: date = WEEK_1
    cut_off: bool = False


RUN = r"Databricks run \d+: "
SEE = r"; see http://\S+\."
FAILED = "Task cloudflix failed with message: "
EXPIRED = r"http://\S+ does not accept the credential, or it has expired: make a new one, .*"
ENDED_BADLY = r"Databricks run \d+ ended badly after its step was over: .+\."
DBFS = settings(CLOUDFLIX_DATABRICKS_STAGING="dbfs:/cloudflix")
SECRETS = settings(CLOUDFLIX_DATABRICKS_SECRETS="GITHUB_TOKEN=git/token")
NO_CLUSTER = RunPlan(outcome="cluster launch failure")
WAITS = plans(RunPlan(pending_seconds=60))
UNKNOWN = Fault(POLL, status=400, code="INVALID_PARAMETER_VALUE", message="Run 7 does not exist.")

LINES = {
    "429 on every call": Line((everywhere(status=429, headers={"Retry-After": "1"}),)),
    "500 on every call": Line((everywhere(status=500, code="INTERNAL_ERROR"),)),
    "502 on every call": Line((everywhere(status=502, body=PROXY),)),
    "503 on every call": Line((everywhere(status=503),)),
    "504 on every call": Line((everywhere(status=504, code="DEADLINE_EXCEEDED"),)),
    "every call dropped before it acts": Line((everywhere(drop="before"),)),
    "every answer lost": Line((everywhere(drop="after"),)),
    "a submission that is never answered": Line((WAITS, never_answered), runs=2, first="CANCELED"),
    "no submission accepted": Line(
        (faults(Fault(SUBMIT, status=500, times=None)),),
        r"Databricks does not answer \(The service is .+ unavailable\); given up after 3 of 3 attempts\.",
        runs=0,
    ),
    "a run that is not known": Line((faults(UNKNOWN),), runs=2, first="CANCELED"),
    "no cluster once": Line((plans(NO_CLUSTER),), runs=2),
    "no cluster ever": Line(
        (plans(NO_CLUSTER, NO_CLUSTER, NO_CLUSTER),),
        f"{RUN}{FAILED}Cluster '.+' was terminated. Reason: .+; given up after 3 of 3 attempts.",
        runs=3,
    ),
    "a library that is not installed": Line(
        (plans(RunPlan(outcome="library failure")),), f"{RUN}{FAILED}Library installation failed .+{SEE}"
    ),
    "an internal error": Line((plans(RunPlan(outcome="internal error")),), runs=2),
    "a driver killed before the step": Line((plans(RunPlan(driver_lost_after_seconds=0)),), runs=2),
    "a driver killed before it commits": Line((killed_at_commit_of(TABLES[0], before=True),), runs=2),
    "a driver killed between two commits": Line((killed_at_commit_of(TABLES[1]),), runs=2),
    "a driver killed after it commits": Line((killed_at_commit_of(TABLES[0]),), runs=2),
    "a timeout": Line(
        (plans(RunPlan(timed_out_after_seconds=0.01)),),
        f"{RUN}took longer than CLOUDFLIX_DATABRICKS_TIMEOUT allows: Run timed out{SEE}",
    ),
    "cancelled by somebody": Line(
        (plans(RunPlan(cancelled_after_seconds=0)),), f"{RUN}was cancelled in Databricks: Run cancelled{SEE}"
    ),
    "skipped": Line((plans(RunPlan(outcome="skipped")),), runs=2),
    "too many runs": Line((plans(RunPlan(outcome="too many runs")),), runs=2),
    "an end that nobody knows": Line((plans(RunPlan(life="EVAPORATED")),)),
    "a result that nobody knows": Line((plans(RunPlan(result="GLITTER")),), logged=ENDED_BADLY),
    "success without a word": Line((plans(RunPlan(outcome=NOT_RUN)),), runs=2),
    "a run that lingers": Line((plans(RunPlan(terminating_seconds=3)), soon_given_up)),
    "a bad end of a run whose step is over": Line(
        (plans(RunPlan(life="INTERNAL_ERROR", result="FAILED")),), logged=ENDED_BADLY
    ),
    "DBFS disabled, and staged in": Line(
        (without_dbfs, DBFS),
        "dbfs:/cloudflix cannot be staged in, because DBFS is disabled in this workspace: set "
        "CLOUDFLIX_DATABRICKS_STAGING to a volume, /Volumes/<catalog>/<schema>/<volume>.",
        runs=0,
    ),
    "DBFS disabled": Line((without_dbfs,)),
    "a large package in DBFS": Line((DBFS, large)),
    "a token that expires before": Line((expired_at(SUBMIT),), EXPIRED, runs=0, cut_off=True),
    "a token that expires meanwhile": Line(
        (expired_at(POLL, first=2),), EXPIRED, first="CANCELED", cut_off=True
    ),
    "events that come slowly": Line((faults(Fault(DOWNLOAD, delay_seconds=1, times=2)),)),
    "events that come late": Line((late,)),
    "events that are half written": Line(
        (faults(Fault(DOWNLOAD, status=200, body=b"\x1f\x8b\x08 half of it", times=2)),)
    ),
    "a secret that is missing": Line(
        (SECRETS,),
        f"{RUN}{FAILED}.+: ValueError: Secret does not exist with scope: git and key: token{SEE}",
        logged=r"(?s).+\nTraceback .+dbutils\.secrets\.get.+",
    ),
    "a cluster that is missing": Line(
        (settings(CLOUDFLIX_DATABRICKS_CLUSTER="other"),),
        r"http://\S+ does not accept it \(Cluster other does not exist\): correct the setting\.",
        runs=0,
    ),
    "a contract that is not kept": Line(
        (), "silver/cast, week 2026-11-09: .+; nothing was published. .+", week=WEEK_2
    ),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared"), PUBLICATIONS, *BEFORE)


@pytest.fixture(scope="module")
def undisturbed(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What the same step makes on this machine, undisturbed."""
    other = copied(home, tmp_path_factory.mktemp("undisturbed") / "home")
    assert local(other, WEEK_1, *TABLES).success
    return {path: content(other, path, WEEK_1) for path in TABLES}


@pytest.mark.parametrize(
    "line",
    slow_but(lambda line: line is LINES["a driver killed before it commits"], LINES.values()),
    ids=LINES,
)
def test_a_fault_ends_in_success_or_in_one_sentence(
    launched: Launches, undisturbed: dict[str, tuple[str, int]], line: Line
) -> None:
    for trouble in line.wrong:
        trouble(launched)
    result = launched.run(line.week, *TABLES)
    if line.cut_off:
        launched.emulator.tokens.renew()
        launched.clean_up()
    assert all(run.ended.wait(PATIENCE) for run in launched.emulator.runs)
    if line.told is None:
        assert (result.failures, result.success) == ({}, True)
        assert {path: content(launched.home, path, WEEK_1) for path in TABLES} == undisturbed
    else:
        assert re.fullmatch(line.told, result.failures["silver_cast"]), result.failures
    assert launched.commits(*TABLES) == dict.fromkeys(TABLES, 0 if line.told else 1)
    assert len(launched.emulator.runs) == line.runs
    assert line.first in {None, *(run.end and run.end.result for run in launched.emulator.runs[:1])}
    assert launched.handed_over() == []
    sweep(launched.lake, launched.instance, TABLES)
    assert leftovers(launched.lake, *TABLES) == set()
    assert list(launched.home.glob("lake/*/staging/*")) == []
    assert all(fault.happened for fault in launched.emulator.faults)
    assert launched.emulator.plans == []
    assert result.checks["failed"] == (line.week == WEEK_2)
    log = launched.logged(result.run_id, logging.WARNING)
    assert line.logged is None or any(re.fullmatch(line.logged, message) for message in log), log
