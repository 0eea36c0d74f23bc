"""A file of 50 MB takes as much memory whatever share of its records is ragged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cloudflix_assets_tests.lakehouse import TITLE, WEEK_1, publication, put

FIFTY_MB = 50 * 2**20
MOST_MB = 600
"""Some 572 were measured on two cores, with 10 more or less; more cores take more."""
RUN = """
import atexit, os, pathlib, re
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
peak = lambda: re.search("VmHWM:[^0-9]*([0-9]+)", pathlib.Path("/proc/self/status").read_text())[1]
atexit.register(lambda: print(peak()))
from cloudflix_assets.cli.commands import main
main()
"""


def titles_of_50_mb(every: int) -> bytes:
    """Titles of which every such one has a field too many."""
    lines, size, number = [f"{','.join(TITLE)}\n"], 0, 0
    while size < FIFTY_MB:
        number += 1
        title = {**TITLE, "show_id": str(number), "title": f"Title number {number}"}
        fields = [value or "" for value in title.values()]
        lines.append(f"{','.join(fields)}{',x' if number % every == 0 else ''}\n")
        size += len(lines[-1])
    return "".join(lines).encode()


@pytest.mark.slow  # a process for each, of half a minute
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(("every", "code"), [(100, 0), (6, 1), (1, 1)])
def test_50_mb_with_ragged_records_are_run_in_bounded_memory(tmp_path: Path, every: int, code: int) -> None:
    """9 MB of ragged records took 2 GB, and 50 MB of which every sixth is ragged 1.1 GB."""
    source = put(tmp_path / "netflix", publication(titles=titles_of_50_mb(every)))
    options = ("run", "--week", str(WEEK_1), "--source", str(source), "--home", str(tmp_path / "home"))
    told = subprocess.run(
        [sys.executable, "-c", RUN, *options],
        env={**os.environ, "CLOUDFLIX_ENGINE": "sail"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == code, told.stderr
    assert int(told.stdout.splitlines()[-1]) / 2**10 < MOST_MB
    assert ("of the week's" in told.stderr + told.stdout) == bool(code)
