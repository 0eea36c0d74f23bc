"""A `cloudflix run` that is interrupted or killed leaves no run in Databricks that nobody waits for."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from cloudflix_assets_tests.databricks.launches import Launches, prepared
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, put
from cloudflix_assets_tests.loopback.databricks.runs import Run
from cloudflix_assets_tests.loopback.databricks.tasks import eventually

pytestmark = pytest.mark.slow  # kills

TABLES = ("silver/cast", "silver/cast_quarantine")
BEFORE = ("publication", "raw/cast", "bronze/cast")
LONGEST = 180
"""Seconds; one that hangs must not hang the tests."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = prepared(tmp_path_factory.mktemp("prepared"), {WEEK_1: publication()}, *BEFORE)
    put(home / "files" / str(WEEK_2), publication())
    return home


def cloudflix(*options: str) -> "subprocess.Popen[str]":
    """`cloudflix run` with the settings of the launches, in a process group of its own."""
    code = "from cloudflix_assets.cli.commands import main; main()"
    command = [sys.executable, "-c", code, "run", *options]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def ended(process: "subprocess.Popen[str]") -> str:
    """Wait for the process, and return its exit code and what it printed, in one line."""
    said = process.communicate(timeout=LONGEST)[1]
    return " ".join([str(process.returncode), *said.split()])


@contextmanager
def held(launched: Launches) -> Iterator[tuple["subprocess.Popen[str]", Run, psutil.Process]]:
    """Launch a step and suspend its driver once it has begun."""
    with cloudflix("--week", str(WEEK_1), "--select", "silver/cast") as process:
        family = [psutil.Process(process.pid)]
        try:
            assert eventually(lambda: any(run.driver_pid for run in launched.emulator.runs))
            (run,) = launched.emulator.runs
            driver = psutil.Process(run.driver_pid)
            driver.suspend()
            family += family[0].children(recursive=True)
            yield process, run, driver
        finally:
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()


def to_the_group(process: "subprocess.Popen[str]") -> None:
    """Interrupt the process group, as a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


def to_the_first(process: "subprocess.Popen[str]") -> None:
    """Terminate the first process, as a supervisor does."""
    process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("interrupt", [to_the_group, to_the_first])
def test_an_interrupted_run_cancels_its_run_in_databricks(
    launched: Launches, interrupt: Callable[["subprocess.Popen[str]"], None]
) -> None:
    with held(launched) as (process, run, driver):
        interrupt(process)
        said = ended(process)
        assert said.startswith("130 ")
        assert "Interrupted (no week was finished)" in said
        assert "Traceback" not in said
        assert run.ended.wait(LONGEST)
        assert (run.life, run.end and run.end.result) == ("TERMINATED", "CANCELED")
        assert not driver.is_running()
    assert launched.commits(*TABLES) == dict.fromkeys(TABLES, 0)
    assert launched.handed_over() == []


def test_what_a_killed_run_left_is_ended_by_the_next_start(launched: Launches) -> None:
    """The killed one could cancel nothing; its driver would write beside that of the next."""
    with held(launched) as (process, run, driver):
        others = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        assert launched.handed_over() != []
        assert ended(cloudflix("--week", str(WEEK_1), "--select", "silver/cast", "--quiet")) == "0"
        assert run.end
        assert run.end.result == "CANCELED"
        assert not driver.is_running()
        assert eventually(lambda: not [other for other in others if other.is_running()])
    assert len(launched.emulator.runs) == 2
    assert launched.commits(*TABLES) == dict.fromkeys(TABLES, 1)
    assert launched.handed_over() == []


def test_a_run_that_lives_is_left_alone_by_another_start(launched: Launches) -> None:
    with held(launched) as (process, run, driver):
        assert ended(cloudflix("--week", str(WEEK_2), "--select", "publication", "--quiet")) == "0"
        assert not run.ended.is_set()
        assert not run.cancel.is_set()
        driver.resume()
        assert ended(process).startswith("0")
    assert launched.commits(*TABLES) == dict.fromkeys(TABLES, 1)
    assert launched.handed_over() == []
