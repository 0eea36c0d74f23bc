"""The README is true: its commands run, its links lead somewhere, its settings exist."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloudflix_assets.cli import app
from cloudflix_assets.environment import Environment
from cloudflix_assets_tests.lakehouse import publication
from spark.datasets import DATASETS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = re.findall(r"^\$ (.+?)(?:\s{2,}#.*)?$", README, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of five sound files."""
    target = tmp_path / "delivered"
    target.mkdir()
    for dataset in DATASETS:
        (target / dataset.file).write_bytes(publication()[dataset.name])
    return target


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_every_make_target_exists(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{command.split()[1]}:", makefile, re.MULTILINE)


def test_every_cloudflix_command_runs(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renamed option would leave the README wrong."""
    monkeypatch.setenv("CLOUDFLIX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLOUDFLIX_SOURCE", str(folder))
    ran = [shlex.split(command)[1:] for command in COMMANDS if command.startswith(".venv/bin/cloudflix")]
    assert len(ran) >= 3
    for arguments in sorted(ran, key=lambda arguments: arguments[0]):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (arguments, result.output)


def test_every_option_of_the_table_is_one() -> None:
    """The table of options must not promise what `--help` does not know."""
    shown = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    for option in re.findall(r"`(?:cloudflix run )?(--[a-z-]+)", README):
        assert option in shown


def test_every_setting_is_listed() -> None:
    listed = set(re.findall(r"^\| `CLOUDFLIX_([A-Z_]+)`", README, re.MULTILINE))
    assert listed == {name.upper() for name in Environment.model_fields} - {"JAVA_HOME", "DEPLOYMENT"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_module_stands_in_the_architecture() -> None:
    """A room that the map does not show is found by nobody."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for package in ("spark", "cloudflix_assets"):
        for module in (ROOT / package).glob("[a-z]*.py"):
            assert module.name in text, module.name
