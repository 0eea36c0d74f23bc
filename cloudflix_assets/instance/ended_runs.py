"""Which runs are known to have ended, and the removal of what those left in the lake that did not succeed.

A run of the command line carries its process as a tag: one that was killed would else be running for ever.
A run that this instance does not know, or whose process is on another machine, is left alone.
"""

import os
import platform

import dagster as dg
import psutil
from dagster import DagsterRunStatus, RunsFilter

from cloudflix_assets.names import PROCESS

CLOCK_SECONDS = 2.0
_GOING = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
_SILENT = "Its process ended without a word: killed, out of memory, or the machine went down."


def this_process() -> str:
    """Machine, process and its start, which tells it from a later one of the same number."""
    return f"{platform.node()} {os.getpid()} {_start(psutil.Process()):.1f}"


def end_gone(instance: dg.DagsterInstance) -> None:
    """End the runs whose process is gone."""
    for run in instance.get_runs(RunsFilter(statuses=_GOING)):
        if _is_gone(run.tags.get(PROCESS)):
            instance.report_run_failed(run, _SILENT)


def _start(process: psutil.Process) -> float:
    """Seconds after the machine's own start: a clock that is set anew does not move it."""
    return float(process.create_time() - psutil.boot_time())


def _is_gone(process: str | None) -> bool:
    machine, number, start = (process or "  ").split(" ")
    if machine != platform.node():
        return False
    try:
        return abs(_start(psutil.Process(int(number))) - float(start)) > CLOCK_SECONDS
    except psutil.NoSuchProcess:
        return True


def is_over(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether a run that this instance knows has ended."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished
