"""`cloudflix dev`: the web UI and the daemon, on the same instance, ended together and in order."""

import signal
import socket
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from cloudflix_assets_tests.web_ui import UP_SECONDS, answer, dev, free_port


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
