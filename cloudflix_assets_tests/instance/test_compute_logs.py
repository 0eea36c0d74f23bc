"""What steps print is kept for the web UI, and reaches nothing else."""

import subprocess
import sys
from typing import NoReturn

import pytest

from cloudflix_assets.instance.compute_logs import ComputeLogs
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment

KEY = ["run", "compute_logs", "steps"]


def test_what_is_printed_is_kept_and_copied_nowhere(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Dagster's own copies it to the terminal by processes that answer a Ctrl-C with stack traces."""

    def started(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    with open_instance(environment) as instance:
        logs = instance.compute_log_manager
        assert isinstance(logs, ComputeLogs)
        with logs.capture_logs(KEY):
            sys.stdout.write("to standard output")
            sys.stderr.write("to standard error")
        kept = logs.get_log_data(KEY)
        assert (kept.stdout, kept.stderr) == (b"to standard output", b"to standard error")
        assert logs.is_capture_complete(KEY)
    assert tuple(capfd.readouterr()) == ("", "")
