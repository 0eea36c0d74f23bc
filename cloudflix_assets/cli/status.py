"""What `cloudflix status` prints: a grid of tables and weeks, or one week in detail."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.names import is_quarantine
from cloudflix_assets.runs.status import TableStatus
from spark.registry import TABLES

MOST_WEEKS = 8
DIGEST_END = 17
"""Characters of a digest that are shown: the end of its second sum, and its schema."""

_GAP, _NARROWEST = 2, len("just now")
_LEGEND = "Rows per table; +n quarantined, ! stale, - never run."
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))

Cells = Mapping[tuple[str, date], TableStatus]


def print_overview(entries: Sequence[TableStatus], home: Path, *, now: datetime | None = None) -> None:
    """Print a line per table and a column per week, for the newest weeks that fit the terminal."""
    console = Console(highlight=False)
    if not entries:
        console.print(f"Nothing was run in {home}: start with `cloudflix run`.", soft_wrap=True)
        return
    cells = {(entry.table, entry.week): entry for entry in entries}
    every = sorted({week for _, week in cells})
    shown = every[-_fitting(console.width, cells) :]
    console.print(_overview(cells, shown, now or datetime.now(UTC)))
    console.print(_LEGEND, style="dim")
    if len(shown) < len(every):
        console.print(f"The newest {len(shown)} of {len(every)} weeks: --week shows one, --json all of them.")
    _print_stale(console, entries)


def of_week(entries: Sequence[TableStatus], week: date) -> list[TableStatus]:
    """Return the entries of a week.

    Raises:
        CloudflixError: there are none.
    """
    chosen = [entry for entry in entries if entry.week == week]
    if not chosen:
        weeks = sorted({str(entry.week) for entry in entries})
        held = f"it holds {weeks[0]} to {weeks[-1]}" if weeks else "it is empty"
        raise CloudflixError(
            f"the lake has no week {week} ({held}): run it with `cloudflix run --week {week}`."
        )
    return chosen


def print_week(entries: Sequence[TableStatus]) -> None:
    """Print a line per table of one week, with the end of its digest and the time of its last run."""
    console, tables = Console(highlight=False), {entry.table: entry for entry in entries}
    console.print(_detail([tables[path] for path in _ordered(tables)]))
    _print_stale(console, entries)


def _overview(cells: Cells, weeks: Sequence[date], now: datetime) -> Table:
    grid = _grid("table", *(f"{week:%Y}\n{week:%m-%d}" for week in weeks))
    paths = _ordered({table for table, _ in cells})
    for path, following in zip(paths, [*paths[1:], None], strict=True):
        grid.add_row(
            path,
            *(_styled(cells, path, week) for week in weeks),
            end_section=following is None or following.split("/")[0] != path.split("/")[0],
        )
    newest = {week: max(entry.at for (_, w), entry in cells.items() if w == week) for week in weeks}
    grid.add_row("last run", *(_ago(now - newest[week]) for week in weeks), style="dim")
    return grid


def _detail(entries: Sequence[TableStatus]) -> Table:
    grid = _grid("table", "rows", "quarantined", "state", "digest ends in", "last run UTC")
    for entry in entries:
        grid.add_row(
            entry.table,
            f"{entry.rows:,}",
            f"{entry.quarantined:,}" if entry.quarantined else "",
            "[yellow]stale[/]" if entry.state == "stale" else entry.state,
            entry.digest[-DIGEST_END:],
            f"{entry.at:%m-%d %H:%M}",
        )
    return grid


def _grid(first: str, *others: str) -> Table:
    grid = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", border_style="dim"
    )
    grid.add_column(first, no_wrap=True, vertical="bottom")
    for header in others:
        grid.add_column(header, justify="right", no_wrap=True)
    return grid


def _fitting(width: int, cells: Cells) -> int:
    """The number of weeks that fit beside the tables' names."""
    name = max(len(table) for table in _ordered({table for table, _ in cells}))
    widest = max(_NARROWEST, *(len(_cell(cells, table, week)) for table, week in cells))
    return min(max((width - name - _GAP) // (widest + _GAP), 1), MOST_WEEKS)


def _ordered(tables: Mapping[str, object] | set[str]) -> Sequence[str]:
    """Paths of tables, upstream first, without the quarantines, which are shown beside their tables."""
    flow = [table.path for table in TABLES]
    own = [path for path in tables if not is_quarantine(path)]
    return sorted(own, key=lambda path: (flow.index(path) if path in flow else len(flow), path))


def _cell(cells: Cells, table: str, week: date) -> str:
    entry = cells.get((table, week))
    if entry is None:
        return "-"
    quarantined = f" +{entry.quarantined:,}" if entry.quarantined else ""
    return f"{'! ' if entry.state == 'stale' else ''}{entry.rows:,}{quarantined}"


def _styled(cells: Cells, table: str, week: date) -> str:
    entry, text = cells.get((table, week)), _cell(cells, table, week)
    return f"[yellow]{text}[/]" if entry and entry.state == "stale" else text


def _print_stale(console: Console, entries: Sequence[TableStatus]) -> None:
    if lines := list(_stale(entries)):
        for line in lines:
            console.print(f"[yellow]stale[/] {line}", soft_wrap=True)
        console.print("Bring them up to date with [bold]cloudflix run --stale[/].")


def _stale(entries: Sequence[TableStatus]) -> Iterator[str]:
    """A line per cause of staleness: the tables and the number of weeks."""
    stale = [entry for entry in entries if entry.state == "stale"]
    for cause in Counter(cause for entry in stale for cause in entry.causes):
        found = [entry for entry in stale if cause in entry.causes]
        tables, weeks = _ordered({entry.table for entry in found}), {str(entry.week) for entry in found}
        named = tables[0] if len(tables) == 1 else f"{len(tables)} tables"
        yield f"{named}, {weeks.pop() if len(weeks) == 1 else f'{len(weeks)} weeks'}: {cause}"


def _ago(passed: timedelta) -> str:
    for name, unit in _UNITS:
        if passed >= unit:
            return f"{passed // unit}{name} ago"
    return "just now"
