"""The Dagster instance under `CLOUDFLIX_HOME`, which the command line and the web UI share."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import dagster as dg

# 2026-11-30: Dagster 1.13 opens an instance of a given folder and settings by a private class alone. Drop
# once it exports it.
from dagster._core.instance.ref import InstanceRef

from cloudflix_assets.errors import CloudflixError, first_line, storage_errors
from cloudflix_assets.instance.settings_file import InstanceRefused, ensure_settings
from cloudflix_assets.settings.environment import Environment

_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
LOCK_SECONDS = 60
"""Seconds to wait for another process that is opening the instance."""
EVENTS_AT_ONCE = 100
"""Events per batch: Dagster's batch of a step or a plan is stored in one transaction (event_log.py)."""


@contextmanager
def open_instance(environment: Environment) -> Iterator[dg.DagsterInstance]:
    """Open the instance; create it if it is missing.

    Raises:
        InstanceRefused: its settings or its databases cannot be read.
        StorageRefused: they cannot be written, now or while it is open.
    """
    home = environment.home
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_AT_ONCE))
    with storage_errors(str(home)):
        with _lock(home):
            instance = _open(home)
        with instance:
            yield instance


def prepare(environment: Environment) -> Path:
    """Create the instance's settings and databases if they are missing, and return its folder."""
    with open_instance(environment):
        return environment.home


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    """Let one process in at a time: two that create the databases at once give them two schema versions."""
    if home.is_file():
        raise InstanceRefused(
            f"{home} is a file, not a folder: choose another home (--home, CLOUDFLIX_HOME)."
        )
    home.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home / "opening.lock", LOCK_SECONDS, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def _open(home: Path) -> dg.DagsterInstance:
    settings = ensure_settings(home)
    away = "the next run makes it anew, and the lake is not in it."
    with _refuse(f"{settings} cannot be read", f"correct it, or move it away: {away}"):
        reference = InstanceRef.from_dir(str(home))
    for name in _DATABASES:
        _refuse_damaged(home / name, away)
    with _refuse(
        f"Dagster's history in {home / 'history'} cannot be opened", f"move that folder away: {away}"
    ):
        instance = dg.DagsterInstance.from_ref(reference)
    with _refuse(f"the compute logs that {settings} asks for cannot be kept", "correct it there"):
        _ = instance.compute_log_manager  # made when it is first asked for, which would be in a run
    return instance


def _refuse_damaged(database: Path, away: str) -> None:
    """Refuse a damaged file before Dagster reads it: it names none, and opens some of them late."""
    if database.is_file():
        with (
            _refuse(f"Dagster's database {database} cannot be opened", f"move that file away: {away}"),
            closing(sqlite3.connect(database)) as opened,
        ):
            opened.execute("PRAGMA schema_version")


@contextmanager
def _refuse(what: str, remedy: str) -> Iterator[None]:
    try:
        with storage_errors(what):
            yield
    except CloudflixError:
        raise
    except Exception as error:  # YAML's, Dagster's, SQLAlchemy's, Alembic's and SQLite's; none is swallowed
        raise InstanceRefused(f"{what} ({first_line(error)}): {remedy}") from error
