"""Tests of `make azurite` and its lock file: no process or file is left, and the lock has no address."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from azure.storage.blob import BlobServiceClient
from typer.testing import CliRunner, Result

from cloudflix_assets_tests.loopback.azure import serve
from cloudflix_assets_tests.loopback.azure.azurite import LOCK
from cloudflix_assets_tests.loopback.azure.lock import without_addresses


def test_no_mirror_is_named_by_the_lock() -> None:
    """Guard against a lock file that sends its users to a mirror."""
    text = LOCK.read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert not re.search(r'"resolved"|\.tgz|registry|https?://', text)
    assert without_addresses(text) == text


def test_serve_writes_what_a_run_needs_and_stop_leaves_nothing(node: str, tmp_path: Path) -> None:
    """Guard against a file that is left behind and sends the next run to a server that is gone."""
    root = tmp_path / "with a blank"
    root.mkdir()
    try:
        assert "in memory" in _serve("start", root, "--port", "0").stdout
        told = _source(root / ".azurite.env")
        assert "runs already" in _serve("start", root).stdout
        with BlobServiceClient(
            told["CLOUDFLIX_AZURE_ENDPOINT"], credential=told["AZURE_STORAGE_KEY"]
        ) as client:
            assert [found.name for found in client.list_containers()] == ["bronze", "gold", "raw", "silver"]
    finally:
        assert "has ended" in _serve("stop", root).stdout
    assert told["CLOUDFLIX_DEPLOYMENT"] == "azure"
    assert told["CLOUDFLIX_HOME"] == str(root / ".cloudflix-azurite")
    assert told["AZURE_STORAGE_ACCOUNT"] == "devstoreaccount1"
    assert told["CLOUDFLIX_AZURE_FLAT_NAMESPACE"] == "true"
    assert list(root.iterdir()) == []
    assert "No Azurite" in _serve("stop", root).stdout


def test_serve_says_in_a_sentence_that_there_is_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guard against a stack trace in place of a sentence."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = _serve("start", tmp_path)
    assert (done.exit_code, done.stderr) == (1, "Azurite needs Node.js, and this machine has no node\n")


def test_azurite_ends_with_a_test_run_that_is_killed(node: str) -> None:
    """Guard against an Azurite that runs for ever after its test run was killed."""
    code = (
        "from cloudflix_assets_tests.loopback.azure.azurite import run_azurite\n"
        "with run_azurite() as azurite: print(azurite.port, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        starter.stdout.readline()
        children = psutil.Process(starter.pid).children()
        os.kill(starter.pid, signal.SIGKILL)
    _, left = psutil.wait_procs(children, timeout=5)
    assert (len(children), left) == (1, [])


def _serve(command: str, root: Path, *options: str) -> Result:
    return CliRunner().invoke(serve.app, [command, "--root", str(root), *options])


def _source(file: Path) -> dict[str, str]:
    """Return the variables that a shell has after it has read the file."""
    script = 'set -a; . "$0"; env'
    done = subprocess.run(["sh", "-c", script, str(file)], capture_output=True, text=True, check=True, env={})
    return dict(line.split("=", 1) for line in done.stdout.splitlines())
