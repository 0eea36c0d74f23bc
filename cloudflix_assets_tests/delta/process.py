"""A process of its own that writes to a lake, started by tests: it races with another, or is killed.

`race LAKE NAME ROUNDS COMMITTER`: in each round, a new week, at once with another process on the same lake.
`killed LAKE NAME MOMENT COMMITTER`: one week, up to a moment at which the process ends without any clean-up.
"""

import os
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import REFUSED, TABLE, Point, Tiny, commit_natively, interrupt
from cloudflix_assets_tests.lakehouse import WEEK_1

KILLED = 9
PATIENCE = 300.0
MOMENTS = {
    "before the quarantine's commit": Point("before", "_commit", REFUSED),
    "after the quarantine's commit": Point("after", "_commit", REFUSED),
    "while Parquet is written": Point("before", "inspect_files", TABLE),
    "before the table's commit": Point("before", "_commit", TABLE),
    "after the table's commit": Point("after", "_commit", TABLE),
    "before the quarantine is looked at again": Point("before", "committed_digest", REFUSED),
}


def started(*arguments: object, **variables: str) -> "subprocess.Popen[str]":
    """This module in a process of its own."""
    command = [sys.executable, "-m", __name__, *map(str, arguments)]
    root = Path(__file__).parents[2]
    own = {**os.environ, **variables}
    return subprocess.Popen(
        command, cwd=root, env=own, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ended(process: "subprocess.Popen[str]") -> int:
    """Its exit code; what it said is shown when the test fails."""
    try:
        _, errors = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    sys.stdout.write(errors)
    return process.returncode


def main(command: str, root: str, name: str, argument: str, committer: str) -> None:
    tiny = Tiny(LocalLake(Path(root)), start_engine(Environment()).spark_session)
    if committer == "native":
        commit_natively(pytest.MonkeyPatch())
    if command == "race":
        race(tiny, name, int(argument))
    else:
        die(tiny, name, argument)


def race(tiny: Tiny, name: str, rounds: int) -> None:
    for number in range(rounds):
        week = WEEK_1 + timedelta(weeks=number)
        tiny.judged(name, week)  # made before, so that both commit at once
        meet(tiny.lake.root.parent / "rounds", name, number)
        tiny.publish(name, week)


def meet(folder: Path, name: str, number: int) -> None:
    """Wait until both processes are here."""
    folder.mkdir(exist_ok=True)
    (folder / f"{number}-{name}").touch()
    while len(list(folder.glob(f"{number}-*"))) < 2:
        time.sleep(0.001)


def die(tiny: Tiny, name: str, moment: str) -> None:
    point = MOMENTS[moment]
    patches = pytest.MonkeyPatch()
    if point.name == "inspect_files":
        Thread(target=dies_at_the_first_file, args=(tiny,), daemon=True).start()
        interrupt(patches, (point, partial(torn, tiny)))
    else:
        interrupt(patches, (point, partial(os._exit, KILLED)))
    tiny.publish(name)


def dies_at_the_first_file(tiny: Tiny) -> None:
    """Of Spark's own writer, which writes them beside those that are committed."""
    before = set((tiny.lake.root / TABLE).glob("week=*/*.parquet"))
    while not set((tiny.lake.root / TABLE).glob("week=*/*.parquet")) - before:
        time.sleep(0.001)
    os._exit(KILLED)


def torn(tiny: Tiny) -> None:
    """Die with the table's newest Parquet half written."""
    newest = max(tiny.files(), key=lambda path: path.stat().st_mtime_ns)
    os.truncate(newest, newest.stat().st_size // 2)
    os._exit(KILLED)


if __name__ == "__main__":
    main(*sys.argv[1:])
