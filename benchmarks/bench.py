"""`make bench`: ratios within one run, medians of fresh processes, to the terminal and to RESULTS.md.

`python -m benchmarks.bench [--repeat 3] [--titles 6234] [--times 100]`
"""

import os
import platform
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import cases
from benchmarks.measure import Measured

RESULTS = Path(__file__).with_name("RESULTS.md")
_PAGE = """\
# Benchmarks

Written by `make bench` on {day}: {machine}. Publications of `cloudflix sample`: {titles:,} titles at 1x.
Medians of {repeat} fresh processes each, in turn: compare ratios, not seconds.

| what | against | ratio | goal | seconds | peak memory |
|---|---|---:|---:|---:|---:|
{rows}

The scripts by hand make the same tables without contracts, digests, lineage or history. A process starts
Python, imports and opens its engine; *in its run* leaves that out.

| process | seconds | each |
|---|---:|---|
{processes}
"""
console = Console(highlight=False)


@dataclass(frozen=True)
class Ratio:
    """A row of the results: one thing against another, with the goal that it was given."""

    what: str
    against: str
    numerator: str
    denominator: str
    goal: float | None = None
    megabytes: int | None = None
    """The goal of the first one's peak memory."""


def ratios(many: str) -> list[Ratio]:
    """The rows, those with a goal first; `many` is the size of the large publication (`100x`)."""
    return [
        Ratio(
            what=f"a week, {many} data",
            against="polars + delta-rs by hand",
            numerator=f"{many} sail week",
            denominator=f"{many} polars",
            goal=1.5,
            megabytes=1_500,
        ),
        Ratio(f"unchanged rerun, {many}", "its first run", f"{many} sail rerun", f"{many} sail week", 0.4),
        Ratio(
            "unchanged rerun, 1x, in its run", "its first run", "1x sail rerun run", "1x sail week run", 0.4
        ),
        Ratio("week 20 of a backfill", "week 2", "week 20", "week 2", 1.2),
        Ratio(f"a week, {many} data", "PySpark on Sail by hand", f"{many} sail week", f"{many} pyspark"),
        Ratio(f"one changed file, {many}", "its first run", f"{many} sail changed", f"{many} sail week"),
        Ratio("a week, 1x data", "polars + delta-rs by hand", "1x sail week", "1x polars"),
        Ratio("a week, 1x data", "PySpark on Sail by hand", "1x sail week", "1x pyspark"),
        Ratio("unchanged rerun, 1x", "its first run", "1x sail rerun", "1x sail week"),
        Ratio("one changed file, 1x", "its first run", "1x sail changed", "1x sail week"),
        Ratio("a week on engine spark, 1x", "engine sail", "1x spark week", "1x sail week"),
        Ratio(f"a week on engine spark, {many}", "engine sail", f"{many} spark week", f"{many} sail week"),
    ]


class Results:
    """Seconds and megabytes of every process, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.megabytes: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, measured: Measured) -> None:
        """One more process."""
        self.seconds[name].append(measured.seconds)
        self.megabytes[name].append(measured.megabytes)
        console.print(f"  {name}: {measured.seconds:.1f} s, {measured.megabytes:,.0f} MB", style="dim")

    def ratio(self, row: Ratio) -> float:
        """Of medians."""
        return median(self.seconds[row.numerator]) / median(self.seconds[row.denominator])

    def peak(self, name: str) -> float | None:
        """Megabytes, or None for what is a part of a process."""
        return median(self.megabytes[name]) if self.megabytes[name] else None


def measure(results: Results, size: str, publications: cases.Publications, folder: Path) -> None:
    """Every case of one size, once."""
    for script in ("polars", "pyspark"):
        results.add(f"{size} {script}", cases.by_hand(script, publications, folder))
    for name, measured in cases.ours("sail", publications, folder).items():
        results.add(f"{size} sail {name}", measured)
        results.seconds[f"{size} sail {name} run"].append(cases.week_seconds(measured))
    if publications.weeks:
        for week, seconds in cases.backfill(publications, folder).items():
            results.seconds[f"week {week}"].append(seconds)
    results.add(f"{size} spark week", cases.first_week("spark", publications, folder))


def bench(
    repeat: Annotated[int, typer.Option(min=1, help="Fresh processes per case")] = 3,
    titles: Annotated[int, typer.Option(min=1000, help="Titles of a publication at 1x")] = 6234,
    times: Annotated[int, typer.Option(min=2, help="How much larger the large one is")] = 100,
) -> None:
    """Measure, print, write benchmarks/RESULTS.md."""
    results, many = Results(), f"{times}x"
    with TemporaryDirectory(prefix="cloudflix-bench-") as scratch:
        sizes = {"1x": titles, many: titles * times}
        made: dict[str, cases.Publications] = {}
        for size, count in sizes.items():
            made[size] = cases.Publications.made(Path(scratch) / size, count, backfill=size == "1x")
        for number in range(1, repeat + 1):
            console.print(f"Round {number} of {repeat}")
            for size, publications in made.items():
                measure(results, size, publications, Path(scratch) / size)
    console.print(_terminal_table(results, many))
    RESULTS.write_text(_markdown(results, many, titles, repeat), encoding="utf-8")
    console.print(f"Written to {RESULTS.name}.")


def _terminal_table(results: Results, many: str) -> Table:
    grid = Table()
    for name in ("what", "against", "ratio", "goal", "seconds", "peak"):
        grid.add_column(name, justify="left" if name in {"what", "against"} else "right")
    for row in _rows(results, many):
        grid.add_row(*row)
    return grid


def _rows(results: Results, many: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for row in ratios(many):
        ours, other = (median(results.seconds[name]) for name in (row.numerator, row.denominator))
        peaks = [results.peak(name) for name in (row.numerator, row.denominator)]
        told = ["" if peak is None else f"{peak:,.0f} MB" for peak in peaks]
        told[0] += "" if row.megabytes is None else f" (≤ {row.megabytes:,})"
        memory = " / ".join(told).strip(" /")
        goal = "" if row.goal is None else f"≤ {row.goal}"
        seconds = f"{ours:.1f} / {other:.1f}"
        found.append((row.what, row.against, f"{results.ratio(row):.2f}", goal, seconds, memory))
    return found


def _markdown(results: Results, many: str, titles: int, repeat: int) -> str:
    processes = (
        f"| {name} | {median(seconds):.1f} | {', '.join(f'{second:.1f}' for second in seconds)} |"
        for name, seconds in sorted(results.seconds.items())
    )
    return _PAGE.format(
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=f"{_cores()} cores, {platform.machine()}, Python {platform.python_version()}",
        titles=titles,
        many=many,
        repeat=repeat,
        rows="\n".join(f"| {' | '.join(row)} |" for row in _rows(results, many)),
        processes="\n".join(processes),
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    typer.run(bench)
