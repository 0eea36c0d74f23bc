"""Which runs are known to have ended, and the removal of what those left in the lake that did not succeed.

A run of the command line carries its process as a tag: one that was killed would else be running for ever.
A run that this instance does not know, or whose process is on another machine, is left alone.
"""

import os
import platform
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
from dagster import DagsterRunStatus, RunsFilter

from cloudflix_assets.delta.uncommitted import remove_of_run
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.staging import swept
from cloudflix_assets.partitions import week_of

PROCESS = "cloudflix/process"
REPEATED = "cloudflix/repeated"
"""Of a run that may have succeeded, and an attempt of which was lost in Databricks."""
CLOCK_SECONDS = 2.0
_CLOCK_STEP = timedelta(milliseconds=2)
"""Dagster keeps the time of a change in milliseconds."""
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_GOING = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING]
_FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_WELL = [DagsterRunStatus.SUCCESS]
_SILENT = "Its process ended without a word: killed, out of memory, or the machine went down."


def this_process() -> str:
    """Machine, process and its start, which tells it from a later one of the same number."""
    return f"{platform.node()} {os.getpid()} {_start(psutil.Process()):.1f}"


def sweep(lake: Lake, instance: dg.DagsterInstance, tables: Collection[str]) -> None:
    """End the runs whose process is gone, and remove what ended ones staged or wrote without a commit.

    Args:
        lake: the one that its runs write to.
        instance: which knows the runs.
        tables: paths of all Delta tables.
    """
    now = datetime.now(UTC) - _CLOCK_STEP
    end_gone(instance)
    swept(lake, lambda run_id: is_over(instance, run_id))
    since = _swept_until(instance, lake)
    for run in (
        *instance.get_runs(RunsFilter(statuses=_FAILED, updated_after=since)),
        *instance.get_runs(RunsFilter(statuses=_WELL, updated_after=since, tags={REPEATED: "true"})),
    ):
        _remove_of(run, lake, tables)
    instance.daemon_cursor_storage.set_cursor_values({_cursor(lake): now.isoformat()})


def end_gone(instance: dg.DagsterInstance) -> None:
    """End the runs whose process is gone."""
    for run in instance.get_runs(RunsFilter(statuses=_GOING)):
        if _is_gone(run.tags.get(PROCESS)):
            instance.report_run_failed(run, _SILENT)


def _swept_until(instance: dg.DagsterInstance, lake: Lake) -> datetime:
    """Runs that failed before were looked after then: a lake's history is long."""
    told = instance.daemon_cursor_storage.get_cursor_values({_cursor(lake)})
    return datetime.fromisoformat(told[_cursor(lake)]) if told else _BEFORE_ALL


def _cursor(lake: Lake) -> str:
    """An instance may have run other lakes before."""
    return f"cloudflix/swept {lake.place}"


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


def _remove_of(run: dg.DagsterRun, lake: Lake, tables: Collection[str]) -> None:
    partition = run.tags.get("dagster/partition")
    chosen = {key.to_user_string() for key in run.asset_selection or ()} or set(tables)
    for path in sorted(chosen & set(tables)) if partition else ():
        remove_of_run(lake, path, week_of(str(partition)), run.run_id)
