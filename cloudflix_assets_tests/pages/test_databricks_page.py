"""docs/databricks.md, carried out in a copy of the project on a loopback workspace of its own."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from cloudflix_assets_tests.pages.pages import ROOT, Copy

pytestmark = pytest.mark.slow  # a page that is carried out

REMOVED = "wait $(cat .databricks.pid); rm -r .databricks .databricks.env .databricks.log .databricks.pid"
"""What lies there is looked at below."""


def test_the_page_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no workspace tries it by these very lines."""
    monkeypatch.delenv("CLOUDFLIX_ENGINE", raising=False)
    project = Copy.of_the_project(tmp_path / "a project", frozenset({REMOVED}))
    try:
        project.follow(ROOT / "docs" / "databricks.md")
    finally:
        with suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((project.folder / ".databricks.pid").read_text()), signal.SIGKILL)
    package, *others = (project.folder / ".databricks" / "Volumes").glob("*/*/*/packages/*")
    assert sorted(path.name for path in package.iterdir()) == ["code.zip", "main.py", "requirements.txt"]
    assert others == []
    assert list((project.folder / ".databricks" / "Volumes").glob("*/*/*/runs/*")) == []
