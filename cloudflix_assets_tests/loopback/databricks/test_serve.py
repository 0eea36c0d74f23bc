"""Tests of `python -m cloudflix_assets_tests.loopback.databricks`: a workspace for runs by hand."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import SparkPythonTask, SubmitTask
from typer.testing import CliRunner

from cloudflix_assets_tests.loopback.databricks.__main__ import app
from cloudflix_assets_tests.loopback.databricks.tasks import eventually

COMMAND = [sys.executable, "-m", "cloudflix_assets_tests.loopback.databricks"]
VARIABLES = 6


@contextmanager
def serve_workspace(root: Path) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """Serve a workspace in a process until the block ends; yield the process and the variables it prints."""
    own = {**os.environ, "PYTHONFAULTHANDLER": "1"}
    command = [*COMMAND, "--root", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        assert process.stdout
        try:
            yield process, dict(process.stdout.readline().strip().split("=", 1) for _ in range(VARIABLES))
        finally:
            process.send_signal(signal.SIGABRT)  # a process that hangs prints its stack


def start_sleeper(told: dict[str, str], process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Start a run that sleeps, and return the processes of its driver and of its Sail server."""
    client = WorkspaceClient(host=told["DATABRICKS_HOST"], token=told["DATABRICKS_TOKEN"])
    path = f"{told['CLOUDFLIX_DATABRICKS_STAGING']}/task.py"
    client.files.upload(path, io.BytesIO(b"import time; time.sleep(600)"))
    cluster = told["CLOUDFLIX_DATABRICKS_CLUSTER"]
    task = SubmitTask("code", existing_cluster_id=cluster, spark_python_task=SparkPythonTask(path))
    client.jobs.submit(tasks=[task])
    parent = psutil.Process(process.pid)
    assert eventually(lambda: len(parent.children()) == 2)
    found: list[psutil.Process] = parent.children(recursive=True)
    return found


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_a_run_needs_and_ends_in_order(tmp_path: Path, ending: signal.Signals) -> None:
    with serve_workspace(tmp_path) as (process, told):
        assert told["CLOUDFLIX_DEPLOYMENT"] == "databricks"
        assert told["CLOUDFLIX_LAKE"] == str(tmp_path / "lake")
        children = start_sleeper(told, process)
        process.send_signal(ending)
        assert process.wait(60) == 0
    assert not [child for child in children if child.is_running()]


def test_what_it_started_ends_with_it_though_it_is_killed(tmp_path: Path) -> None:
    """Guard against a driver that is left behind, and goes on to write into a lake."""
    with serve_workspace(tmp_path) as (process, told):
        children = start_sleeper(told, process)
        process.kill()
        process.wait()
    assert eventually(lambda: not [child for child in children if _runs(child)])


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("arguments", [["--session", "abacus"], ["--colour"]])
def test_a_mistyped_option_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert arguments[-1] in done.output
