"""What is measured: the same week by us and by hand, reruns, a changed file, a backfill."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.measure import Measured, measured

WEEK = date(2026, 11, 9)
WEEKS = 20
CLOUDFLIX = [sys.executable, "-c", "from cloudflix_assets.cli.commands import main; main()"]


@dataclass(frozen=True)
class Publications:
    """Folders made by `cloudflix sample`: one week, the same with another countries file, many weeks."""

    week: Path
    changed: Path
    weeks: Path | None = None

    @classmethod
    def made(cls, folder: Path, titles: int, *, backfill: bool) -> "Publications":
        """Make them."""
        source, changed, weeks = folder / "week", folder / "changed", folder / "weeks"
        sample = [*CLOUDFLIX, "sample", "--quiet", "--titles", str(titles)]
        measured([*sample, str(source), "--week", str(WEEK)])
        _change(source, changed)
        if backfill:
            measured([*sample, str(weeks), *(f"--week={week}" for week in span())])
        return cls(source, changed, weeks if backfill else None)

    @classmethod
    def of(cls, files: Path, folder: Path) -> "Publications":
        """Of five files of one's own."""
        source, changed = folder / "week", folder / "changed"
        shutil.copytree(files, source / str(WEEK))
        _change(source, changed)
        return cls(source, changed)


def _change(source: Path, changed: Path) -> None:
    """The same week without the first record of one file."""
    shutil.copytree(source / str(WEEK), changed / str(WEEK))
    countries = changed / str(WEEK) / "netflix_countries.csv"
    lines = countries.read_bytes().splitlines(keepends=True)
    countries.write_bytes(b"".join(lines[:1] + lines[2:]))


def span() -> list[date]:
    """The weeks of the backfill."""
    return [WEEK - timedelta(days=7 * back) for back in range(WEEKS - 1, -1, -1)]


def by_hand(script: str, publications: Publications, folder: Path) -> Measured:
    """A week by one of the scripts beside this file, in a lake of its own."""
    module = f"benchmarks.by_hand_{script}"
    lake = folder / script
    shutil.rmtree(lake, ignore_errors=True)
    return measured([sys.executable, "-m", module, str(publications.week / str(WEEK)), str(lake), str(WEEK)])


def ours(
    engine: str,
    publications: Publications,
    folder: Path,
    lake: Mapping[str, str] | None = None,
    then: Callable[[str], None] = lambda _: None,
) -> dict[str, Measured]:
    """A first week, the same again, and again with one file of five changed.

    `lake` has variables of another lake than a folder's; `then` is told of each that has been run.
    """
    home = folder / f"home-{engine}"
    shutil.rmtree(home, ignore_errors=True)
    sources = {"week": publications.week, "rerun": publications.week, "changed": publications.changed}
    found: dict[str, Measured] = {}
    for name, source in sources.items():
        found[name] = _run(engine, home, source, [f"--week={WEEK}"], lake)
        then(name)
    committed = {name: _committed(measured.output) for name, measured in found.items()}
    if committed["rerun"] or not 0 < committed["changed"] < committed["week"]:
        raise ValueError(f"not what was to be measured: {committed} tables committed")
    return found


def first_week(engine: str, publications: Publications, folder: Path) -> Measured:
    """A first week alone."""
    home = folder / f"home-{engine}"
    shutil.rmtree(home, ignore_errors=True)
    return _run(engine, home, publications.week, [f"--week={WEEK}"])


def backfill(publications: Publications, folder: Path) -> dict[int, float]:
    """Seconds of each week of a backfill in one process, from 1."""
    home = folder / "home-backfill"
    shutil.rmtree(home, ignore_errors=True)
    weeks = span()
    if publications.weeks is None:
        raise ValueError("no publications for a backfill")
    done = _run("sail", home, publications.weeks, [f"--from={weeks[0]}", f"--to={weeks[-1]}"])
    return {number: week["seconds"] for number, week in enumerate(_weeks(done.output), 1)}


def week_seconds(measured: Measured) -> float:
    """Seconds of the one week that a process ran, without its start."""
    (week,) = _weeks(measured.output)
    return float(week["seconds"])


def _run(
    engine: str, home: Path, source: Path, weeks: list[str], lake: Mapping[str, str] | None = None
) -> Measured:
    settings = {"CLOUDFLIX_ENGINE": engine, "CLOUDFLIX_HOME": str(home), "CLOUDFLIX_SOURCE": str(source)}
    settings["CLOUDFLIX_SOURCE_NAME"] = "benchmark"
    return measured([*CLOUDFLIX, "run", *weeks, "--json", "--quiet"], {**settings, **(lake or {})})


def _weeks(output: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = json.loads(output.splitlines()[-1])["weeks"]
    return found


def _committed(output: str) -> int:
    (week,) = json.loads(output.splitlines()[-1])["weeks"]
    return sum(1 for table in week["tables"].values() if table["committed"])
