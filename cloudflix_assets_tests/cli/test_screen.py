"""A run and its questions on a terminal: what fits a screen, what is asked, who is waited for."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from rich.console import Console

from cloudflix_assets.cli import patience
from cloudflix_assets.cli.run_report import print_summary, print_to_do, print_week
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.waiting import waiting_for
from cloudflix_assets.runs import weeks
from cloudflix_assets.runs.runner import TableResult, WeekResult
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.cli.on_terminal import on_terminal
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, put

MOST_LINES = 25
BROKEN = {"the record has not as many fields as the header": 2, "show_id: nullable": 1}


@pytest.mark.slow  # three weeks of a thousand titles
@pytest.mark.parametrize("columns", [80, 100])
def test_a_week_of_the_sample_is_one_screen(tmp_path: Path, columns: int) -> None:
    """It took 35 lines, and what was to be done next was not among the last."""
    seen = on_terminal(tmp_path / "home", columns, "run", "--week", str(WEEK_1))
    assert seen.code == 0, seen.text
    assert len(seen.result) <= MOST_LINES, seen.result
    whole = ("Lake: ", "cloudflix ")  # they are copied
    assert max(len(line) for line in seen.result if not line.startswith(whole)) <= columns
    assert seen.result[0].startswith(f"Week {WEEK_1} done in ")
    assert any(re.match(r" +silver/cast and 3 more +\d+ each  ", line) for line in seen.result)
    assert seen.result[-1].startswith("cloudflix dev ")


def result(week: int, **failures: str) -> WeekResult:
    """A week of two lookups that broke the same rules, or one that failed."""
    made = {} if failures else {"silver/cast": BROKEN, "silver/category": BROKEN}
    reason = "not reached, because publication failed"
    tables = {
        path: TableResult(reason=reason) if failures else TableResult(rows=rows, committed=True)
        for name in ("cast", "category")
        for path, rows in ((f"silver/{name}", 7), (f"silver/{name}_quarantine", 3))
    }
    return WeekResult(
        WEEK_1 + timedelta(days=7 * week),
        "run",
        success=not failures,
        seconds=2.04,
        tables=tables,
        checks={"passed": 2} if made else {},
        failures=failures,
        quarantined=made,
    )


def printed(*results: WeekResult, width: int = 200) -> list[str]:
    """The lines of weeks and of all of them together."""
    with (console := Console(width=width)).capture() as told:
        for one in results:
            print_week(console, one)
        print_summary(console, results, "the/lake")
    return [line.rstrip() for line in told.get().splitlines()]


def test_tables_with_equal_reasons_are_one_line() -> None:
    """Four lookups said the same in four lines."""
    lines = printed(result(0))
    at = lines.index("quarantined")
    assert lines[at + 1].startswith("  silver/cast, category  3 each  2 the record has not as many fields")
    assert lines[at + 2 :] == ["Lake: the/lake"]


def test_weeks_are_a_line_each_and_then_told_together() -> None:
    """Three weeks printed the same tables three times; and a sum must not hide that one week is not in it."""
    lines = printed(result(0), result(1, publication="refused"), result(2))
    assert lines[:3] == [
        f"Week {WEEK_1} done in 2.0 s: 4 tables committed; checks: 2 passed",
        f"Week {WEEK_2} failed in 2.0 s at publication: nothing committed; checks: none",
        f"Week {WEEK_2 + timedelta(days=7)} done in 2.0 s: 4 tables committed; checks: 2 passed",
    ]
    assert lines[4].startswith(f"3 weeks, {WEEK_1} to {WEEK_2 + timedelta(days=7)} together: 2 done, 1 not")
    (cast,) = (line.split() for line in lines if line.startswith(" cast"))
    assert cast == ["cast", "14", "+6", "!"]
    assert "Rows per table; +n quarantined, ! not made in every week." in lines
    assert "  silver/cast, category  6 each  4 the record has not as many fields as the header; " in "".join(
        line for line in lines if "silver/cast" in line
    )


def test_what_failed_is_linked_to_and_not_some_quarantine() -> None:
    """The link led to the first quarantine of a week that was well."""
    with (console := Console(width=200)).capture() as told:
        print_to_do(console, [result(0), result(1, silver_cast="too many")], "http://localhost:3000/")
    last = told.get().splitlines()[-1]
    assert last == "What failed, in the web UI: http://localhost:3000/assets/silver/cast"


def test_weeks_before_a_run_that_broke_off_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their failures went with it."""

    def broken(*_: object, **__: object) -> Iterator[WeekResult]:
        yield result(0, silver_cast="too many")
        raise CloudflixError("the account is gone.")

    monkeypatch.setattr(weeks, "run_weeks", broken)
    told = cloudflix(tmp_path / "home", "run")
    assert told.code == 1
    assert told.stderr.startswith(f"{WEEK_1} silver/cast: too many\n")
    assert told.stderr.endswith("the account is gone.\n")
    assert told.stdout.startswith(f"Week {WEEK_1} failed in 2.0 s at silver/cast: nothing committed")


@pytest.mark.slow  # a process on a terminal
def test_nothing_is_left_of_what_said_that_a_command_starts(tmp_path: Path) -> None:
    """What was given stood behind `Starting Dagster and the engine`."""
    seen = on_terminal(tmp_path / "home", 80, "run", "--stale", "--weeks", "2")
    assert seen.result == ["Nothing is stale."]
    assert re.search(r"Stale tables of 2 weeks, \S+ to \S+; Ctrl-C keeps what is done\.", seen.text)


@pytest.mark.slow  # four processes
def test_replacing_a_source_is_asked_for_on_a_terminal(tmp_path: Path) -> None:
    """A lake was emptied by one option that was left in the shell's history."""
    home, select = tmp_path / "home", ("--select", "+raw/cast", "--week", str(WEEK_1))
    ours, theirs = (str(put(tmp_path / name, publication())) for name in ("ours", "theirs"))
    assert (
        cloudflix(home, "run", *select, "--source", ours, "--replace-source").code == 0
    )  # nothing to remove
    replace = ("run", *select, "--source", theirs, "--replace-source")
    refused = on_terminal(home, 300, *replace, answer="n")
    assert refused.code == 1
    asked = f"--replace-source removes 1 table and 1 week of directory:ours at {home / 'lake'}: remove them?"
    assert asked in refused.text
    assert "Nothing was removed, nothing was run." in refused.text
    assert cloudflix(home, "run", *select, "--source", ours).code == 0
    assert on_terminal(home, 300, *replace, answer="y").code == 0
    assert "holds directory:theirs" in cloudflix(home, "run", *select, "--source", ours).sentence


class _Screen(io.StringIO):
    """A terminal that says when something was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = Event()

    def write(self, text: str) -> int:
        """Keep it."""
        self.written.set()
        return super().write(text)


def test_a_silent_host_is_told_on_a_terminal_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not answer looked like a command that hangs."""
    monkeypatch.setattr(patience, "SILENT", 0.0)
    monkeypatch.setattr(patience, "_LOOK", 0.01)
    console = Console(file=(screen := _Screen()), force_terminal=True, color_system=None, width=80)
    with patience.told_who_is_waited_for(console), waiting_for("api.github.com"):
        assert screen.written.wait(60)
        Event().wait(0.1)
    assert screen.getvalue() == "waiting for api.github.com since 0 s\n"


@pytest.mark.parametrize("options", [{"quiet": True, "force_terminal": True}, {"force_terminal": False}])
def test_elsewhere_nobody_is_told(monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]) -> None:
    """Lines about waiting in a log, each minute, for nobody."""
    monkeypatch.setattr(patience, "SILENT", 0.0)
    monkeypatch.setattr(patience, "_LOOK", 0.01)
    console = Console(file=(screen := _Screen()), **options)  # type: ignore[arg-type]
    with patience.told_who_is_waited_for(console), waiting_for("api.github.com"):
        assert not screen.written.wait(0.1)
