"""The grid of `cloudflix status --tables`: a line per table, a column per week."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from rich.console import Console
from rich.table import Table

from cloudflix_assets.cli.status_words import LABELS, grid, labels, last_run, ordered
from cloudflix_assets.runs.status import TableStatus

MOST_WEEKS = 8
_GAP, _NARROWEST = 2, len("just now")
_LEGEND = "Rows per table; +n quarantined, ! not as it should be, - never run."

Cells = Mapping[tuple[str, date], TableStatus]


def print_tables(console: Console, entries: Sequence[TableStatus], now: datetime) -> None:
    """Print a line per table and a column per week, for the newest weeks that fit the width."""
    cells = {(entry.table, entry.week): entry for entry in entries if "/" in entry.table}
    every = sorted({week for _, week in cells})
    shown = every[-_fitting(console.width, cells) :]
    console.print(_overview(cells, shown, now))
    console.print(_LEGEND, style="dim")
    if len(shown) < len(every):
        of = f"{len(shown)} of {len(every)} weeks"
        console.print(f"The newest {of}: --week shows one, --json all of them.")


def _overview(cells: Cells, weeks: Sequence[date], now: datetime) -> Table:
    shown = grid("table", *(f"{week:%Y}\n{week:%m-%d}" for week in weeks))
    paths = ordered({table for table, _ in cells})
    for path, following in zip(paths, [*paths[1:], None], strict=True):
        shown.add_row(
            path,
            *(_styled(cells, path, week) for week in weeks),
            end_section=following is None or following.split("/")[0] != path.split("/")[0],
        )
    shown.add_row("last run", *(last_run(_of(cells, week), now) for week in weeks), style="dim")
    return shown


def _fitting(width: int, cells: Cells) -> int:
    """The number of weeks that fit beside the tables' names."""
    name = max(len(table) for table in ordered({table for table, _ in cells}))
    widest = max(_NARROWEST, *(len(_cell(cells, table, week)) for table, week in cells))
    return min(max((width - name - _GAP) // (widest + _GAP), 1), MOST_WEEKS)


def _cell(cells: Cells, table: str, week: date) -> str:
    entry = cells.get((table, week))
    if entry is None:
        return "-"
    quarantined = f" +{entry.quarantined:,}" if entry.quarantined else ""
    words = "-" if entry.state == "absent" else entry.state
    text = words if entry.rows is None else f"{entry.rows:,}{quarantined}"
    return f"! {text}" if labels(entry) else text


def _styled(cells: Cells, table: str, week: date) -> str:
    entry, text = cells.get((table, week)), _cell(cells, table, week)
    wrong = labels(entry) if entry else []
    return f"[{LABELS[wrong[0]]}]{text}[/]" if wrong else text


def _of(cells: Cells, week: date) -> Sequence[TableStatus]:
    return [entry for (_, of), entry in cells.items() if of == week]
