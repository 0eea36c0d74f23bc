"""Processes that wait for launched steps: forked from one that has imported all, and silent."""

import multiprocessing
import os
from multiprocessing import forkserver
from pathlib import Path

IMPORTED = (
    "cloudflix_assets.definitions",
    "cloudflix_assets.databricks.launcher",
    # 2026-11-26: Dagster 1.13 imports these in every step, with Alembic: half a second of it.
    "dagster._core.storage.sqlite_storage",
    "dagster._utils.test",
)
"""What each step would else import for itself; the definitions are then made once too."""
AT_ONCE = 5
"""Steps that wait at the same time: one per delivered file. They need the cluster's cores, not ours."""


def start_forkserver(log: Path) -> None:
    """Start what steps are forked from; what it writes to standard error goes to a file.

    2026-11-26: Dagster tells each process's start there, whatever the run's own loggers are set to.
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
