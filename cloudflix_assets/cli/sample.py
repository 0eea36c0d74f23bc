"""What `cloudflix sample` does: write the weeks, then print the command that runs them."""

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal

from cloudflix_assets.cli.terminal import results_console, typed
from cloudflix_assets.layouts.declaration import TWELVE_COLUMNS
from cloudflix_assets.partitions import span
from cloudflix_assets.sources.sample import WrittenWeek, write


def run(
    console: Console,
    folder: Path,
    weeks: Sequence[date],
    *,
    titles: int,
    seed: int,
    as_json: bool = False,
    in_one: bool = False,
) -> list[WrittenWeek]:
    """Write the weeks, print each when it is written, then print the command that runs them."""
    finished, out = [], results_console(console, as_json=as_json)
    for week in write(folder, weeks, titles=titles, seed=seed, in_one=in_one):
        finished.append(week)
        out.print(_line(week), soft_wrap=True)
    out.print(
        f"Written to {folder}, a folder per week; its truth/ holds what the lake must accept and quarantine.",
        soft_wrap=True,
        markup=False,
    )
    following = typed(_next(folder, weeks, in_one=in_one))
    console.print(f"Next: {following}", style="bold", soft_wrap=True, markup=False)
    return finished


def _line(week: WrittenWeek) -> str:
    silver, gold = (_quarantined(week, layer) for layer in ("silver", "gold"))
    files = "1 file" if len(week.bytes) == 1 else f"{len(week.bytes)} files"
    return (
        f"[bold]{week.week}[/]  {sum(week.records.values()):,} records in {files} "
        f"({decimal(sum(week.bytes.values()))}); to be quarantined: {silver:,} in silver, {gold:,} in gold"
    )


def _quarantined(week: WrittenWeek, layer: str) -> int:
    return sum(table.quarantined for path, table in week.truth.items() if path.startswith(layer))


def _next(folder: Path, weeks: Sequence[date], *, in_one: bool) -> str:
    """The command that runs the written weeks.

    Its home is new, because a lake belongs to one source; the home's name has no blank, because Sail cannot
    read Delta tables under a path with a blank.
    """
    home = f"{folder.resolve().name}-home".replace(" ", "-")
    layout = f"CLOUDFLIX_LAYOUT={TWELVE_COLUMNS} " if in_one else ""
    where = f"--source {shlex.quote(str(folder))} --home {shlex.quote(home)}"
    return f"{layout}cloudflix run {where} {_chosen(weeks)}"


def _chosen(weeks: Sequence[date]) -> str:
    first, last = weeks[0], weeks[-1]
    if len(weeks) > 1 and list(weeks) == list(span(first, last)):
        return f"--from {first} --to {last}"
    return " ".join(f"--week {week}" for week in weeks)
