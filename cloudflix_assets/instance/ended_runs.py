"""Which runs have ended: those that Dagster has finished, and those whose process is gone.

A run of the command line holds a file in the home, by which a killed one is known wherever its process was.
It also carries its process as a tag, for homes whose disk other machines do not see. A run that this instance
does not know, or whose process is on another machine without its file here, is left alone.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import psutil
from dagster import DagsterRunStatus, RunsFilter

from cloudflix_assets.lake.held import hold
from cloudflix_assets.names import PROCESS

CLOCK_SECONDS = 2.0
"""Two start times that differ by no more are those of one process."""
_GOING = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
SILENT = "Its process ended without a word: killed, out of memory, or the machine went down."


def this_process() -> str:
    """Return machine, process number and start; the start tells it from another process of that number."""
    return f"{platform.node()} {os.getpid()} {_start(psutil.Process()):.1f}"


@contextmanager
def hold_run(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the run's file in the home during the block, if the instance has a home."""
    if not instance.is_persistent:
        yield
        return
    path = _held_by(instance, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with hold(path):
        yield
    path.unlink(missing_ok=True)


def end_gone(instance: dg.DagsterInstance) -> None:
    """Report the runs whose process is gone as failed."""
    for run in instance.get_runs(RunsFilter(statuses=_GOING)):
        if is_gone(instance, run):
            instance.report_run_failed(run, SILENT)
            if instance.is_persistent:
                _held_by(instance, run.run_id).unlink(missing_ok=True)


def is_gone(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether the process of a run is gone; False for one of which nothing is known here."""
    if (let_go := _is_let_go(instance, run.run_id)) is not None:
        return let_go  # also of a process in a container that is called like this machine
    # The web UI copies the tags of a run that it re-executes, which is another process then.
    return run.parent_run_id is None and _has_ended(run.tags.get(PROCESS))


def is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether this instance knows the run and the run has ended."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def _start(process: psutil.Process) -> float:
    """Seconds from the machine's boot to the process's start; setting the clock does not change it."""
    return float(process.create_time() - psutil.boot_time())


def _held_by(instance: dg.DagsterInstance, run_id: str) -> Path:
    return Path(instance.root_directory) / "running" / run_id


def _is_let_go(instance: dg.DagsterInstance, run_id: str) -> bool | None:
    """Whether nobody holds the run's file; None if it is not there."""
    if not instance.is_persistent:
        return None
    with suppress(FileNotFoundError), hold(_held_by(instance, run_id)) as let_go:
        return let_go
    return None


def _has_ended(process: str | None) -> bool:
    """Whether a process that ran here is gone; False for one of another machine, and for none."""
    machine, number, start = (process or "  ").split(" ")
    if machine != platform.node():
        return False
    try:
        return abs(_start(psutil.Process(int(number))) - float(start)) > CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True
