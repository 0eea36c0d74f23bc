"""One fresh process: how long it took and the most memory it held."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Measured:
    """Wall-clock seconds from start to exit, peak megabytes with its children, standard output."""

    seconds: float
    megabytes: float
    output: str


class Failed(Exception):
    """A process that ended badly; the message holds the end of what it said."""


def measured(command: Sequence[str], settings: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end.

    Raises:
        Failed: its exit code is not 0.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDFLIX_")}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.monotonic()
        process = psutil.Popen(command, stdout=output, stderr=errors, env={**clean, **(settings or {})})
        peak = 0
        while True:
            peak = max(peak, _resident(process))
            try:
                code = process.wait(LOOK_SECONDS)
                break
            except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
                continue
        seconds = time.monotonic() - started
        output.seek(0)
        errors.seek(0)
        if code:
            raise Failed(f"{' '.join(command)} ended with {code}: {errors.read()[-2000:]}")
        return Measured(seconds, peak / 2**20, output.read())


def _resident(process: psutil.Popen) -> int:
    """Bytes in memory now, of the process and all that it started."""
    try:
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return 0
