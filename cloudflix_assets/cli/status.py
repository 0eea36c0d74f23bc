"""What `cloudflix status` prints: a grid of tables and weeks, or one week in detail."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudflix_assets.cli.terminal import typed
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.names import is_quarantine
from cloudflix_assets.runs.status import TROUBLES, TableStatus
from spark.registry import TABLES

MOST_WEEKS = 8
DIGEST_END = 17
"""Characters of a digest that are shown: the end of its second sum, and its schema."""

_GAP, _NARROWEST = 2, len("just now")
_LEGEND = "Rows per table; +n quarantined, ! not as it should be, - never run."
_LABELS = {
    "damaged": "red",
    "missing": "red",
    "changed": "red",
    "failed": "red",
    "interrupted": "red",
    "not reached": "red",
    "unknown": "yellow",
    "stale": "yellow",
    "outside": "dim",
    "running": "dim",
}
"""What may be wrong with a week of a table, the worst first, with its colour."""
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))

Cells = Mapping[tuple[str, date], TableStatus]


def print_overview(entries: Sequence[TableStatus], home: Path, *, now: datetime | None = None) -> None:
    """Print a line per table and a column per week, for the newest weeks that fit the terminal."""
    console = Console(highlight=False)
    if not entries:
        console.print(typed(f"Nothing was run in {home}: start with `cloudflix run`."), soft_wrap=True)
        return
    cells = {(entry.table, entry.week): entry for entry in entries if "/" in entry.table}
    every = sorted({week for _, week in cells})
    if cells:
        shown = every[-_fitting(console.width, cells) :]
        console.print(_overview(cells, shown, now or datetime.now(UTC)))
        console.print(_LEGEND, style="dim")
        if len(shown) < len(every):
            of = f"{len(shown)} of {len(every)} weeks"
            console.print(f"The newest {of}: --week shows one, --json all of them.")
    _print_findings(console, entries)


def print_notices(notices: Sequence[str]) -> None:
    """Print what is to be said of the lake as a whole."""
    for notice in notices:
        Console(highlight=False).print(notice, style="red", soft_wrap=True, markup=False)


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
    _print_findings(console, entries)


def _overview(cells: Cells, weeks: Sequence[date], now: datetime) -> Table:
    grid = _grid("table", *(f"{week:%Y}\n{week:%m-%d}" for week in weeks))
    paths = _ordered({table for table, _ in cells})
    for path, following in zip(paths, [*paths[1:], None], strict=True):
        grid.add_row(
            path,
            *(_styled(cells, path, week) for week in weeks),
            end_section=following is None or following.split("/")[0] != path.split("/")[0],
        )
    grid.add_row("last run", *(_last_run(cells, week, now) for week in weeks), style="dim")
    return grid


def _detail(entries: Sequence[TableStatus]) -> Table:
    grid = _grid("table", "rows", "quarantined", "state", "digest ends in", "last run UTC")
    for entry in entries:
        grid.add_row(
            entry.table,
            "" if entry.rows is None else f"{entry.rows:,}",
            f"{entry.quarantined:,}" if entry.quarantined else "",
            ", ".join(f"[{_LABELS[label]}]{label}[/]" for label in _labels(entry)) or entry.state,
            (entry.digest or "")[-DIGEST_END:],
            f"{entry.at:%m-%d %H:%M}" if entry.at else "",
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
    words = "-" if entry.state == "absent" else entry.state
    text = words if entry.rows is None else f"{entry.rows:,}{quarantined}"
    return f"! {text}" if _labels(entry) else text


def _styled(cells: Cells, table: str, week: date) -> str:
    entry, text = cells.get((table, week)), _cell(cells, table, week)
    labels = _labels(entry) if entry else []
    return f"[{_LABELS[labels[0]]}]{text}[/]" if labels else text


def _last_run(cells: Cells, week: date, now: datetime) -> str:
    """When the week was run last, marked if that did not store all that it was to."""
    entries = [entry for (_, of), entry in cells.items() if of == week]
    tried = [entry.attempt for entry in entries if entry.attempt]
    moments = [*(entry.at for entry in entries if entry.at), *(attempt.at for attempt in tried)]
    if not moments:
        return "-"
    return f"{'! ' if tried else ''}{_ago(now - max(moments))}"


def _labels(entry: TableStatus) -> list[str]:
    """Return what is not as it should be, the worst first."""
    found = {entry.state, entry.attempt.ended if entry.attempt else ""}
    return [label for label in _LABELS if label in found]


def _print_findings(console: Console, entries: Sequence[TableStatus]) -> None:
    """Print a line per finding and cause, then what to do."""
    found = list(_findings(entries))
    for label, line in found:
        console.print(Text.assemble((label, _LABELS[label]), " ", typed(line)), soft_wrap=True)
    labels = {label for label, _ in found}
    if labels & TROUBLES:
        told = "Do what these sentences say; then [bold]cloudflix run --stale[/] runs all that is not done."
        console.print(typed(told), soft_wrap=True)
    elif labels - {"outside", "running"}:
        told = (
            "Bring them up to date with [bold]cloudflix run --stale[/]: what is unchanged is not committed."
        )
        console.print(typed(told), soft_wrap=True)


def _findings(entries: Sequence[TableStatus]) -> Iterator[tuple[str, str]]:
    """Yield a label, and the tables and the number of weeks that it holds for by one cause."""
    places: dict[tuple[str, str], list[TableStatus]] = {}
    for entry in entries:
        for cause in entry.causes:
            places.setdefault((entry.state, cause), []).append(entry)
        if entry.attempt:
            places.setdefault((entry.attempt.ended, entry.attempt.sentence), []).append(entry)
    for label, cause in sorted(places, key=lambda place: list(_LABELS).index(place[0])):
        found = places[label, cause]
        every, weeks = {entry.table for entry in found}, {str(entry.week) for entry in found}
        tables = sorted(every if every.isdisjoint(_ordered(every)) else _ordered(every))
        named = tables[0] if len(tables) == 1 else f"{len(tables)} tables"
        yield label, f"{named}, {weeks.pop() if len(weeks) == 1 else f'{len(weeks)} weeks'}: {cause}"


def _ago(passed: timedelta) -> str:
    for name, unit in _UNITS:
        if passed >= unit:
            return f"{passed // unit}{name} ago"
    return "just now"
