"""`cloudflix sample`: what it prints, and that the command it names works."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloudflix_assets.cli.commands import app
from cloudflix_assets.partitions import WEEK, last_ended
from cloudflix_assets_tests.cli.command import Told

SMALL = ("--titles", "1000")


def called(*arguments: str) -> Told:
    """Call the command line in this process."""
    result = CliRunner().invoke(app, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders are named as a user names them: from where the command is given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_that_is_named_next_works(here: Path) -> None:
    """A newcomer who copies it must not be refused, whatever lake there is already."""
    told = called("sample", "my sample", "--weeks", "1", *SMALL)
    assert told.code == 0
    named = re.search(r"^Next: cloudflix (.+)$", told.stderr, re.MULTILINE)
    assert named is not None
    ran = called(*shlex.split(named[1]), "--json")
    assert ran.code == 0, ran.stderr
    (week,) = ran.weeks
    truth = here / "my sample" / week["week"] / "truth" / "truth.json"
    true = json.loads(truth.read_text(encoding="utf-8"))["tables"]
    assert week["tables"]["gold/cast"]["rows"] == true["gold/cast"]["accepted"]
    assert week["tables"]["silver/titles_quarantine"]["rows"] == true["silver/titles"]["quarantined"] == 22


@pytest.mark.slow
def test_the_command_for_one_file_names_its_layout(here: Path) -> None:
    """Without it, the week that was just written is rejected."""
    told = called("sample", "in-one", "--layout", "twelve_columns", "--weeks", "1", *SMALL)
    assert "1,000 records in 1 file" in told.stdout
    named = re.search(
        r"^Next: CLOUDFLIX_LAYOUT=twelve_columns cloudflix run (.+)$", told.stderr, re.MULTILINE
    )
    assert named is not None
    assert [path.name for path in here.glob("in-one/*/*.csv")] == ["netflix_titles.csv"]
    ran = CliRunner().invoke(
        app, ["run", *shlex.split(named[1]), "--json"], env={"CLOUDFLIX_LAYOUT": "twelve_columns"}
    )
    assert ran.exit_code == 0, ran.stderr


def test_without_weeks_the_last_three_are_written(here: Path) -> None:
    """One week shows nothing of what a week is for."""
    told = called("sample", "sample", *SMALL)
    newest = last_ended(datetime.now(UTC))
    weeks = [str(newest - WEEK * ago) for ago in (2, 1, 0)]
    assert sorted(path.name for path in (here / "sample").iterdir()) == weeks
    assert [line.split()[0] for line in told.stdout.splitlines()[:3]] == weeks
    assert told.stdout.count("to be quarantined: 54 in silver") == 3
    assert f"Next: cloudflix run --source sample --home sample-home --from {weeks[0]} --to {weeks[2]}" in (
        told.stderr
    )


def test_json_is_one_line_and_quiet_says_nothing_else(here: Path) -> None:
    """Anything else on standard output breaks the pipe that reads it."""
    options = ("--week", "2026-11-02", "--week", "2026-11-16", "--seed", "5", "--json", "--quiet")
    told = called("sample", "sample", *options, *SMALL)
    assert (told.code, told.stderr) == (0, "")
    first, second = told.weeks
    assert (first["week"], second["week"]) == ("2026-11-02", "2026-11-16")
    titles = here / "sample" / "2026-11-02" / "netflix_titles.csv"
    assert first["files"]["titles"] == {"bytes": titles.stat().st_size, "records": 1005}
    assert first["tables"]["silver/titles"]["accepted"] == 983
    summary = json.loads((here / "sample/2026-11-02/truth/truth.json").read_text(encoding="utf-8"))
    assert summary == {"week": "2026-11-02", "titles": 1000, "seed": 5, "tables": first["tables"]}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--titles", "12"), "a sample of 12 titles cannot be made: choose from 1,000 to 4,000,000."),
        (("--week", "2026-11-02", "--weeks", "2"), "choose weeks in one way"),
        (("--week", "2026-11-03"), "did you mean 2026-11-02?"),
    ],
    ids=["size", "two ways", "no Monday"],
)
def test_a_mistake_is_told_in_one_sentence(here: Path, options: tuple[str, ...], sentence: str) -> None:
    """And nothing is written."""
    told = called("sample", "sample", *options)
    assert (told.code, told.stdout) == (1, "")
    assert sentence in told.sentence
    assert "Traceback" not in told.stderr
    assert not (here / "sample").exists()
