"""Every fault ends in success or in one sentence, and never in a doubled or a missing write."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudflix_assets_tests.databricks.emulator import Emulator
from cloudflix_assets_tests.databricks.faults import Fault
from cloudflix_assets_tests.databricks.launches import Launches, launches, local, prepared
from cloudflix_assets_tests.databricks.runs import NOT_RUN, RunPlan
from cloudflix_assets_tests.databricks.troubles import (
    DOWNLOAD,
    LIST,
    POLL,
    PROXY,
    SUBMIT,
    Trouble,
    everywhere,
    expired_at,
    faults,
    killed_after_commit_of,
    large,
    never_answered,
    plans,
    settings,
    soon_given_up,
    without_dbfs,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, credits, publication

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.SupersessionWarning")

TABLES = ("silver/cast", "silver/cast_quarantine")
BEFORE = ("publication", "raw/cast", "bronze/cast")
CAST = credits("cast", *((f"Actor {i}", str(i)) for i in range(1, 21)), ("Actor 1", "1"))


@dataclass(frozen=True)
class Line:
    """What goes wrong, and what comes of it.

    Attributes:
        told: a pattern of all that the failed step says; None where it succeeds.
        runs: how many there are in Databricks then.
        stays: what was handed over stays until the next start, because nobody is let in to remove it.
    """

    troubles: tuple[Trouble, ...]
    told: str | None = None
    runs: int = 1
    stays: bool = False


DBFS = settings(CLOUDFLIX_DATABRICKS_STAGING="dbfs:/cloudflix")
SECRETS = settings(CLOUDFLIX_DATABRICKS_SECRETS="GITHUB_TOKEN=git/token")
NO_CLUSTER = RunPlan(outcome="cluster launch failure")
HALF = faults(Fault(DOWNLOAD, status=200, body=b"\x1f\x8b\x08 half of it", times=2))

LINES = {
    "429 on every call": Line((everywhere(status=429, headers={"Retry-After": "1"}),)),
    "500 on every call": Line((everywhere(status=500, code="INTERNAL_ERROR"),)),
    "502 on every call": Line((everywhere(status=502, body=PROXY),)),
    "503 on every call": Line((everywhere(status=503),)),
    "504 on every call": Line((everywhere(status=504, code="DEADLINE_EXCEEDED"),)),
    "every call dropped before it acts": Line((everywhere(drop="before"),)),
    "every answer lost": Line((everywhere(drop="after"),)),
    "a submission that is never answered": Line((never_answered,), runs=2),
    "no submission accepted": Line((faults(Fault(SUBMIT, status=500, times=None)),), "x", runs=0),
    "a run that is not known": Line(
        (faults(Fault(POLL, status=400, code="INVALID_PARAMETER_VALUE", message="Run 7 does not exist.")),),
        runs=2,
    ),
    "no cluster once": Line((plans(NO_CLUSTER),), runs=2),
    "no cluster ever": Line((plans(NO_CLUSTER, NO_CLUSTER, NO_CLUSTER),), "x", runs=3),
    "a library that is not installed": Line((plans(RunPlan(outcome="library failure")),), "x"),
    "an internal error": Line((plans(RunPlan(outcome="internal error")),), runs=2),
    "a driver killed before the step": Line((plans(RunPlan(driver_lost_after_seconds=0)),), runs=2),
    "a driver killed within the step": Line((killed_after_commit_of("cast_quarantine"),), runs=2),
    "a driver killed after the step": Line((killed_after_commit_of("cast"),), runs=2),
    "a timeout": Line((plans(RunPlan(timed_out_after_seconds=0)),), "x"),
    "cancelled by somebody": Line((plans(RunPlan(cancelled_after_seconds=0)),), "x"),
    "skipped": Line((plans(RunPlan(outcome="skipped")),), runs=2),
    "too many runs": Line((plans(RunPlan(outcome="too many runs")),), runs=2),
    "an end that nobody knows": Line((plans(RunPlan(life="EVAPORATED")),)),
    "a result that nobody knows": Line((plans(RunPlan(result="GLITTER")),)),
    "success without a word": Line((plans(RunPlan(outcome=NOT_RUN)),), runs=2),
    "a run that lingers": Line((plans(RunPlan(terminating_seconds=60)), soon_given_up)),
    "a bad end of a run whose step is done": Line(
        (plans(RunPlan(life="INTERNAL_ERROR", result="FAILED")),)
    ),
    "DBFS disabled, and staged in": Line((without_dbfs, DBFS), "x", runs=0),
    "DBFS disabled": Line((without_dbfs,)),
    "staged in DBFS": Line((DBFS,)),
    "a large package in DBFS": Line((DBFS, large)),
    "a token that expires before": Line((expired_at(SUBMIT),), "x", runs=0, stays=True),
    "a token that expires meanwhile": Line((expired_at(POLL, first=2),), "x", stays=True),
    "events that come slowly": Line((faults(Fault(DOWNLOAD, delay_seconds=1, times=2)),)),
    "events that are half written": Line((HALF,)),
    "a secret that is missing": Line((SECRETS,), "x"),
    "a cluster that is missing": Line((settings(CLOUDFLIX_DATABRICKS_CLUSTER="other"),), "x", runs=0),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("prepared"), {WEEK_1: publication(cast=CAST)}, *BEFORE)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("workspace")) as emulator:
        yield emulator


@pytest.fixture
def launched(
    workspace: Emulator, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Launches]:
    with launches(workspace, home, tmp_path, monkeypatch) as made:
        yield made
        assert workspace.wrong == []


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_fault_ends_in_success_or_in_one_sentence(launched: Launches, line: Line) -> None:
    for trouble in line.troubles:
        trouble(launched)
    result = launched.run(WEEK_1, *TABLES)
    print(result.failures, len(launched.emulator.runs))
    if line.told is None:
        assert result.failures == {}
        assert result.success
        assert {path: launched.content(path, WEEK_1)[1] for path in TABLES} == dict(zip(TABLES, (20, 1)))
    else:
        assert re.fullmatch(line.told, result.failures["silver_cast"])
    assert len(launched.emulator.runs) == line.runs
    assert launched.commits(*TABLES) == dict.fromkeys(TABLES, 0 if line.told else 1)
    if line.stays:
        launched.emulator.tokens.renew()
        launched.recalled()
    assert launched.handed_over() == []
