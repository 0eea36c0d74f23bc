"""docs/connect.md, carried out in a copy of the project on a server of its own."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy

pytestmark = pytest.mark.slow  # a page that is carried out

PORT = "50051"


def test_the_page_is_carried_out(tmp_path: Path) -> None:
    """Word for word, but for the port, which others may use."""
    project = Copy.of_the_project(tmp_path / "a project")
    page = project.folder / "docs" / "connect.md"
    page.write_text((ROOT / "docs" / "connect.md").read_text(encoding="utf-8").replace(PORT, free_port()))
    try:
        project.follow(page)
    finally:
        started = project.folder / "sail.pid"
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(started.read_text()), signal.SIGKILL)


def free_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[1])
