"""Processes that wait for launched steps: forked from one that has imported all, and silent."""

import multiprocessing
import os
from multiprocessing import forkserver
from pathlib import Path

IMPORTED = ("cloudflix_assets.build", "cloudflix_assets.launcher")


def prepared(log: Path) -> None:
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
