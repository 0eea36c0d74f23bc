"""`cloudflix dev`: the web UI and the daemon, on the same instance, ended together and in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import psutil
import pytest

COMMAND = [sys.executable, "-c", "from cloudflix_assets.cli.commands import main; main()", "dev"]
UP_SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer(port: int, path: str, body: dict[str, str] | None = None) -> str:
    """What the web UI answers, once it is up."""
    data = json.dumps(body).encode() if body else None
    until = time.monotonic() + UP_SECONDS
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", data, timeout=10) as reply:
                return str(reply.read().decode())
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def dev(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which is gone afterwards."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    command = [*COMMAND, "--home", str(home), "--port", str(port)]
    with (
        (home.parent / "told").open("w") as told,
        subprocess.Popen(command, env=variables, stdout=told, stderr=told, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_it_serves_this_home_and_leaves_nothing_running(tmp_path: Path) -> None:
    """Another home, and the web UI would show somebody else's runs; a daemon left behind would start more."""
    home, port = tmp_path / "home", free_port()
    with dev(home, port) as process:
        assert "dagster_webserver_version" in answer(port, "/server_info")
        assert str(home) in answer(port, f"/graphql?query={quote('{ instance { info } }')}")
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 2
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    _, alive = psutil.wait_procs(started, timeout=5)
    assert alive == []
    printed = (tmp_path / "told").read_text()
    assert f"http://localhost:{port}" in printed
    assert "Warning" not in printed
    assert "Traceback" not in printed
    assert "enabled: false" in (home / "dagster.yaml").read_text()


@pytest.mark.slow
def test_a_port_that_is_taken_ends_both_in_a_sentence(tmp_path: Path) -> None:
    """A daemon without its web UI would go on unseen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with dev(tmp_path / "home", taken.getsockname()[1]) as process:
            assert process.wait(UP_SECONDS) == 1
    assert "the web UI ended with exit code" in (tmp_path / "told").read_text()
