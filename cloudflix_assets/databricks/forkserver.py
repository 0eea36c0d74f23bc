"""The forkserver of launched steps: a process with every import done, from which one waits per step."""

import multiprocessing
import os
from multiprocessing import forkserver
from pathlib import Path

IMPORTED = (
    "cloudflix_assets.definitions",
    "cloudflix_assets.databricks.launcher",
    # 2026-11-26: Dagster 1.13 imports these and Alembic in every step, for half a second.
    "dagster._core.storage.sqlite_storage",
    "dagster._utils.test",
)
"""Modules that the forkserver imports once for all steps; so the definitions too are built once."""
AT_ONCE = 5
"""Steps that run at the same time: one per delivered file. They use the cluster's cores."""


def start_forkserver(log: Path) -> None:
    """Start the process that steps are forked from, with its standard error appended to `log`.

    2026-11-26: Dagster logs the start of each process to standard error, whatever the run's loggers say.
    """
    multiprocessing.set_forkserver_preload(list(IMPORTED))
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        forkserver.ensure_running()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
