"""Removal of staging and uncommitted files that ended runs left in the lake."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

from cloudflix_assets.delta.files import remove_of_run
from cloudflix_assets.instance.ended_runs import end_gone, is_over
from cloudflix_assets.instance.run_logs import remove_old_logs
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.held import remove_dead_spools
from cloudflix_assets.lake.staging import remove_dead_staging
from cloudflix_assets.names import REPEATED
from cloudflix_assets.partitions import week_of

_CLOCK_STEP = timedelta(milliseconds=2)
"""More than the resolution of Dagster's update times, a millisecond, so that no run is missed."""
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_FAILED = [DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_WELL = [DagsterRunStatus.SUCCESS]


def sweep(lake: Lake, instance: dg.DagsterInstance, tables: Collection[str]) -> None:
    """End the runs whose process is gone; remove the staging and uncommitted files of ended runs.

    Args:
        lake: to which the runs of the instance write.
        instance: holds the history of the runs.
        tables: paths of all Delta tables.
    """
    now = datetime.now(UTC) - _CLOCK_STEP
    end_gone(instance)
    remove_old_logs(instance)
    remove_dead_spools()
    lake.remove_dead_parts(["raw/files", *(f"{table}/_delta_log" for table in tables)])
    remove_dead_staging(lake, lambda run_id: is_over(instance, run_id))
    since = _swept_until(instance, lake)
    for run in (
        *instance.get_runs(RunsFilter(statuses=_FAILED, updated_after=since)),
        *instance.get_runs(RunsFilter(statuses=_WELL, updated_after=since, tags={REPEATED: "true"})),
    ):
        _remove_of(run, lake, tables)
    instance.daemon_cursor_storage.set_cursor_values({_cursor(lake): now.isoformat()})


def _swept_until(instance: dg.DagsterInstance, lake: Lake) -> datetime:
    """When this lake was last swept; runs that ended before need no second look.

    If the clock was ahead then, every run needs one.
    """
    told = instance.daemon_cursor_storage.get_cursor_values({_cursor(lake)})
    swept = datetime.fromisoformat(told[_cursor(lake)]) if told else _BEFORE_ALL
    return swept if swept <= datetime.now(UTC) else _BEFORE_ALL


def _cursor(lake: Lake) -> str:
    """The cursor's name includes the lake, because one instance may have run several."""
    return f"cloudflix/swept {lake.place}"


def _remove_of(run: dg.DagsterRun, lake: Lake, tables: Collection[str]) -> None:
    partition = run.tags.get("dagster/partition")
    chosen = {key.to_user_string() for key in run.asset_selection or ()} or set(tables)
    for path in sorted(chosen & set(tables)) if partition else ():
        remove_of_run(lake, path, week_of(str(partition)), run.run_id)
