"""The events and the output of each run, in the home: those of old runs that ended well are removed.

What was materialized and checked stays: it is stored for all runs together.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

EMPTY_BYTES = 200_000
"""An empty log has half of it, the log of a week five times as much."""

KEPT = 200
"""Runs that keep their logs, the newest; a log takes about a megabyte."""

_AT_ONCE = 50
"""Runs whose logs are removed together: to list all runs takes longer than to count files."""


def remove_old_logs(instance: dg.DagsterInstance) -> None:
    """Remove the logs of runs that ended well, but for those of the newest `KEPT` runs."""
    if not instance.is_persistent:
        return
    home = Path(instance.root_directory)
    logs = (path for path in (home / "history/runs").glob("*-*.db") if path.stat().st_size > EMPTY_BYTES)
    full = {path.stem: path for path in logs}
    if len(full) < KEPT + _AT_ONCE:
        return
    newest = set(instance.get_run_ids(limit=KEPT))
    well = set(instance.get_run_ids(RunsFilter(statuses=[DagsterRunStatus.SUCCESS])))
    for run_id in full.keys() & (well - newest):
        _empty(full[run_id])
        shutil.rmtree(home / "storage" / run_id, ignore_errors=True)


def _empty(log: Path) -> None:
    """Remove the events and keep the database: a web UI that has it open finds no events, and no error."""
    with closing(sqlite3.connect(log, isolation_level=None)) as database:
        database.execute("DELETE FROM event_logs")
        database.execute("VACUUM")
