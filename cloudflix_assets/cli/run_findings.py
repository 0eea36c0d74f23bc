"""Rows that runs quarantined or warned of, a line for tables that have the same reasons."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cloudflix_assets.assets.rule_texts import breaches
from cloudflix_assets.instance.events import Counts
from cloudflix_assets.names import quarantine_path
from cloudflix_assets.runs.runner import TableResult, WeekResult
from spark.registry import TABLES

_REASONS = 3
"""Rules that are named per line; the others are counted."""


@dataclass(frozen=True)
class Finding:
    """A line: tables of one layer, with how many rows each, and why.

    Args:
        label: `quarantined` or `warned`.
        tables: their paths.
        rows: of each table; None where a row may have broken several rules.
        reasons: in words.
    """

    label: str
    tables: Sequence[str]
    rows: Sequence[int | None]
    reasons: str

    @property
    def number(self) -> str:
        """How many rows, in words."""
        known = [rows for rows in self.rows if rows is not None]
        if len(self.rows) == 1 or not known:
            return f"{known[0]:,}" if known else ""
        return f"{known[0]:,} each" if len(set(self.rows)) == 1 else f"{sum(known):,} in all"

    def named(self, room: int | None) -> str:
        """The tables, those after the first without their layer; a number stands for what has no room."""
        first, *others = self.tables
        whole = ", ".join([first, *(path.partition("/")[2] for path in others)])
        return whole if room is None or len(whole) <= room else f"{first} and {len(others)} more"


def findings(results: Sequence[WeekResult]) -> list[Finding]:
    """Return what was quarantined in some weeks together, then what was kept with a warning."""
    told = [result for result in results if not result.interrupted]
    found = [*_quarantined(told), *_warned(told)]
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in found:
        groups.setdefault((one.label, one.tables[0].partition("/")[0], one.reasons), []).append(one)
    return [
        Finding(label, [one.tables[0] for one in same], [one.rows[0] for one in same], reasons)
        for (label, _, reasons), same in groups.items()
    ]


def _quarantined(results: Sequence[WeekResult]) -> Iterator[Finding]:
    for table in TABLES:
        path = quarantine_path(table)
        rows = sum(result.tables.get(path, TableResult()).rows or 0 for result in results)
        if rows:
            counts = _summed([result.quarantined.get(table.path, {}) for result in results])
            yield Finding("quarantined", [table.path], [rows], _reasons(table.path, counts))


def _warned(results: Sequence[WeekResult]) -> Iterator[Finding]:
    for table in TABLES:
        if counts := _summed([result.warned.get(table.path, {}) for result in results]):
            rows = sum(counts.values()) if len(counts) == 1 else None
            yield Finding("warned", [table.path], [rows], f"{_reasons(table.path, counts)}; kept")


def _summed(every: Sequence[Counts]) -> Counts:
    found = Counter[str]()
    for counts in every:
        found.update(counts)
    return dict(found.most_common())


def _reasons(path: str, counts: Counts) -> str:
    """The first few reasons in words, with how many rows each has where there are several."""
    words: Mapping[str, str] = next((breaches(table) for table in TABLES if table.path == path), {})
    told = [(words.get(rule, rule), rows) for rule, rows in counts.items()]
    if len(told) == 1:
        return told[0][0]
    named = [f"{rows:,} {text}" for text, rows in told[:_REASONS]]
    others = len(counts) - _REASONS
    return "; ".join([*named, *([f"+{others} more"] if others > 0 else [])])
