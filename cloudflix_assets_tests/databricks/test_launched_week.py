"""The five real files, a week of them from publication to gold, each step a job: as on this machine."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.names import table_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told
from cloudflix_assets_tests.databricks.commands import cloudflix
from cloudflix_assets_tests.lakehouse import PATHS, WEEK_2, materialization
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from spark.registry import TABLES

pytestmark = pytest.mark.slow  # twenty steps, each a job

WEEK = str(WEEK_2)
STEPS = [table.identifier for table in TABLES]
OWN = {"first rows", "stored", "dagster/uri", "databricks_run", "bytes", "seconds", "commit_seconds"}
"""What a materialization tells of where it was made, and how fast."""

Week = dict[str, Any]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One workspace for all tests of this file, which read what its first week left."""
    with Emulator(tmp_path_factory.mktemp("launched") / "workspace") as emulator:
        yield emulator
    assert emulator.wrong == []


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    folder = tmp_path_factory.mktemp("homes")
    return {"launched": folder / "launched", "here": folder / "here"}


@pytest.fixture(scope="module")
def launched(workspace: Emulator, homes: Mapping[str, Path], real_files: Path) -> Week:
    """What `cloudflix run` printed of a week whose steps were Databricks jobs."""
    return week_of(cloudflix(workspace, homes["launched"], *run(real_files)))


@pytest.fixture(scope="module")
def here(homes: Mapping[str, Path], real_files: Path) -> Week:
    """What it printed of the same week, run on this machine."""
    return week_of(cloudflix(None, homes["here"], *run(real_files)))


def run(source: Path, *options: str) -> tuple[str, ...]:
    return ("run", "--source", str(source), "--week", WEEK, "--json", *options)


def week_of(told: Told) -> Week:
    assert told.code == 0, told.stderr
    (week,) = told.weeks
    return week


@contextmanager
def instance_of(home: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance(Environment(home=home)) as instance:
        yield instance


def test_a_launched_week_tells_what_a_week_here_tells(launched: Week, here: Week) -> None:
    """Digests, rows, versions, checks and notices."""
    own = {"run", "seconds"}
    assert len(launched["tables"]) == len(PATHS)
    assert launched.keys() == here.keys()
    assert {name: told for name, told in launched.items() if name not in own} == {
        name: told for name, told in here.items() if name not in own
    }


def test_every_step_was_one_run_on_a_cluster_that_was_started_once(
    workspace: Emulator, launched: Week
) -> None:
    runs = workspace.runs[: len(STEPS)]
    assert sorted(run.name for run in runs) == sorted(f"cloudflix {launched['run']} {step}" for step in STEPS)
    assert [run.end.result for run in runs if run.end] == ["SUCCESS"] * len(STEPS)
    assert [(start.cluster_id, start.source) for start in workspace.starts] == [(workspace.cluster_id, "UI")]


def test_the_package_was_handed_over_once_and_of_the_steps_nothing_is_left(
    workspace: Emulator, launched: Week
) -> None:
    """Five steps begin at once, and each of them sees that it is missing."""
    volume = workspace.storage.in_volume(workspace.volume)
    (folder,) = (volume / "packages").iterdir()
    stored = Counter(
        asked.path.rpartition("/")[2]
        for asked in workspace.requests
        if asked.method == "PUT" and f"/packages/{folder.name}/" in asked.path and asked.status == 204
    )
    assert stored == {"code.zip": 1, "main.py": 1, "requirements.txt": 1}
    assert list((volume / "runs").iterdir()) == []


def test_materializations_tell_what_they_tell_here_and_where_to_look(
    launched: Week, here: Week, homes: Mapping[str, Path], workspace: Emulator
) -> None:
    pages = {run.name.split()[-1]: run.describe(workspace.host)["run_page_url"] for run in workspace.runs}
    with instance_of(homes["launched"]) as there, instance_of(homes["here"]) as local:
        for path in PATHS:
            told, expected = (materialization(instance, path, WEEK_2) for instance in (there, local))
            step = table_of(path).replace("/", "_")
            assert told.metadata["databricks_run"] == dg.MetadataValue.url(pages[step])
            assert told.metadata.keys() == {*expected.metadata, "databricks_run"}
            assert [(name, told.metadata[name]) for name in expected.metadata if name not in OWN] == [
                (name, value) for name, value in expected.metadata.items() if name not in OWN
            ]


def test_versions_of_inputs_are_told_as_here(launched: Week, here: Week, homes: Mapping[str, Path]) -> None:
    """Without them nothing would ever look stale."""
    with instance_of(homes["launched"]) as there, instance_of(homes["here"]) as local:
        for path in PATHS:
            told, expected = (
                {
                    name: value
                    for name, value in (materialization(instance, path, WEEK_2).tags or {}).items()
                    if "version" in name
                }
                for instance in (there, local)
            )
            assert told == expected
            assert told["dagster/data_version"]


def test_each_step_tells_where_it_ran_and_what_it_took(
    workspace: Emulator, launched: Week, homes: Mapping[str, Path]
) -> None:
    """On its last event of the engine, which the web UI shows among the others."""
    events: dict[str, Mapping[str, Any]] = {}
    with instance_of(homes["launched"]) as instance:
        for entry in instance.all_logs(launched["run"], of_type=dg.DagsterEventType.ENGINE_EVENT):
            if entry.step_key and entry.dagster_event:
                events[entry.step_key] = entry.dagster_event.engine_event_data.metadata
    assert sorted(events) == sorted(STEPS)
    for run in workspace.runs[: len(STEPS)]:
        told = {name: value.value for name, value in events[run.name.split()[-1]].items()}
        spent = told.pop("run_seconds")
        assert spent == pytest.approx((run.times["TERMINATING"] - run.times["RUNNING"]) / 1000)
        told.pop("start_seconds", None)
        assert told == {
            "databricks_run": run.describe(workspace.host)["run_page_url"],
            "cluster": workspace.cluster_id,
        }


def test_what_each_steps_process_prints_is_kept(launched: Week, homes: Mapping[str, Path]) -> None:
    """The web UI looks for it by the step's key."""
    with instance_of(homes["launched"]) as instance:
        entries = instance.all_logs(launched["run"], of_type=dg.DagsterEventType.LOGS_CAPTURED)
    captured = [entry.dagster_event.logs_captured_data for entry in entries if entry.dagster_event]
    assert sorted(key for logs in captured for key in logs.step_keys or ()) == sorted(["publication", *STEPS])


def test_an_unchanged_rerun_commits_nothing(
    workspace: Emulator, launched: Week, homes: Mapping[str, Path], real_files: Path
) -> None:
    """On the cluster's side the week is known too; a part of the flow is enough."""
    told = cloudflix(workspace, homes["launched"], *run(real_files, "--select", "+silver/directors"))
    tables = week_of(told)["tables"]
    reached = {path: table for path, table in tables.items() if table["committed"] is not None}
    assert {path: table["committed"] for path, table in reached.items()} == dict.fromkeys(
        ("raw/directors", "bronze/directors", "silver/directors", "silver/directors_quarantine"), False
    )
    assert {path: table["digest"] for path, table in reached.items()} == {
        path: launched["tables"][path]["digest"] for path in reached
    }
