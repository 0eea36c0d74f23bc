"""`cloudflix dev`: the web UI and the daemon, on the same instance, ended together and in order."""

import signal
import socket
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from cloudflix_assets.cli.dev import IDLE, claim, told, with_calendar
from cloudflix_assets.instance.instance import prepare
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.landing import rejected
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from cloudflix_assets_tests.web_ui import answer, dev, free_port


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
    assert "INFO" not in printed
    for place in (home, home / "lake"):
        assert str(place) in printed
    assert "enabled: false" in (home / "dagster.yaml").read_text()


def test_a_port_that_is_taken_is_refused_at_once(tmp_path: Path) -> None:
    """It was announced as ours, and a minute later both ended in a stack trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = cloudflix(tmp_path / "home", "dev", "--port", str(port))
    sentence = f"port {port} cannot be used (Address already in use): choose another one with --port."
    assert (said.code, said.stdout, said.sentence) == (1, "", sentence)


def test_a_home_has_one_daemon(tmp_path: Path) -> None:
    """Two daemons on one instance start every run of a schedule or a sensor twice."""
    home = prepare(Environment(home=tmp_path / "home"))
    with claim(home, free_port()):
        said = cloudflix(home, "dev", "--port", str(free_port()))
    assert said.code == 1
    assert said.sentence == (
        f"another `cloudflix dev` runs on {home}: end it with Ctrl-C, or choose another --home."
    )


def test_the_calendar_begins_with_the_first_week_of_the_lake(tmp_path: Path) -> None:
    """A lake of three weeks was shown as 6 % filled."""
    home = tmp_path / "home"
    fresh = Environment(home=home)
    assert with_calendar(fresh) == fresh
    lake = lake_of(fresh)
    rejected.note(lake, WEEK_2, "cut off")
    assert with_calendar(fresh).first_week == WEEK_2
    lake.write(Manifest.path_of(WEEK_1), b"{}")
    assert with_calendar(fresh).first_week == WEEK_1
    assert f"weeks from {WEEK_1}" in told(with_calendar(fresh), 3000)
    for other in (Environment(home=home, first_week=WEEK_2), Environment(home=home, source="landing")):
        assert with_calendar(other) == other


@pytest.mark.parametrize(
    ("line", "idle"),
    [
        ("dagster.daemon.SensorDaemon - INFO - Checking for new runs for sensor: alerts", True),
        ("dagster.daemon.SensorDaemon - \x1b[34mINFO\x1b[0m - Sensor alerts skipped: nobody is told.", True),
        ("dagster.daemon.SensorDaemon - INFO - Completed launch of run 1 for landing_sensor", False),
        ("dagster.daemon - WARNING - Sensor alerts skipped: a warning", False),
        ("  INFO in a traceback", False),
    ],
)
def test_lines_that_say_that_nothing_happens_are_left_out(line: str, *, idle: bool) -> None:
    """Two lines every half minute hid the one that mattered."""
    assert bool(IDLE.search(line.encode())) is idle


def test_a_lake_of_another_source_is_refused_before_the_web_ui_is_up(tmp_path: Path) -> None:
    """Every week that was asked for there failed, and a published one turned red."""
    home = tmp_path / "home"
    assert cloudflix(home, "run", "--source", "landing").code == 0
    lake_of(Environment(home=home)).claim("directory:mine")
    said = cloudflix(home, "dev", "--port", str(free_port()))
    assert said.code == 1
    assert "holds directory:mine, not sample" in said.sentence
