"""The overview of `cloudflix status`: a line per week."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from rich.console import Console
from rich.text import Text

from cloudflix_assets.cli.status_words import LABELS, grid, labels, last_run, ordered
from cloudflix_assets.partitions import WEEK
from cloudflix_assets.runs.status import TableStatus
from spark.table import PUBLICATION, Layer

_FEWEST, _BESIDE = 5, 10
"""Weeks that are shown on any screen; lines of it that the heading and the findings take."""


def print_weeks(console: Console, entries: Sequence[TableStatus], now: datetime) -> None:
    """Print a line per week, the newest ones that fit on a terminal; elsewhere all."""
    weeks: dict[date, list[TableStatus]] = {}
    for entry in entries:
        weeks.setdefault(entry.week, []).append(entry)
    every = sorted(weeks)
    most = max(console.height - _BESIDE, _FEWEST) if console.is_terminal else len(every)
    shown = every[-most:]
    lines = grid("week", f"rows in {Layer.GOLD.value}", "quarantined", "last run")
    lines.add_column("tables")
    before = None
    for week in shown:
        if before and week - before > WEEK:
            lines.add_row(*_gap(before + WEEK, week - WEEK), style="dim")
        lines.add_row(*_line(week, weeks[week], now))
        before = week
    console.print(lines)
    if len(shown) < len(every):
        console.print(f"The newest {len(shown)} of {len(every)} weeks: --json shows all of them.")


def _line(week: date, entries: Sequence[TableStatus], now: datetime) -> Iterator[str | Text]:
    paths = ordered({entry.table for entry in entries})
    own = [entry for entry in entries if entry.table in paths]
    gold = [entry.rows for entry in own if entry.table.startswith(f"{Layer.GOLD.value}/")]
    known = [rows for rows in gold if rows is not None]
    yield str(week)
    yield f"{sum(known):,}" if known else "-"
    yield f"{sum(entry.quarantined or 0 for entry in own):,}" if known else "-"
    yield last_run(entries, now)
    is_landed_only = paths == [PUBLICATION] and all(entry.is_well for entry in own)
    yield Text("landed, no table was run") if is_landed_only else _states(own)


def _states(entries: Sequence[TableStatus]) -> Text:
    """How many tables are in which state, the worst first; one word if all are in one."""
    counts = Counter((*labels(entry), entry.state)[0] for entry in entries)
    worst_first = sorted(counts, key=lambda state: [*LABELS, state].index(state))
    number = {state: f"{counts[state]} " if len(counts) > 1 else "" for state in worst_first}
    return Text(", ").join(Text(f"{number[state]}{state}", LABELS.get(state, "")) for state in worst_first)


def _gap(first: date, last: date) -> Sequence[str]:
    number = (last - first) // WEEK + 1
    return (str(first) if number == 1 else f"{number} weeks", "-", "-", "-", "never run")
