"""Forks drivers from a process that has imported what tasks import: `python -I -S driver_server.py SITE…`.

On a cluster, too, Python and its libraries are there before a task is. Its standard input is a socket, over
which each driver's connection is handed to it: a line of JSON of what the driver is told, answered with its
process id and, when it has ended, with its return code, each in four bytes.
"""

import contextlib
import gc
import importlib.util
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

LIBRARIES = (
    "dagster_databricks",
    "dagster_pyspark",
    "delta",
    "deltalake",
    "pandera.pyspark",
    "pydantic_settings",
    "pyspark.sql.connect.session",
    # 2026-11-27: Dagster 1.13 imports these in every step, with Alembic: half a second of it.
    "dagster._core.storage.sqlite_storage",
    "dagster._utils.test",
)
"""The modules that take longest to import, and that every step imports."""


def main(site: list[str]) -> NoReturn:
    """Serve until nobody holds the other end."""
    driver, mounts = _beside("driver"), _beside("driver_mounts")
    path = list(sys.path)
    sys.path += site
    for library in LIBRARIES:
        import_module(library)
    sys.path[:] = path
    gc.freeze()  # no driver looks for garbage in what it never drops
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that attend
    control = socket.socket(fileno=0)
    while True:
        _, handed, _, _ = socket.recv_fds(control, 1, 1)
        if not handed:
            os._exit(0)
        if os.fork() == 0:
            _attend(socket.socket(fileno=handed[0]), partial(driver.main, mounts=mounts))
        os.close(handed[0])


def _beside(name: str) -> ModuleType:
    """A module of this folder, to which no path leads."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _attend(connection: socket.socket, driver: Callable[..., NoReturn]) -> NoReturn:
    """A process beside the driver's: it tells how the driver ended, however that was."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told = json.loads(connection.makefile(encoding="utf-8").readline())
    pid = os.fork()
    if pid == 0:
        _become(told)
        driver(told["spec"], leash=connection.fileno())
    with contextlib.suppress(OSError):  # it has done so itself, and may be gone
        os.setpgid(pid, pid)
    _tell(connection, pid)
    _, status = os.waitpid(pid, 0)
    _tell(connection, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(told: dict[str, Any]) -> None:
    """A process of its own: group, folder, output, environment."""
    os.setpgid(0, 0)
    os.chdir(told["folder"])
    for number, name in enumerate(("/dev/null", "stdout", "stderr")):
        file = os.open(name, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(told["variables"])
    tempfile.tempdir = None  # else that of the first who asked, a library perhaps


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # who asked is gone
        connection.sendall(number.to_bytes(4, signed=True))


if __name__ == "__main__":
    main(sys.argv[1:])
