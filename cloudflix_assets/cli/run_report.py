"""What `cloudflix run` prints about a week that has run, and the commands to use next."""

from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cloudflix_assets.assets.rule_texts import breaches
from cloudflix_assets.cli.terminal import typed
from cloudflix_assets.instance.events import Counts
from cloudflix_assets.names import quarantine_of, quarantine_path, table_of
from cloudflix_assets.runs.runner import TableResult, WeekResult
from spark.delivery.lines import printable
from spark.registry import TABLES
from spark.table import Layer

LEGEND = "Rows per table; +n quarantined, = unchanged, - not selected."
_REASONS = 3
"""Rules that are named per table; the others are counted."""


def print_week(console: Console, result: WeekResult) -> None:
    """Print the rows per table and layer, then what was quarantined, warned, failed and committed."""
    verdict = "[green]done[/]" if result.success else "[red]failed[/]"
    if result.interrupted and not result.success:
        verdict = "[red]interrupted[/]"
    console.print(
        f"[bold]Week {result.week}[/]  {verdict} in {result.seconds:.1f} s, {_checks(result.checks)}",
        soft_wrap=True,
    )
    if any(table.committed is not None for table in result.tables.values()):
        console.print(_rows(result.tables))
    if (findings := list(_findings(result))) and not result.interrupted:
        grid = Table.grid(padding=(0, 2))
        for justify in ("left", "left", "right", "left"):
            grid.add_column(justify=justify)
        for finding in findings:
            grid.add_row(*finding)
        console.print(grid)
    for sentence in dict.fromkeys(result.failures.values()):
        steps = ", ".join(step for step, told in result.failures.items() if told == sentence)
        told = typed(printable(sentence))
        console.print(Text.assemble((f"{steps}: ", "red"), told), soft_wrap=True)
    for sentence in result.notices:
        console.print(typed(printable(sentence)), style="yellow", soft_wrap=True, markup=False)
    console.print(_changed(result.tables), soft_wrap=True)
    console.print()


def print_next(console: Console, results: Sequence[WeekResult], lake: str, web_ui: str | None) -> None:
    """Print where the lake is, and what shows more of it; `web_ui` is None where none answers."""
    quarantine = next((path for result in reversed(results) for path, _ in _quarantined(result)), None)
    grid = Table.grid(padding=(0, 2))
    commands = {
        "cloudflix status": "rows, quarantined and stale, per table and week",
        "cloudflix dev": "the web UI: assets, checks, runs, quarantined records",
    }
    if not all(result.success for result in results):
        commands["cloudflix doctor"] = "whether something is wrong with this installation"
    for command, shows in commands.items():
        grid.add_row(Text(typed(command), style="bold"), shows)
    console.print(LEGEND, style="dim")
    console.print(f"Lake: {lake}", soft_wrap=True, markup=False)
    console.print(grid)
    if quarantine and web_ui:
        page = f"{web_ui.rstrip('/')}/assets/{quarantine}"
        console.print(f"Quarantined records, in the web UI: {page}", soft_wrap=True, markup=False)


def _checks(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return f"checks: {told or 'none'}"


def _rows(tables: Mapping[str, TableResult]) -> Table:
    """A line per dataset, a column per layer."""
    grid = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", border_style="dim"
    )
    grid.add_column("table")
    for layer in Layer:
        grid.add_column(layer.value, justify="right")
    for name in dict.fromkeys(table.name for table in TABLES):
        grid.add_row(name, *(_cell(tables, f"{layer.value}/{name}") for layer in Layer))
    return grid


def _cell(tables: Mapping[str, TableResult], path: str) -> str:
    table, quarantine = tables.get(path), tables.get(quarantine_of(path))
    if table is None:
        return ""
    if table.committed is None:
        reason = table.reason or ""
        if reason == "not selected":
            return "[dim]-[/]"
        return "[red]not reached[/]" if reason.startswith("not reached") else "[red]failed[/]"
    quarantined = f" [yellow]+{quarantine.rows:,}[/]" if quarantine and quarantine.rows else ""
    changed = table.committed or (quarantine is not None and quarantine.committed)
    return f"{table.rows:,}{quarantined}" if changed else f"[dim]{table.rows:,}{quarantined} =[/]"


def _findings(result: WeekResult) -> Iterator[tuple[str, str, str, str]]:
    """Rows that were quarantined, then rows that were kept with a warning, each with the rules."""
    label = "[yellow]quarantined[/]"
    for path, rows in _quarantined(result):
        table = table_of(path)
        yield label, table, f"{rows:,}", _reasons(table, result.quarantined.get(table, {}))
        label = ""
    label = "[yellow]warned[/]"
    for table, counts in result.warned.items():
        number = f"{sum(counts.values()):,}" if len(counts) == 1 else ""  # a row may break several rules
        yield label, table, number, f"{_reasons(table, counts)}; kept"
        label = ""


def _quarantined(result: WeekResult) -> Iterator[tuple[str, int]]:
    for table in TABLES:
        path = quarantine_path(table)
        if rows := result.tables.get(path, TableResult()).rows:
            yield path, rows


def _reasons(path: str, counts: Counts) -> str:
    """The first few reasons in words, with how many rows each has where there are several."""
    words = next((breaches(table) for table in TABLES if table.path == path), {})
    told = [(escape(words.get(rule, rule)), rows) for rule, rows in counts.items()]
    if len(told) == 1:
        return told[0][0]
    named = [f"{rows:,} {text}" for text, rows in told[:_REASONS]]
    others = len(counts) - _REASONS
    return "; ".join([*named, *([f"+{others} more"] if others > 0 else [])])


def _changed(tables: Mapping[str, TableResult]) -> str:
    """The number of tables that were committed, in words."""
    committed = sum(table.committed is True for table in tables.values())
    unchanged = sum(table.committed is False for table in tables.values())
    if not committed and not unchanged:
        return "Nothing was committed."
    if not committed:
        holds = "holds" if unchanged == 1 else "hold"
        return f"Unchanged: {_counted(unchanged)} {holds} this already, so nothing was committed."
    if not unchanged:
        return f"Committed: {_counted(committed)}."
    return f"Committed: {_counted(committed)}; unchanged: {unchanged}."


def _counted(tables: int) -> str:
    return "1 table" if tables == 1 else f"{tables} tables"
