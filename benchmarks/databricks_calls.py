"""What a launched step costs beside its own time: seconds and REST calls, ours against the stock launcher.

`python -m benchmarks.databricks_calls [--repeat 3] [--markdown]`, on the loopback Databricks of the tests.
Both launch the same three steps, one after the other, on a cluster that runs, in alternation.
"""

import os
import re
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import dagster as dg
import typer

from benchmarks.adls_calls import Rows, shown
from benchmarks.cases import WEEK, Publications
from benchmarks.measure import measured
from cloudflix_assets.instance.instance import open_instance, prepare
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.loopback.databricks.emulator import Asked, Emulator

STEPS = ("raw_directors", "bronze_directors", "silver_directors")
KEYS = ("publication", "raw/directors", "bronze/directors", "silver/directors", "silver/directors_quarantine")
MODULES = {"ours": "cloudflix_assets.definitions", "stock": "stock_location"}
OURS = Path(__file__).parents[1]
TITLES = 2000
KINDS = {
    "files": r"^/api/2\.0/(fs|dbfs)/",
    "submit": r"/jobs/runs/submit$",
    "state": r"/jobs/runs/get$",
    "other": r"^/api/",
}
LIMIT_SECONDS, LIMIT_SHARE = 3.0, 0.5
_RUN = """
import sys
import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

module, folder, week, *paths = sys.argv[1:]
job = ReconstructableJob(ReconstructableRepository.for_module(module, "defs", folder), "weekly_refresh")
keys = [dg.AssetKey(path.split("/")) for path in paths]
with (
    dg.DagsterInstance.get() as instance,
    dg.execute_job(job, instance, tags={"dagster/partition": week}, asset_selection=keys) as result,
):
    sys.exit(not result.success)
"""
_HEAD = """# Steps as Databricks jobs

Written by `python -m benchmarks.databricks_calls --markdown` on {day}, {cores} cores that
{load:.0f} processes wanted: medians of {steps} steps each, the launchers in turn, on the loopback
Databricks of the tests, whose cluster runs. The stock launcher is dagster-databricks' own with its
defaults, over the same definitions. A step's overhead is the time from its start to the next one's,
without the time of its run in Databricks."""


@dataclass(frozen=True)
class Cost:
    """Of one step: seconds beside its run, seconds of its run, calls by kind."""

    overhead: float
    run: float
    calls: Counter[str]


def location(folder: Path) -> Path:
    """What the stock launcher ships: the folder that its code lies in."""
    place = folder / "location"
    for package in ("cloudflix_assets", "spark"):
        shutil.copytree(OURS / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(Path(__file__).with_name("stock_location.py"), place / "stock_location.py")
    return place


def costs(emulator: Emulator, module: str, home: Path, source: Path, place: Path) -> list[Cost]:
    """Of each of the steps, run once by one of the two launchers in a new home and lake."""
    prepare(Environment(home=home))
    variables = {
        **emulator.variables,
        "CLOUDFLIX_HOME": str(home),
        "CLOUDFLIX_LAKE": str(home / "lake"),
        "CLOUDFLIX_SOURCE": str(source),
        "DAGSTER_HOME": str(home),
    }
    before = len(emulator.runs)
    command = [sys.executable, "-c", _RUN, module, str(place), str(WEEK), *KEYS]
    measured(command, {**variables, "PYTHONPATH": str(place)})
    starts, runs = [*_starts(home)], emulator.runs[before:]
    found = []
    for (start, end), run in zip(pairwise(starts), runs, strict=True):
        seconds = (run.times["ended"] - run.created) / 1000
        calls = Counter(_kind(asked) for asked in emulator.requests if start <= asked.seconds < end)
        found.append(Cost(end - start - seconds, seconds, calls))
    return found


def _starts(home: Path) -> Iterator[float]:
    """When each step's process was started, and when the last one's had ended."""
    with open_instance(Environment(home=home)) as instance:
        (run,) = instance.get_runs()
        for entry in instance.all_logs(run.run_id):
            kind = entry.dagster_event.event_type if entry.dagster_event else None
            starting = kind is dg.DagsterEventType.STEP_WORKER_STARTING and entry.step_key in STEPS
            if starting or kind is dg.DagsterEventType.RUN_SUCCESS:
                yield entry.timestamp


def _kind(asked: Asked) -> str:
    for kind, pattern in KINDS.items():
        if re.search(pattern, asked.path):
            return kind
    raise ValueError(f"a call of no known kind: {asked.line}")


def step_rows(found: Mapping[str, Sequence[Cost]]) -> Rows:
    """Medians, one row per launcher."""
    rows: Rows = [("", "overhead", "its run in Databricks", "calls")]
    for name, each in found.items():
        overhead, run = median(cost.overhead for cost in each), median(cost.run for cost in each)
        rows.append((name, f"{overhead:.1f} s", f"{run:.1f} s", f"{_calls(each):g}"))
    return rows


def _calls(each: Sequence[Cost]) -> float:
    return median(cost.calls.total() for cost in each)


def call_rows(found: Mapping[str, Sequence[Cost]]) -> Rows:
    """Calls per step by kind: means, so that they add up."""
    rows: Rows = [("", *found)]
    for kind in KINDS:
        means = (sum(cost.calls[kind] for cost in each) / len(each) for each in found.values())
        rows.append((kind, *(f"{mean:.1f}" for mean in means)))
    return rows


def main(
    repeat: Annotated[int, typer.Option(min=1, help="Runs of three steps, for each of the two")] = 3,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write benchmarks/DATABRICKS.md")] = False,
) -> None:
    """Measure, print; the exit code is 1 if a limit is broken."""
    found: dict[str, list[Cost]] = defaultdict(list)
    with TemporaryDirectory(prefix="launchers-") as scratch, Emulator(Path(scratch, "workspace")) as emulator:
        folder = Path(scratch)
        source = Publications.made(folder, TITLES, backfill=False).week
        places = {"ours": OURS, "stock": location(folder)}
        for number in range(repeat):
            for name, place in places.items():
                home = folder / f"{name}-{number}"
                found[name] += costs(emulator, MODULES[name], home, source, place)
    day, load = f"{datetime.now(UTC):%Y-%m-%d}", os.getloadavg()[2]
    told = [_HEAD.format(day=day, cores=os.cpu_count(), load=load, steps=3 * repeat)]
    told += shown("A step", step_rows(found))
    told += shown("Calls per step", call_rows(found))
    if markdown:
        Path(__file__).with_name("DATABRICKS.md").write_text("\n".join([*told, ""]), encoding="utf-8")
    overhead = median(cost.overhead for cost in found["ours"])
    share = _calls(found["ours"]) / _calls(found["stock"])
    if overhead > LIMIT_SECONDS or share > LIMIT_SHARE:
        typer.echo(f"ours: {overhead:.1f} s (at most {LIMIT_SECONDS} s), {share:.2f} of the stock's calls")
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
