"""A code location with the titles of the product, as Dagster's daemon sees it, and its landing folder."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget

from cloudflix_assets_tests.lakehouse import put

LONG_AGO = 1_000_000_000
HERE = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    }
}
"""Settings of an instance whose runs are queued, and run in this process when they are launched."""
_TEXT = """\
from cloudflix_assets.build import build_defs
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import registered

defs = build_defs(
    Environment(**{settings!r}),
    tables=registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles"),
)
"""


@contextmanager
def served(folder: Path, instance: dg.DagsterInstance, **settings: str) -> Iterator[WorkspaceProcessContext]:
    """Serve a code location with these settings, whose home lies in a folder."""
    location = folder / "location.py"
    text = _TEXT.format(settings={"home": str(folder / "home"), **settings})
    location.write_text(text, encoding="utf-8")
    target = LoadableTargetOrigin(python_file=str(location), working_directory=str(folder))
    load = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target, location_name="cloudflix"))
    with create_test_daemon_workspace_context(load, instance) as context:
        yield context


def drop(folder: Path, week: date, files: Mapping[str, bytes]) -> Path:
    """Drop files of a week, written long ago, into the lake of the home in this folder; their folder."""
    dropped = put(folder / "home" / "lake" / "raw" / "landing" / str(week), files)
    for path in dropped.iterdir():
        os.utime(path, (LONG_AGO, LONG_AGO))
    return dropped
