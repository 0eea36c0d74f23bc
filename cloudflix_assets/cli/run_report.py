"""What `cloudflix run` prints: a line per week, all weeks together, then what has to be done.

What the weeks gave goes to standard output; notices, failures and the next commands to standard error, last.
"""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudflix_assets.cli.run_findings import findings
from cloudflix_assets.cli.terminal import print_error, print_line, typed
from cloudflix_assets.names import quarantine_of, quarantine_path
from cloudflix_assets.runs.runner import TableResult, WeekResult
from spark.delivery.lines import printable
from spark.registry import TABLES
from spark.table import Layer

_MARKS = {
    "+": "+n quarantined",
    "=": "= unchanged",
    "-": "- not selected",
    "!": "! not made in every week",
}
_PLACES = 3
"""Weeks and tables that are named before a failure; the others are counted."""
_ONE_DECIMAL = 10
"""Seconds, below which tenths are shown."""
_PATHS = {table.identifier: table.path for table in TABLES}


def print_week(console: Console, result: WeekResult) -> None:
    """Print how a week ended, in a line."""
    words = "done" if result.success else "interrupted" if result.interrupted else "failed"
    style = "green" if result.success else "red"
    line = Text.assemble(
        (f"Week {result.week} ", "bold"),
        (words, style),
        f" in {_seconds(result.seconds)}{_failed(result)}: {_changed(result.tables)}; "
        f"{_checks(result.checks)}",
    )
    print_line(console, line)


def print_summary(console: Console, results: Sequence[WeekResult], lake: str) -> None:
    """Print the rows per table and layer, and what was quarantined and warned, in all weeks together."""
    if len(results) > 1:
        done, seconds = sum(result.success for result in results), sum(result.seconds for result in results)
        ended = f"{done} done" if done == len(results) else f"{done} done, {len(results) - done} not"
        span = f"{len(results)} weeks, {results[0].week} to {results[-1].week}"
        console.print(f"\n[bold]{span}[/] together: {ended}, in {_seconds(seconds)}", soft_wrap=True)
    if any(table.committed is not None for result in results for table in result.tables.values()):
        cells = _cells(results)
        console.print(_rows(cells))
        found = "".join(cell for row in cells.values() for cell in row)
        marks = [told for mark, told in _MARKS.items() if mark in found]
        console.print("; ".join(["Rows per table", ", ".join(marks)][: 1 + bool(marks)]) + ".", style="dim")
    _print_findings(console, results)
    console.print(f"Lake: {lake}", soft_wrap=True, markup=False)


def print_to_do(console: Console, results: Sequence[WeekResult], web_ui: str | None) -> None:
    """Print notices and failures, then the commands to use next; `web_ui` is None where none answers."""
    for sentence in dict.fromkeys(notice for result in results for notice in result.notices):
        console.print(typed(printable(sentence)), style="yellow", soft_wrap=True, markup=False)
    places: dict[str, list[str]] = {}
    for result in results:
        for step, sentence in result.failures.items():
            places.setdefault(sentence, []).append(f"{result.week} {_PATHS.get(step, step)}")
    for sentence, found in places.items():
        more = f" and {len(found) - _PLACES} more" if len(found) > _PLACES else ""
        print_error(f"{', '.join(found[:_PLACES])}{more}: {sentence}")
    _print_next(console, {typed(command): shows for command, shows in _next(results).items()})
    if web_ui and (page := _page(results)):
        console.print(f"{page[0]}, in the web UI: {web_ui.rstrip('/')}/assets/{page[1]}", soft_wrap=True)


def _print_next(console: Console, commands: Mapping[str, str]) -> None:
    """A line for each command and what it shows; where one is too long for that, a command stands alone."""
    room = max(map(len, commands))
    if room + 2 + max(map(len, commands.values())) <= console.width:
        lines = [
            Text.assemble((f"{command:<{room}}", "bold"), f"  {shows}") for command, shows in commands.items()
        ]
    else:
        lines = [Text.assemble(f"{shows}:\n", (command, "bold")) for command, shows in commands.items()]
    for line in lines:
        console.print(line, soft_wrap=True)


def _next(results: Sequence[WeekResult]) -> Mapping[str, str]:
    undone = [result.week for result in results if not result.success]
    if undone:
        return {
            f"cloudflix status --week {undone[-1]}": "what the lake holds of it",
            "cloudflix run --stale": "once that is corrected: all that is not done",
            "cloudflix doctor": "whether this installation is well",
        }
    return {
        "cloudflix status": "what the lake holds, week by week",
        "cloudflix dev": "the web UI: all reasons, quarantined records, checks, runs",
    }


def _page(results: Sequence[WeekResult]) -> tuple[str, str] | None:
    """The asset to look at: the first that failed, else a quarantine that has rows."""
    for result in reversed(results):
        for step in result.failures:
            return "What failed", _PATHS.get(step, step)
    for result in reversed(results):
        for path in map(quarantine_path, TABLES):
            if result.tables.get(path, TableResult()).rows:
                return "Quarantined records", path
    return None


def _print_findings(console: Console, results: Sequence[WeekResult]) -> None:
    """A line for each; what a terminal has no room for is cut off."""
    found = findings(results)
    room = console.width // 3 if console.is_terminal else None
    named = [one.named(room) for one in found]
    name, number = max(map(len, named), default=0), max((len(one.number) for one in found), default=0)
    label = ""
    for one, tables in zip(found, named, strict=True):
        if one.label != label:
            label = one.label
            console.print(label, style="yellow")
        print_line(console, Text(f"  {tables:<{name}}  {one.number:>{number}}  {one.reasons}"))


def _failed(result: WeekResult) -> str:
    """Where a run failed: a table, and how many others."""
    first, *others = [_PATHS.get(step, step) for step in result.failures] or [""]
    return f" at {first}{f' and {len(others)} more' if others else ''}" if first else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < _ONE_DECIMAL else f"{seconds:.0f} s"


def _checks(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"checks: {told or 'none'}"


def _cells(results: Sequence[WeekResult]) -> Mapping[str, Sequence[str]]:
    """A row per dataset, a cell per layer."""
    names = dict.fromkeys(table.name for table in TABLES)
    return {name: [_cell(results, f"{layer.value}/{name}") for layer in Layer] for name in names}


def _rows(cells: Mapping[str, Sequence[str]]) -> Table:
    grid = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", border_style="dim"
    )
    grid.add_column("table")
    for layer in Layer:
        grid.add_column(layer.value, justify="right")
    for name, row in cells.items():
        grid.add_row(name, *(Text(cell, style=_style(cell)) for cell in row))
    return grid


def _style(cell: str) -> str:
    if cell.endswith("!") or cell in {"failed", "not reached"}:
        return "red"
    return "dim" if cell.endswith(("=", "-")) else ""


def _cell(results: Sequence[WeekResult], path: str) -> str:
    tables = [result.tables[path] for result in results if path in result.tables]
    beside = [result.tables.get(quarantine_of(path), TableResult()) for result in results]
    stored = [table for table in tables if table.committed is not None]
    if not stored:
        return _absent([table.reason or "" for table in tables]) if tables else ""
    quarantined = sum(table.rows or 0 for table in beside)
    words = [f"{sum(table.rows or 0 for table in stored):,}"]
    words += [f"+{quarantined:,}"] if quarantined else []
    words += [] if any(table.committed for table in [*stored, *beside]) else ["="]
    words += ["!"] if len(stored) < len(results) else []
    return " ".join(words)


def _absent(reasons: Sequence[str]) -> str:
    if all(reason == "not selected" for reason in reasons):
        return "-"
    return "not reached" if all(reason.startswith("not ") for reason in reasons) else "failed"


def _changed(tables: Mapping[str, TableResult]) -> str:
    """The number of tables that were committed, in words."""
    committed = sum(table.committed is True for table in tables.values())
    unchanged = sum(table.committed is False for table in tables.values())
    if not committed and not unchanged:
        return "nothing committed"
    if not unchanged:
        return f"{_counted(committed)} committed"
    return (
        f"{committed} committed, {unchanged} unchanged" if committed else f"{_counted(unchanged)} unchanged"
    )


def _counted(tables: int) -> str:
    return "1 table" if tables == 1 else f"{tables} tables"
