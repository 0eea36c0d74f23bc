"""What a lake in an account costs: storage calls per table, time against a folder, large files by blocks.

`python -m benchmarks.adls_calls [--source FOLDER] [--repeat 3] [--markdown]`, on Azurite (needs Node.js).
Calls are counted by a proxy; times are taken without it.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks import cases
from benchmarks.cases import Publications
from cloudflix_assets.lake.adls import files
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets_tests.lake.adls.lakes import Server, settings, variables
from cloudflix_assets_tests.loopback.azure.azurite import Azurite, run_azurite
from cloudflix_assets_tests.loopback.azure.calls import Call
from cloudflix_assets_tests.loopback.azure.proxy import Proxy

NAMES = {"week": "first week", "rerun": "unchanged rerun", "changed": "one changed file of five"}
TITLES, MEGABYTES = 6234, 256
BLOCKS = ("1", "4")
Rows = list[tuple[str, ...]]
Seconds = defaultdict[tuple[str, str], list[float]]
_HEAD = """# A lake in an account

Written by `python -m benchmarks.adls_calls --markdown` on {day}, {cores} cores: medians of {repeat}, folder
and account in turn. The account is Azurite on the same machine, which lets nobody wait as Azure does."""


def lake_in(server: Server, folder: Path) -> dict[str, str]:
    """Variables of a new lake."""
    told = variables(settings(server, folder)).items()
    return {name: value for name, value in told if "AZURE" in name or name.endswith("DEPLOYMENT")}


def counted(azurite: Azurite, publications: Publications, folder: Path) -> dict[str, list[Call]]:
    """The calls of each case."""
    found: dict[str, list[Call]] = {}
    with Proxy(azurite).serve() as proxy:
        lake = lake_in(proxy, folder)

        def noted(name: str) -> None:
            found[name] = [call for call in proxy.calls if call.kind != "container"]
            proxy.calls.clear()

        cases.ours("sail", publications, folder, lake, noted)
    return found


def timed(azurite: Azurite, publications: Publications, folder: Path, repeat: int) -> Seconds:
    """Seconds of each case's run in a folder and in an account, in alternation."""
    seconds = Seconds(list)
    for where in ("folder", "account") * repeat:
        lake = lake_in(azurite, folder) if where == "account" else None
        for name, measured in cases.ours("sail", publications, folder, lake).items():
            seconds[name, where].append(cases.week_seconds(measured))
    return seconds


def table_of(call: Call) -> str:
    """The table that a call is for, or what else."""
    layer, first = call.container.rpartition("-")[2], call.path.partition("/")[0]
    return "files and markers" if first in {"files", "", ".cloudflix.json"} else f"{layer}/{first}"


def call_rows(calls: list[Call]) -> Rows:
    """Their sum, then one per table."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for call in calls:
        for name in ("all", table_of(call)):
            found[name][call.kind] += 1
    kinds, lines = sorted(found["all"]), sorted(found.items())
    return [("", *kinds, "all"), *(_row(name, n, kinds) for name, n in lines)]


def _row(name: str, counts: Counter[str], kinds: list[str]) -> tuple[str, ...]:
    return (name, *(str(counts[kind] or "") for kind in kinds), str(counts.total()))


def time_rows(calls: dict[str, list[Call]], seconds: Seconds) -> Rows:
    """One per case."""
    rows: Rows = [("", "calls", "in an account", "in a folder", "ratio")]
    for name, told in NAMES.items():
        ours, other = (median(seconds[name, where]) for where in ("account", "folder"))
        rows.append((told, str(len(calls[name])), f"{ours:.1f} s", f"{other:.1f} s", f"{ours / other:.2f}"))
    return rows


def block_rows(azurite: Azurite, folder: Path, repeat: int) -> Rows:
    """Up- and download of a large file, by one block at a time and by four."""
    content, path = folder / "large", "raw/files/large/file"
    content.write_bytes(os.urandom(1 << 20) * MEGABYTES)
    lake, seconds = AdlsLake.of(settings(azurite, folder)), Seconds(list)
    ways: dict[str, Callable[[], object]]
    ways = {"up": lambda: lake.store(path, content), "down": lambda: lake.open(path).close()}
    for blocks in BLOCKS * repeat:
        vars(files)["AT_ONCE"] = int(blocks)
        for way, do in ways.items():
            started = time.monotonic()
            do()
            seconds[way, blocks].append(time.monotonic() - started)
        lake.remove("raw/files/large")
    rows = (
        (way, *(f"{MEGABYTES / median(seconds[way, n]):.0f} MB/s" for n in BLOCKS)) for way in ("up", "down")
    )
    return [(f"{MEGABYTES} MB", *(f"{n} at once" for n in BLOCKS)), *rows]


def shown(title: str, rows: Rows) -> Iterator[str]:
    """To the terminal, and as Markdown."""
    grid = Table(*rows[0], title=title)
    for row in rows[1:]:
        grid.add_row(*row)
    Console(highlight=False).print(grid)
    yield f"\n## {title}\n"
    for row in (rows[0], ("---", *["---:"] * (len(rows[0]) - 1)), *rows[1:]):
        yield f"| {' | '.join(row)} |"


def main(
    source: Annotated[Path | None, typer.Option(help="A folder of five files; default: the sample")] = None,
    repeat: Annotated[int, typer.Option(min=1, help="Runs per time")] = 3,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write benchmarks/ADLS.md")] = False,
) -> None:
    """Count, measure, print."""
    with TemporaryDirectory() as scratch, run_azurite() as azurite:
        folder = Path(scratch)
        own = Publications.of(source, folder) if source else Publications.made(folder, TITLES, backfill=False)
        calls, seconds = counted(azurite, own, folder), timed(azurite, own, folder, repeat)
        told = [_HEAD.format(day=f"{datetime.now(UTC):%Y-%m-%d}", cores=os.cpu_count(), repeat=repeat)]
        told += shown("Runs", time_rows(calls, seconds))
        told += shown("A large file", block_rows(azurite, folder, repeat))
        for name, title in NAMES.items():
            told += shown(f"Calls, {title}", call_rows(calls[name]))
    if markdown:
        Path(__file__).with_name("ADLS.md").write_text("\n".join([*told, ""]), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
