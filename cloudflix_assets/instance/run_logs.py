"""The events and the output of each run, in the home: those of old runs that ended well are removed.

What was materialized, planned, observed and checked is stored in an index for all runs together. Of it the
newest of each week of each asset stays, whatever run it is of.
"""

import shutil
import sqlite3
from collections.abc import Collection
from contextlib import closing, suppress
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter

EMPTY_BYTES = 200_000
"""An emptied log has a tenth of it, or half where a web UI has it open; the log of a week five times it."""

KEPT = 200
"""Runs that keep their logs, the newest; a log and what the index holds of it take 1.5 megabytes."""

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
    _trim(home / "history/runs/index.db", well - newest)
    for run_id in full.keys() & (well - newest):
        _empty(full[run_id])
        shutil.rmtree(home / "storage" / run_id, ignore_errors=True)


def _empty(log: Path) -> None:
    """Remove the events and keep the database: a web UI that has it open finds no events, and no error."""
    with closing(sqlite3.connect(log, isolation_level=None)) as database:
        database.execute("DELETE FROM event_logs")
        with suppress(sqlite3.OperationalError):  # open elsewhere: its pages stay as large as they are
            database.execute("PRAGMA journal_mode=DELETE")
            database.execute("PRAGMA page_size=512")
        database.execute("VACUUM")


def _trim(index: Path, run_ids: Collection[str]) -> None:
    """Remove what these runs added to the index and newer runs have replaced; the file's space is used again.

    2026-12-01: Dagster 1.13 removes from its index whole runs or whole assets only. Drop once it can do this.
    """
    with closing(sqlite3.connect(index, timeout=30)) as database, database:
        database.execute("CREATE TEMP TABLE old (run_id TEXT PRIMARY KEY)")
        database.executemany("INSERT INTO old VALUES (?)", [(run_id,) for run_id in run_ids])
        for statement in _TRIM:
            database.execute(statement)


_TRIM = (
    """
    DELETE FROM asset_check_executions AS this WHERE run_id IN old AND id < (
        SELECT max(id) FROM asset_check_executions AS newer
        WHERE newer.asset_key = this.asset_key AND newer.check_name = this.check_name
        AND newer.partition IS this.partition)
    """,
    """
    DELETE FROM event_logs AS this WHERE run_id IN old
    AND id NOT IN (
        SELECT evaluation_event_storage_id FROM asset_check_executions
        WHERE evaluation_event_storage_id IS NOT NULL)
    AND (dagster_event_type LIKE 'ASSET_CHECK%' OR asset_key IS NULL OR id < (
        SELECT max(id) FROM event_logs AS newer
        WHERE newer.asset_key = this.asset_key AND newer.dagster_event_type = this.dagster_event_type
        AND newer.partition IS this.partition))
    """,
    "DELETE FROM asset_event_tags WHERE event_id NOT IN (SELECT id FROM event_logs)",
)
