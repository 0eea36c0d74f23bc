"""`python -m cloudflix_assets_tests.databricks.emulator`: a workspace for runs by hand."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from databricks.sdk import WorkspaceClient
from typer.testing import CliRunner

from cloudflix_assets_tests.databricks.clusters import USUAL
from cloudflix_assets_tests.databricks.emulator import app

COMMAND = [sys.executable, "-m", "cloudflix_assets_tests.databricks.emulator"]


def test_it_prints_what_a_run_needs_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen([*COMMAND, "--root", str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            told = dict(process.stdout.readline().strip().split("=", 1) for _ in range(6))
            client = WorkspaceClient(host=told["DATABRICKS_HOST"], token=told["DATABRICKS_TOKEN"])
            client.files.get_directory_metadata(told["CLOUDFLIX_DATABRICKS_VOLUME"])
            found = client.clusters.get(told["CLOUDFLIX_DATABRICKS_CLUSTER"])
            assert found.spark_version == USUAL["spark_version"]
            assert told["CLOUDFLIX_DEPLOYMENT"] == "databricks"
            assert told["CLOUDFLIX_LAKE"] == str(tmp_path / "lake")
        finally:
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert not [child for child in children if child.is_running()]


@pytest.mark.parametrize("arguments", [["--session", "abacus"], ["--colour"]])
def test_a_mistyped_option_is_refused(arguments: list[str]) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2
    assert arguments[-1] in done.output
