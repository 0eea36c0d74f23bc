"""Which runs have ended: those that Dagster has finished, and those whose process is gone.

A run of the command line carries its process as a tag; without it, a killed run would count as running for
ever. A run that this instance does not know, or whose process is on another machine, is left alone.
"""

import os
import platform

import dagster as dg
import psutil
from dagster import DagsterRunStatus, RunsFilter

from cloudflix_assets.names import PROCESS

CLOCK_SECONDS = 2.0
"""Two start times that differ by no more are those of one process."""
_GOING = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
SILENT = "Its process ended without a word: killed, out of memory, or the machine went down."


def this_process() -> str:
    """Return machine, process number and start; the start tells it from another process of that number."""
    return f"{platform.node()} {os.getpid()} {_start(psutil.Process()):.1f}"


def end_gone(instance: dg.DagsterInstance) -> None:
    """Report the runs whose process is gone as failed."""
    for run in instance.get_runs(RunsFilter(statuses=_GOING)):
        if is_gone(run.tags.get(PROCESS)):
            instance.report_run_failed(run, SILENT)


def is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether this instance knows the run and the run has ended."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def _start(process: psutil.Process) -> float:
    """Seconds from the machine's boot to the process's start; setting the clock does not change it."""
    return float(process.create_time() - psutil.boot_time())


def is_gone(process: str | None) -> bool:
    """Return whether a process that ran here is gone; False for one of another machine, and for none."""
    machine, number, start = (process or "  ").split(" ")
    if machine != platform.node():
        return False
    try:
        return abs(_start(psutil.Process(int(number))) - float(start)) > CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True
