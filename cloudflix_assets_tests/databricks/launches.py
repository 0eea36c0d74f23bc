"""Launched steps of a test: the real job and the real launcher in this process, on a loopback Databricks.

A cluster loads the definitions by their module's name, so the host does too: it is given those of the test.
"""

import importlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob
from deltalake import DeltaTable

from cloudflix_assets import build
from cloudflix_assets.databricks import launcher
from cloudflix_assets.databricks.submissions import cancel_abandoned
from cloudflix_assets.delta.log import commit_metadata
from cloudflix_assets.instance.ended_runs import is_over
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.runs import runner
from cloudflix_assets.runs.runner import Runner, WeekResult
from cloudflix_assets.settings.environment import Environment, environment
from cloudflix_assets_tests.lake.adls.lakes import steps
from cloudflix_assets_tests.lakehouse import put
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator

SDK_SECONDS = 8
"""How long the SDK retries a failed call; its default is five minutes."""


def keys(*paths: str) -> list[dg.AssetKey]:
    """The asset keys of these paths."""
    return [dg.AssetKey(path.split("/")) for path in paths]


def prepared(home: Path, publications: Mapping[date, Mapping[str, bytes]], *paths: str) -> Path:
    """A home whose lake has weeks of some assets, made on this machine."""
    for week, files in publications.items():
        put(home / "files" / str(week), files)
    settings = Environment(home=home, source=str(home / "files"), source_name="netflix")
    runner = Runner(build.build_defs(settings), dg.DagsterInstance.ephemeral())
    with open_instance(settings) as instance:
        runner.instance = instance
        for week in publications:
            assert runner.run(week, keys(*paths)).failures == {}
    return home


def local(home: Path, week: date, *paths: str) -> WeekResult:
    """Run a week of some assets in the same home, on this machine."""
    settings = Environment(home=home, source=str(home / "files"), source_name="netflix")
    with open_instance(settings) as instance:
        return Runner(build.build_defs(settings), instance).run(week, keys(*paths))


def content(home: Path, path: str, week: date) -> tuple[str, int]:
    """The digest in the log of a week of a table, and the number of rows of the table."""
    rows = DeltaTable(str(home / "lake" / path)).to_pyarrow_dataset().count_rows()
    return commit_metadata(LocalLake(home / "lake"), path, week)["digest"], rows


def copied(home: Path, to: Path) -> Path:
    """Copy a home."""
    return Path(shutil.copytree(home, to))


@dataclass
class Launches:
    """A copy of a prepared home whose steps run as Databricks jobs.

    Attributes:
        instance: of the home.
    """

    emulator: Emulator
    home: Path
    instance: dg.DagsterInstance
    monkeypatch: pytest.MonkeyPatch

    @property
    def environment(self) -> Environment:
        """The settings, read from the environment at each call."""
        return environment()

    @property
    def lake(self) -> LocalLake:
        """The lake that host and cluster share."""
        return LocalLake(self.home / "lake")

    def run(self, week: date, *paths: str, **arguments: Any) -> WeekResult:
        """Launch the steps of a week of some assets; arguments go to `build_defs`."""
        defs = build.build_defs(self.environment, **arguments)
        module = importlib.import_module(runner.DEFINITIONS)
        self.monkeypatch.setattr(module, "defs", defs)
        # Dagster caches the last definitions, which may be another test's.
        ReconstructableJob.get_definition.cache_clear()
        ReconstructableJob.get_repository_definition.cache_clear()
        return Runner(defs, self.instance, launches=True).run(week, keys(*paths))

    def commits(self, *paths: str) -> dict[str, int]:
        """How many commits of a week each table's log holds."""
        return {path: len(steps(self.lake, path)) for path in paths}

    def handed_over(self) -> list[str]:
        """Names of the files in the staging area's folder of runs."""
        storage = self.emulator.storage
        folders = [storage.in_volume(f"{self.emulator.volume}/runs"), storage.dbfs_root / "cloudflix/runs"]
        return [file.name for folder in folders if folder.is_dir() for file in folder.iterdir()]

    def clean_up(self) -> list[int]:
        """Cancel and remove what runs that are over have left, as the next start does."""
        return cancel_abandoned(self.environment, lambda run_id: is_over(self.instance, run_id))

    def logged(self, run_id: str, level: int) -> list[str]:
        """The messages of a run's log of a level and above."""
        entries = self.instance.all_logs(run_id)
        return [entry.user_message for entry in entries if int(entry.level) >= level]


@contextmanager
def launches(
    emulator: Emulator, prepared_home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Launches]:
    """Launch steps from this process, with short pauses between polls and short waits after failed calls."""
    emulator.reset()
    shutil.rmtree(emulator.storage.in_volume(f"{emulator.volume}/runs"), ignore_errors=True)
    home = copied(prepared_home, folder / "home")
    profile = folder / "databrickscfg"
    profile.write_text(f"[DEFAULT]\nretry_timeout_seconds = {SDK_SECONDS}\nhttp_timeout_seconds = 10\n")
    told = {
        **emulator.variables,
        "DATABRICKS_CONFIG_FILE": str(profile),
        "DATABRICKS_CONFIG_PROFILE": "DEFAULT",
        "DATABRICKS_AUTH_TYPE": "pat",
        "CLOUDFLIX_HOME": str(home),
        "CLOUDFLIX_LAKE": str(home / "lake"),
        "CLOUDFLIX_SOURCE": str(home / "files"),
        "CLOUDFLIX_SOURCE_NAME": "netflix",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(build, "executor", lambda _: dg.in_process_executor)
    monkeypatch.setattr(build, "RETRIES", dg.RetryPolicy(max_retries=2, delay=0))
    monkeypatch.setattr(launcher, "FIRST_POLL", 0.05)
    monkeypatch.setattr(launcher, "LONGEST_POLL", 0.2)
    monkeypatch.setattr(launcher, "LATE", 1.0)
    monkeypatch.setattr(launcher, "BETWEEN_READS", 0.0)
    with open_instance(environment()) as instance:
        yield Launches(emulator, home, instance, monkeypatch)
    emulator.reset()
