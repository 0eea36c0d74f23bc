"""One fresh process: how long it took and the most memory it held."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Wall-clock seconds from start to exit, peak megabytes (of the largest process), standard output."""

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
        process = subprocess.Popen(  # noqa: S603  our own commands
            command, stdout=output, stderr=errors, env={**clean, **(settings or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            raise Failed(f"{' '.join(command)} ended with {process.returncode}: {errors.read()[-2000:]}")
        kilo = 1 if sys.platform == "linux" else 1024  # kilobytes on Linux, bytes on macOS
        return Measured(seconds, usage.ru_maxrss / 1024 / kilo, output.read())
