"""What the command line tells a reader: summaries, status, mistakes; and what it leaves unsaid."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from socket import create_server
from typing import Any, NoReturn

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cloudflix_assets.cli import commands, status, terminal
from cloudflix_assets.cli.run_report import print_summary
from cloudflix_assets.cli.status_weeks import print_weeks
from cloudflix_assets.runs import weeks
from cloudflix_assets.runs.runner import TableResult, WeekResult
from cloudflix_assets.runs.status import LakeStatus, TableStatus
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import PATHS, WEEK_1, lookup, publication, put
from spark.registry import TABLES

CAST = [(f"Actor {number}", str(number)) for number in range(1, 21)]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """A home with a week, two of its lookups quarantined and one warned of; and what that run told."""
    folder = tmp_path_factory.mktemp("output")
    sentence = "These are surely far too many words for the name of one person"
    cast = lookup("cast", *CAST, CAST[0], ("Stranger", "4711"), (sentence, "7"))
    put(folder / "netflix", publication(cast=cast))
    told = cloudflix(folder / "home", "run", "--week", str(WEEK_1), "--source", str(folder / "netflix"))
    return folder / "home", told


def test_a_summary_says_what_was_quarantined_and_why(first: tuple[Path, Told]) -> None:
    """A count without its reason sends everybody to the web UI."""
    told = first[1]
    assert told.code == 0, told.stderr
    assert "silver/cast 1 the record is equal to one before it" in told.given
    assert "gold/cast 1 show_id is no title of gold/titles" in told.given
    assert "warned silver/cast 1 cast is no name of at most 6 words; kept" in told.given
    assert f": {len(PATHS)} tables committed; checks: " in told.given
    assert "/assets/" not in told.given + told.sentence


def test_results_and_progress_part(first: tuple[Path, Told]) -> None:
    """`cloudflix run > week.txt` held nothing: all of it went to standard error."""
    told = first[1]
    assert told.stderr.splitlines()[0] == f"Week {WEEK_1} runs"
    assert [line.split("  ")[0] for line in told.stderr.splitlines()[1:]] == [
        "cloudflix status",
        "cloudflix dev",
    ]
    assert told.stdout.startswith(f"Week {WEEK_1} done in ")
    assert told.stdout.endswith(f"\nLake: {first[0] / 'lake'}\n")


def test_a_web_ui_that_answers_is_linked_to(first: tuple[Path, Told]) -> None:
    """A link to a page that nobody serves is a riddle."""
    source = str(first[0].parent / "netflix")
    with create_server(("127.0.0.1", 0)) as server:
        env = {"CLOUDFLIX_WEB_UI": f"http://127.0.0.1:{server.getsockname()[1]}/"}
        told = cloudflix(first[0], "run", "--week", str(WEEK_1), "--source", source, env=env)
    assert told.sentence.endswith(f": {env['CLOUDFLIX_WEB_UI']}assets/silver/cast_quarantine")


@pytest.mark.parametrize(
    ("called", "on_path", "typed"),
    [
        (".venv/bin/cloudflix", None, ".venv/bin/cloudflix"),
        ("/opt/my tools/cloudflix", None, "'/opt/my tools/cloudflix'"),
        ("/opt/bin/cloudflix", "/opt/bin/cloudflix", "cloudflix"),
        ("-c", None, "cloudflix"),
        ("/opt/bin/pytest", None, "cloudflix"),
    ],
)
def test_a_command_that_is_named_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, called: str, on_path: str | None, typed: str
) -> None:
    """After `make run` in a new checkout no `cloudflix` was found."""
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(terminal, "which", lambda _: on_path)
    told = terminal.typed("cloudflix failed: run `cloudflix run --stale`, or see cloudflix status.")
    assert told == f"cloudflix failed: run `{typed} run --stale`, or see {typed} status."


@pytest.mark.parametrize("words", [["--home", "my home", "--source", "a"], ["--home=my home", "--source=a"]])
def test_a_command_that_is_named_means_the_same_lake(
    monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """After `run --home` the status of the home by default was named, where nothing was ever run."""
    monkeypatch.setattr(sys, "argv", ["cloudflix", "run", "--weeks", "3", *words])
    told = terminal.typed("`cloudflix run --stale`; cloudflix status --week 2026-11-09")
    here = "--home 'my home'"
    assert told == f"`cloudflix run {here} --source a --stale`; cloudflix status {here} --week 2026-11-09"
    named = "`cloudflix run --source b --home c`"
    assert terminal.typed(named) == named


def test_help_is_found_by_either_name() -> None:
    for command in ([], ["run"], ["status"], ["doctor"], ["sample"], ["dev"]):
        short, long = (CliRunner().invoke(commands.app, [*command, name]).output for name in ("-h", "--help"))
        assert short == long
        assert "Usage:" in short


def test_the_table_that_failed_is_called_failed() -> None:
    """It was called "not reached", like all that follow from it."""
    tables = {
        "raw/titles": TableResult(rows=1, committed=True),
        "bronze/titles": TableResult(reason="netflix_titles.csv cannot be parsed"),
        "silver/titles": TableResult(reason="not reached, because bronze_titles failed"),
        "gold/titles": TableResult(reason="not selected"),
    }
    result = WeekResult(WEEK_1, "run", success=False, seconds=1.0, tables=tables, checks={}, failures={})
    with (console := Console(width=100)).capture() as printed:
        print_summary(console, [result], "lake")
    (line,) = (line for line in printed.get().splitlines() if line.startswith(" titles"))
    assert line.split() == ["titles", "1", "failed", "not", "reached", "-"]


def test_one_table_is_one_table(first: tuple[Path, Told]) -> None:
    home, source = first[0], str(first[0].parent / "netflix")
    again = ("run", "--week", str(WEEK_1), "--source", source, "--select", "raw/cast")
    assert ": 1 table unchanged; " in cloudflix(home, *again).given
    assert ": 1 table committed; " in cloudflix(home, *again, "--force").given


def test_a_summary_keeps_the_order_of_the_flow(first: tuple[Path, Told]) -> None:
    """Titles, which all the others refer to, come first."""
    lines = first[1].stdout.splitlines()
    names = [
        line.split()[0] for line in lines if line.split() and line.split()[0] in {t.name for t in TABLES}
    ]
    assert names == list(dict.fromkeys(table.name for table in TABLES))


def test_elsewhere_than_on_a_terminal_there_is_nothing_to_decode(first: tuple[Path, Told]) -> None:
    """Colours and carriage returns in a log file."""
    assert not set("\x1b\r") & set(first[1].stderr + first[1].stdout)
    assert f"Week {WEEK_1} runs" in first[1].stderr


@pytest.mark.slow
def test_a_quiet_run_prints_its_failures_alone(first: tuple[Path, Told], tmp_path: Path) -> None:
    """Silence about a failure, or chatter about a success, in somebody's cron mail."""
    source = put(tmp_path / "netflix", publication(cast=b"cast,show_id\r\n"))
    run = ("run", "--week", str(WEEK_1), "--quiet", "--source")
    bad = cloudflix(tmp_path / "home", *run, str(source))
    assert bad.code == 1
    assert bad.sentence.startswith(f"{WEEK_1} publication: netflix_cast.csv holds a header and no records")
    put(source, publication())
    assert cloudflix(tmp_path / "home", *run, str(source)) == Told(0, "", "")


def test_a_terminal_is_shown_a_line_per_table_which_json_does_not_meet(
    first: tuple[Path, Told], tmp_path: Path
) -> None:
    """The live view belongs on standard error, also where Dagster has sent that to its files."""
    main, terminal = pty.openpty()
    code = "from cloudflix_assets.cli.commands import main; main()"
    source = put(tmp_path / "netflix", publication())
    options = ("--select", "+raw/cast", "--week", str(WEEK_1), "--source", str(source), "--json")
    command = [sys.executable, "-c", code, "run", *options, "--home", str(tmp_path / "home")]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        try:
            while chunk := os.read(main, 1 << 16):
                shown += chunk
        except OSError:  # how Linux says that the other side is closed
            pass
        assert process.stdout is not None
        told = process.stdout.read()
    os.close(main)
    assert process.returncode == 0
    assert json.loads(told)["weeks"][0]["tables"]["raw/cast"]["rows"] == 1
    text = shown.decode()
    assert "Starting Dagster" in text
    assert "⠋" in text or "⠙" in text or "⠹" in text
    live, summary = text.split("\x1b[?25h")[-2:]  # the cursor comes back when the live view goes
    assert "raw/cast" in live
    assert "publication" in live
    assert f"Week {WEEK_1}" in summary


def test_an_unexpected_error_is_a_sentence_and_with_debug_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack trace is for those who ask; and those who ask must get it."""

    def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("the moon is in the way\nand more")

    monkeypatch.setattr(weeks, "run_weeks", broken)
    told = cloudflix(tmp_path / "home", "run")
    assert (told.code, told.stdout) == (1, "")
    assert told.sentence == (
        "cloudflix failed unexpectedly (RuntimeError: the moon is in the way): "
        "run the same command with --debug to see where."
    )
    with pytest.raises(RuntimeError, match="moon"):
        cloudflix(tmp_path / "home", "run", "--debug")
    before = CliRunner().invoke(commands.app, ["--debug", "run", "--home", str(tmp_path / "home")])
    assert isinstance(before.exception, RuntimeError)


def test_debug_shows_the_trace_of_a_failed_step(tmp_path: Path) -> None:
    """The sentence of a step is all that is shown otherwise."""
    source = put(tmp_path / "netflix", publication(cast=b"cast,show_id\r\n"))
    run = ("run", "--week", str(WEEK_1), "--source", str(source))
    assert "Traceback" not in cloudflix(tmp_path / "home", *run).stderr
    assert "Traceback" in cloudflix(tmp_path / "home", *run, "--debug").stderr


@pytest.mark.parametrize("command", ["run", "status", "doctor", "dev"])
def test_every_command_has_examples(command: str) -> None:
    """And they stay in lines of their own."""
    shown = CliRunner().invoke(commands.app, [command, "--help"], env={"COLUMNS": "100"}).output
    lines = [line.strip() for line in shown.splitlines()]
    assert "Examples" in lines
    assert sum(line.startswith(f"cloudflix {command}") for line in lines) >= 2


def test_status_of_one_week_shows_digests_and_runs(first: tuple[Path, Told]) -> None:
    """What changed, and when it was last run, without the web UI."""
    told = cloudflix(first[0], "status", "--week", str(WEEK_1))
    (cast,) = (line.split() for line in told.stdout.splitlines() if " silver/cast " in line)
    digest = next(
        entry["digest"]
        for entry in cloudflix(first[0], "status", "--json").json["tables"]
        if entry["table"] == "silver/cast"
    )
    assert cast[:5] == ["silver/cast", "22", "1", "fresh", digest[-status.DIGEST_END :]]
    of_week = cloudflix(first[0], "status", "--json", "--week", str(WEEK_1)).json["tables"]
    assert {entry["week"] for entry in of_week} == {str(WEEK_1)}


@pytest.mark.parametrize(
    ("week", "sentence"),
    [
        ("2026-11-09", f"has no week 2026-11-09 (it holds {WEEK_1} to {WEEK_1}): run it with `cloudflix run"),
        ("monday", "'monday' is no date"),
    ],
)
def test_status_of_a_week_that_is_not_there_says_which_are(
    first: tuple[Path, Told], week: str, sentence: str
) -> None:
    """An empty table would look like an empty week."""
    for form in ((), ("--json",)):
        told = cloudflix(first[0], "status", "--week", week, *form)
        assert (told.code, told.stdout) == (1, "")
        assert sentence in told.sentence


def entry(table: str, week: date, **changed: Any) -> TableStatus:
    """A table's week as `status` knows it."""
    known = {"rows": 44_310, "digest": "v1:1:2:3:4", "state": "fresh", "causes": (), "run": "r", "at": NOON}
    return TableStatus(table, week, **{**known, "quarantined": 12, **changed})


def overview(capsys: pytest.CaptureFixture[str], *entries: TableStatus, tables: bool = False) -> str:
    """The overview a day after noon."""
    now = NOON + timedelta(hours=26)
    status.print_overview(LakeStatus(entries, []), Path("home"), tables=tables, now=now)
    return capsys.readouterr().out


def test_status_is_a_line_per_week(capsys: pytest.CaptureFixture[str]) -> None:
    """A column per week showed four weeks of two hundred, and no week that was never run."""
    weeks = [WEEK_1, WEEK_1 + timedelta(days=7), WEEK_1 + timedelta(days=28)]
    entries = [entry(table.path, week) for table in TABLES for week in weeks]
    entries[-1] = entry(TABLES[-1].path, weeks[-1], state="stale", causes=("has a new code version",))
    *lines, finding, remedy = overview(capsys, *entries).splitlines()
    shown = [line.split() for line in lines if line.startswith((" 2026", " 2 weeks"))]
    rows = f"{44_310 * sum(table.path.startswith('gold/') for table in TABLES):,}"
    quarantined = f"{12 * len(TABLES):,}"
    assert shown == [
        [str(weeks[0]), rows, quarantined, "1d", "ago", "fresh"],
        [str(weeks[1]), rows, quarantined, "1d", "ago", "fresh"],
        ["2", "weeks", "-", "-", "-", "never", "run"],
        [str(weeks[2]), rows, quarantined, "1d", "ago", "1", "stale,", str(len(TABLES) - 1), "fresh"],
    ]
    assert finding == f"stale {TABLES[-1].path}, {weeks[2]}: has a new code version"
    assert "cloudflix run --stale" in remedy


def test_status_shows_the_newest_weeks_that_fit_a_terminal() -> None:
    """Two hundred lines would push the findings of the last weeks off the screen."""
    weeks = [date(2024, 1, 1) + timedelta(days=7 * number) for number in range(200)]
    console = Console(force_terminal=True, color_system=None, width=80, height=30, highlight=False)
    with console.capture() as told:
        print_weeks(console, [entry("gold/cast", week) for week in weeks], NOON)
    text = told.get()
    assert text.count("44,310") == 20
    assert f"{weeks[-1]}" in text
    assert "The newest 20 of 200 weeks: --json shows all of them." in text


@pytest.mark.parametrize("columns", [80, 120])
def test_status_of_many_weeks_fits_the_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """Hundreds of weeks: wrapped numbers are unreadable, and a week left out must be said to be."""
    monkeypatch.setenv("COLUMNS", str(columns))
    weeks = [date(2024, 1, 1) + timedelta(days=7 * number) for number in range(200)]
    text = overview(capsys, *(entry(table.path, week) for table in TABLES for week in weeks), tables=True)
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    shown = text.count("44,310 +12") // len(TABLES)
    assert shown >= 4
    assert f"The newest {shown} of 200 weeks" in text
    assert "1d ago" in text


def test_status_names_what_is_stale_and_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """A mark alone says neither why nor what to do."""
    stale = {"state": "stale", "causes": ("has a new code version",)}
    text = overview(
        capsys,
        entry("silver/cast", WEEK_1),
        entry("gold/titles", WEEK_1, **stale),
        entry("silver/gold_titles_quarantine", WEEK_1, **stale),
        entry("gold/cast", WEEK_1, **stale, quarantined=0),
        tables=True,
    )
    assert f"stale 2 tables, {WEEK_1}: has a new code version" in text
    assert "! 44,310 +12" in text
    assert "cloudflix run --stale" in text


def test_help_shows_how_a_folder_on_github_is_written() -> None:
    """Rich takes `[@branch]` for markup, and leaves it out."""
    shown = CliRunner().invoke(commands.app, ["run", "--help"], env={"COLUMNS": "160"}).output
    assert "github:owner/repo[@branch][:folder]" in shown
