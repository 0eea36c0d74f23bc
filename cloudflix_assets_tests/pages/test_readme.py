"""The README is true: its commands run, its tables are complete. What holds for every page: test_docs.py."""

import re
import shlex
from pathlib import Path

import pytest
from pydantic import AliasChoices
from typer.testing import CliRunner

from cloudflix_assets.cli.commands import app
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import publication, put
from cloudflix_assets_tests.pages.pages import ROOT, blocks, commands
from spark.datasets import DATASETS

PAGE = ROOT / "README.md"
README = PAGE.read_text(encoding="utf-8")


def test_the_commands_for_ones_own_files_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a newcomer copies after `make run`; the lake that comes of it is the one that is drawn."""
    monkeypatch.chdir(tmp_path)
    ran = [
        shlex.split(command)[1:] for command in commands(PAGE) if command.startswith(".venv/bin/cloudflix")
    ]
    assert len(ran) >= 1
    for arguments in ran:
        put(tmp_path / arguments[arguments.index("--source") + 1], publication())
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, (arguments, result.output)
        home = tmp_path / arguments[arguments.index("--home") + 1]
    (drawn,) = (block.text for block in blocks(PAGE) if block.text.startswith(".cloudflix/lake/"))
    for path in re.findall(r"\b(\w+/\w+)(?=[/ ;])", drawn.partition("\n")[2]):
        assert (home / "lake" / path).is_dir(), path


def test_every_delivered_file_is_listed_with_its_columns() -> None:
    """Who puts five files where six are asked for is refused."""
    (listed,) = (block.text for block in blocks(PAGE) if block.text.startswith("netflix_"))
    files = {
        file: columns.split(", ") for file, columns in re.findall(r"^(\S+) +(.+)$", listed, re.MULTILINE)
    }
    assert files == {dataset.file: list(dataset.columns) for dataset in DATASETS}


def test_every_setting_is_listed_with_its_default() -> None:
    """A setting that no page names is found by nobody; a wrong default is worse."""
    pages = [ROOT / "docs" / name for name in ("azure.md", "databricks.md")]
    told = README + "".join(page.read_text(encoding="utf-8") for page in pages)
    rows = re.findall(r"^\| `CLOUDFLIX_([A-Z_]+)` \| (?:`([^`]+)`)?", told, re.MULTILINE)
    listed = {name.lower(): default for name, default in rows}
    fields = Environment.model_fields
    of_others = {name: field.validation_alias for name, field in fields.items() if field.validation_alias}
    assert set(listed) == set(fields) - set(of_others)
    for name, alias in of_others.items():
        first = alias.choices[0] if isinstance(alias, AliasChoices) else alias
        assert name == "java_home" or f"`{first}`" in told, name
    for name in ("home", "source", "engine", "deployment", "first_week", "cache", "azure_credential"):
        assert listed[name] == str(fields[name].default)
    assert listed["azure_containers"] == ",".join(fields["azure_containers"].default)
