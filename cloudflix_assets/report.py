"""What the command line prints of runs and of the lake."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from cloudflix_assets.running import TableResult, WeekResult
from cloudflix_assets.week_runs import TableStatus
from spark.table import Layer

LEGEND = "Rows per table; +n quarantined, = unchanged, - not selected."


def print_week(console: Console, result: WeekResult) -> None:
    """A line per dataset, a column per layer: rows, quarantined, committed or unchanged."""
    verdict = "[green]done[/]" if result.success else "[red]failed[/]"
    checks = ", ".join(f"{count} {name}" for name, count in result.checks.items() if count)
    console.print(
        f"[bold]Week {result.week}[/]  {verdict} in {result.seconds:.1f} s   checks: {checks or 'none'}",
        soft_wrap=True,
    )
    grid = Table()
    grid.add_column("table")
    for layer in Layer:
        grid.add_column(layer.value, justify="right")
    for name in _names(result.tables):
        grid.add_row(name, *(_cell(result.tables, f"{layer.value}/{name}") for layer in Layer))
    console.print(grid)
    for step, sentence in result.failures.items():
        console.print(f"[red]{step}[/]: ", end="")
        console.print(sentence, soft_wrap=True, markup=False)


def _names(tables: Mapping[str, TableResult]) -> list[str]:
    return list(dict.fromkeys(p.split("/")[1] for p in tables if not p.endswith("_quarantine")))


def _cell(tables: Mapping[str, TableResult], path: str) -> str:
    table, quarantine = tables.get(path), tables.get(f"{path}_quarantine")
    if table is None:
        return ""
    if table.committed is None:
        return "[dim]-[/]" if table.reason == "not selected" else "[red]not reached[/]"
    refused = f" [yellow]+{quarantine.rows:,}[/]" if quarantine and quarantine.rows else ""
    changed = table.committed or (quarantine is not None and quarantine.committed)
    return f"{table.rows:,}{refused}" if changed else f"[dim]{table.rows:,}{refused} =[/]"


def print_status(console: Console, entries: Sequence[TableStatus]) -> None:
    """A line per table, a column per week."""
    if not entries:
        console.print("The lake is empty: start with `cloudflix run`.")
        return
    weeks = sorted({entry.week for entry in entries})[-8:]
    grid = Table(title=f"Rows per table and week (the last {len(weeks)} weeks)", title_justify="left")
    grid.add_column("table")
    for week in weeks:
        grid.add_column(str(week), justify="right")
    cells = {(entry.table, entry.week): entry for entry in entries}
    for table in dict.fromkeys(entry.table for entry in entries):
        grid.add_row(table, *(_status_cell(cells.get((table, week))) for week in weeks))
    console.print(grid)
    stale = [entry for entry in entries if entry.state == "stale"]
    for entry in stale:
        console.print(f"[yellow]stale[/] {entry.table} {entry.week}: {'; '.join(entry.causes)}")
    if stale:
        console.print("Bring them up to date with [bold]cloudflix run --stale[/].")


def _status_cell(entry: TableStatus | None) -> str:
    if entry is None:
        return "[dim].[/]"
    return f"[yellow]{entry.rows:,} stale[/]" if entry.state == "stale" else f"{entry.rows:,}"
