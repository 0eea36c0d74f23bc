"""The drivers' server, which forks drivers after the slow imports: `python -I -S driver_server.py SITE…`.

A cluster, too, has loaded Python and its libraries before a task starts. The server's standard input is a
socket that hands over one connection per driver. Each connection carries a line of JSON with the driver's
settings. The answer is the driver's process id and, when it has ended, its exit code, each in four bytes.
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
    """Fork a process per connection, until the other end of standard input closes."""
    driver, mounts = _beside("driver"), _beside("driver_mounts")
    path = list(sys.path)
    sys.path += site
    for library in LIBRARIES:
        import_module(library)
    sys.path[:] = path
    gc.freeze()  # no driver scans these objects for garbage
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes of _attend
    control = socket.socket(fileno=0)
    while True:
        _, handed, _, _ = socket.recv_fds(control, 1, 1)
        if not handed:
            os._exit(0)
        if os.fork() == 0:
            _attend(socket.socket(fileno=handed[0]), partial(driver.main, mounts=mounts))
        os.close(handed[0])


def _beside(name: str) -> ModuleType:
    """Load a module of this folder, which is not on the path."""
    found = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _attend(connection: socket.socket, driver: Callable[..., NoReturn]) -> NoReturn:
    """Fork the driver, and report its process id and, however it ends, its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told = json.loads(connection.makefile(encoding="utf-8").readline())
    pid = os.fork()
    if pid == 0:
        _become(told)
        driver(told["spec"], leash=connection.fileno())
    with contextlib.suppress(OSError):  # the driver does so too, and may have ended
        os.setpgid(pid, pid)
    _tell(connection, pid)
    _, status = os.waitpid(pid, 0)
    _tell(connection, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _become(told: dict[str, Any]) -> None:
    """Give this process its own group, folder, output and environment."""
    os.setpgid(0, 0)
    os.chdir(told["folder"])
    for number, name in enumerate(("/dev/null", "stdout", "stderr")):
        file = os.open(name, os.O_RDWR)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(told["variables"])
    tempfile.tempdir = None  # a library may have set it before the fork


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # the workspace is gone
        connection.sendall(number.to_bytes(4, signed=True))


if __name__ == "__main__":
    main(sys.argv[1:])
