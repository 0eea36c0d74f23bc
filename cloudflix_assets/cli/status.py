"""What `cloudflix status` prints: a line per week, a grid of tables and weeks, or one week in detail."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudflix_assets.cli.status_tables import print_tables
from cloudflix_assets.cli.status_weeks import print_weeks
from cloudflix_assets.cli.status_words import LABELS, grid, labels, ordered
from cloudflix_assets.cli.terminal import typed
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.runs.status import TROUBLES, LakeStatus, TableStatus

DIGEST_END = 17
"""Characters of a digest that are shown: the end of its second sum, and its schema."""


def print_overview(
    found: LakeStatus, home: Path, *, tables: bool = False, now: datetime | None = None
) -> None:
    """Print what is to be said of the lake as a whole, a line per week (or `tables`), then the findings."""
    console = Console(highlight=False)
    _print_notices(console, found)
    if found.tables:
        view = print_tables if tables and any("/" in entry.table for entry in found.tables) else print_weeks
        view(console, found.tables, now or datetime.now(UTC))
        _print_findings(console, found.tables)
    elif not found.notices:
        console.print(typed(f"Nothing was run in {home}: start with `cloudflix run`."), soft_wrap=True)


def print_week(found: LakeStatus) -> None:
    """Print a line per table of one week, with the end of its digest and the time of its last run."""
    console, tables = Console(highlight=False), {entry.table: entry for entry in found.tables}
    _print_notices(console, found)
    console.print(_detail([tables[path] for path in ordered(tables)]))
    _print_findings(console, found.tables)


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


def _print_notices(console: Console, found: LakeStatus) -> None:
    for notice in found.notices:
        console.print(notice, style="red", soft_wrap=True, markup=False)


def _detail(entries: Sequence[TableStatus]) -> Table:
    shown = grid("table", "rows", "quarantined", "state", "digest ends in", "last run UTC")
    for entry in entries:
        shown.add_row(
            entry.table,
            "" if entry.rows is None else f"{entry.rows:,}",
            f"{entry.quarantined:,}" if entry.quarantined else "",
            ", ".join(f"[{LABELS[label]}]{label}[/]" for label in labels(entry)) or entry.state,
            (entry.digest or "")[-DIGEST_END:],
            f"{entry.at:%m-%d %H:%M}" if entry.at else "",
        )
    return shown


def _print_findings(console: Console, entries: Sequence[TableStatus]) -> None:
    """Print a line per finding and cause, then what to do."""
    found = list(_findings(entries))
    for label, line in found:
        console.print(Text.assemble((label, LABELS[label]), " ", typed(line)), soft_wrap=True)
    every = {label for label, _ in found}
    if every & {*TROUBLES, "damaged"}:
        told = "Do what these sentences say; then [bold]cloudflix run --stale[/] runs all that is not done."
        console.print(typed(told), soft_wrap=True)
    elif every - {"outside", "running"}:
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
    for label, cause in sorted(places, key=lambda place: list(LABELS).index(place[0])):
        found = places[label, cause]
        every, weeks = {entry.table for entry in found}, {str(entry.week) for entry in found}
        tables = sorted(every if every.isdisjoint(ordered(every)) else ordered(every))
        named = tables[0] if len(tables) == 1 else f"{len(tables)} tables"
        yield label, f"{named}, {weeks.pop() if len(weeks) == 1 else f'{len(weeks)} weeks'}: {cause}"
