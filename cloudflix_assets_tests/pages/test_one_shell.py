"""All pages in one shell, one after the other, forwards and backwards: none spoils what follows it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cloudflix_assets_tests.loopback.azure.azurite import NoNode, install
from cloudflix_assets_tests.pages.pages import ROOT, SERVED, Copy, blocks, commands

pytestmark = pytest.mark.slow  # pages that are carried out

PAGES = sorted(page for page in (ROOT / "docs").glob("*.md") if [*commands(page)])
# A server that runs until somebody ends it, a folder that is nobody's, and what a page's own test runs.
NOT_HERE = ("make dev", "make check", "/mnt/new/", "pytest")
UNRUN = frozenset(
    command for page in PAGES for command in commands(page) if any(part in command for part in NOT_HERE)
)


@pytest.mark.parametrize("order", ["forwards", "backwards"])
def test_pages_are_carried_out_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """A setting of one page sent the runs of the next ones to another lake."""
    try:
        install()
    except NoNode as error:
        pytest.skip(str(error))
    monkeypatch.delenv("CLOUDFLIX_ENGINE", raising=False)
    project = Copy.of_the_project(tmp_path / "project")
    with project.shell() as shell:
        again = [page for page in reversed(PAGES) if page.name not in SERVED]  # a server takes long to start
        for page in PAGES if order == "forwards" else again:
            replace(project, unrun=UNRUN & {*commands(page)}).follow(page, shell)
            undo(project, page)


def undo(project: Copy, page: Path) -> None:
    """Take back what a page has changed in the code: that is its purpose, and the next one begins anew."""
    for block in blocks(page):
        if block.file:
            ours, theirs = ROOT / block.file, project.folder / block.file
            shutil.copy(ours, theirs) if ours.exists() else theirs.unlink(missing_ok=True)
    snapshots = Path("cloudflix_assets_tests", "__snapshots__")
    shutil.copytree(ROOT / snapshots, project.folder / snapshots, dirs_exist_ok=True)
