"""The other ways that a step is launched: by Dagster itself, on new clusters, where Spark itself computes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudflix_assets.instance.instance import prepare
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.databricks.commands import cloudflix, surroundings
from cloudflix_assets_tests.lakehouse import WEEK_2, lookup, publication, put
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator

pytestmark = pytest.mark.slow  # clusters with JVMs

WEEK = str(WEEK_2)
STORED = ("raw/directors", "bronze/directors", "silver/directors_quarantine", "silver/directors")
LIKE_THE_WEB_UI = """
import sys
import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

module = ReconstructableRepository.for_module("cloudflix_assets.definitions", "defs")
job = ReconstructableJob(module, "weekly_refresh")
keys = [dg.AssetKey(path.split("/")) for path in sys.argv[2:]]
with (
    dg.DagsterInstance.get() as instance,
    dg.execute_job(job, instance, tags={"dagster/partition": sys.argv[1]}, asset_selection=keys) as result,
):
    sys.exit(not result.success)
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source that has one quarantined director."""
    rows = [(f"Director {number}", str(number)) for number in (*range(1, 21), 1)]
    return put(tmp_path_factory.mktemp("netflix"), publication(directors=lookup("director", *rows)))


@pytest.fixture(scope="module")
def digests(tmp_path_factory: pytest.TempPathFactory, source: Path) -> dict[str, str]:
    """Digests of the same week, run on this machine."""
    told = cloudflix(None, tmp_path_factory.mktemp("here"), *run(source))
    return {path: told.weeks[0]["tables"][path]["digest"] for path in STORED}


def run(source: Path, upto: str = "silver/directors") -> tuple[str, ...]:
    return ("run", "--source", str(source), "--week", WEEK, "--json", "--select", f"+{upto}")


def commits(lake: Path, path: str) -> list[dict[str, Any]]:
    """What the log of a table tells of each of its commits, oldest first."""
    entries = sorted((lake / path / "_delta_log").glob("*.json"))
    actions = [json.loads(line) for entry in entries for line in entry.read_text().splitlines()]
    return [action["commitInfo"] for action in actions if "commitInfo" in action]


def test_where_spark_itself_computes_its_own_writer_commits(
    jvm: Emulator, source: Path, tmp_path: Path
) -> None:
    """With the same digests as by Sail and delta-rs, which another run must find in the log.

    Each step starts a JVM, so there are two. Titles come as a stream, whose files workers parse.
    """
    here = cloudflix(None, tmp_path / "here", *run(source, "bronze/titles")).weeks[0]["tables"]
    told = cloudflix(jvm, tmp_path / "home", *run(source, "bronze/titles"))
    assert told.code == 0, told.stderr
    digests = {path: here[path]["digest"] for path in ("raw/titles", "bronze/titles")}
    for path, digest in digests.items():
        assert told.weeks[0]["tables"][path]["digest"] == digest
        *_, commit = commits(jvm.root / "lake", path)
        assert commit["engineInfo"].startswith("Apache-Spark/")
        assert commit["operationParameters"]["predicate"]
        assert json.loads(commit["userMetadata"])["digest"] == digest
    assert [*jvm.root.glob("lake/raw/files/incremental/*/*/*/checkpoint")]


def test_a_run_that_dagster_starts_launches_its_steps_each_on_a_cluster_of_its_own(
    emulator: Emulator, source: Path, digests: dict[str, str], tmp_path: Path
) -> None:
    """As the web UI, its schedule and its backfills do, which know nothing of `cloudflix run`."""
    home = tmp_path / "home"
    prepare(Environment(home=home))
    told = surroundings(
        emulator,
        home,
        CLOUDFLIX_SOURCE=str(source),
        CLOUDFLIX_DATABRICKS_CLUSTER=None,
        CLOUDFLIX_DATABRICKS_RUNTIME="17.3.x-scala2.13",
        CLOUDFLIX_DATABRICKS_NODE_TYPE="Standard_D4ds_v5",
        DAGSTER_HOME=str(home),
    )
    done = subprocess.run(
        [sys.executable, "-c", LIKE_THE_WEB_UI, WEEK, "publication", *STORED],
        env=told, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for path in STORED:
        *_, commit = commits(emulator.root / "lake", path)
        assert json.loads(commit["userMetadata"])["digest"] == digests[path]
    assert [run.name.rpartition(" ")[2] for run in emulator.runs] == [
        "raw_directors",
        "bronze_directors",
        "silver_directors",
    ]
    assert [start.source for start in emulator.starts] == ["JOB"] * 3
    assert len({start.cluster_id for start in emulator.starts}) == 3
