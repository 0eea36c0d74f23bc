"""Words and forms that the views of `cloudflix status` share."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from rich.box import SIMPLE_HEAD
from rich.table import Table

from cloudflix_assets.names import is_quarantine
from cloudflix_assets.runs.status import TableStatus
from spark.registry import TABLES

LABELS = {
    "damaged": "red",
    "missing": "red",
    "changed": "red",
    "failed": "red",
    "interrupted": "red",
    "not reached": "red",
    "waiting": "yellow",
    "unknown": "yellow",
    "stale": "yellow",
    "outside": "dim",
    "running": "dim",
}
"""What may be wrong with a week of a table, the worst first, with its colour."""
_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def grid(first: str, *others: str) -> Table:
    """Return a table without rows whose first column stands left, the others right."""
    grid = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", border_style="dim"
    )
    grid.add_column(first, no_wrap=True, vertical="bottom")
    for header in others:
        grid.add_column(header, justify="right", no_wrap=True)
    return grid


def ordered(tables: Collection[str]) -> Sequence[str]:
    """Return the paths of tables, upstream first, without quarantines, which stand beside their tables."""
    flow = [table.path for table in TABLES]
    own = [path for path in tables if not is_quarantine(path)]
    return sorted(own, key=lambda path: (flow.index(path) if path in flow else len(flow), path))


def labels(entry: TableStatus) -> list[str]:
    """Return what is not as it should be, the worst first."""
    found = {entry.state, entry.attempt.ended if entry.attempt else ""}
    return [label for label in LABELS if label in found]


def last_run(entries: Sequence[TableStatus], now: datetime) -> str:
    """Return when a week was run last, marked if that did not store all that it was to."""
    tried = [entry.attempt for entry in entries if entry.attempt]
    moments = [*(entry.at for entry in entries if entry.at), *(attempt.at for attempt in tried)]
    if not moments:
        return "-"
    return f"{'! ' if tried else ''}{_ago(now - max(moments))}"


def _ago(passed: timedelta) -> str:
    for name, unit in _UNITS:
        if passed >= unit:
            return f"{passed // unit}{name} ago"
    return "just now"
