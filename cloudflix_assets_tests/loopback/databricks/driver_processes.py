"""Driver processes, as the process of the workspace starts and watches them."""

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

from cloudflix_assets_tests.loopback.databricks.calls import Json
from cloudflix_assets_tests.loopback.databricks.sessions import ISOLATED, SITE

SERVER = Path(__file__).with_name("driver_server.py")
_LOCK = threading.Lock()


class Driver:
    """A driver process; it is killed with its children when the block ends or this process dies.

    Args:
        spec: the task and the settings, for `driver.main`.
        folder: the working directory, which also receives the output.
        variables: the whole environment.

    Attributes:
        pid: the id of the process and of its process group.
    """

    def __init__(self, spec: Json, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self._code: int | None = None
        told = {"spec": spec, "folder": str(folder), "variables": variables}
        for name in ("stdout", "stderr"):
            (folder / name).touch()
        self._connection = _connect()
        self._connection.sendall(f"{json.dumps(told)}\n".encode())
        self.pid = self._receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._connection.close()

    def code(self) -> int | None:
        """Return the exit code of the process, or None while it runs."""
        if self._code is None:
            with contextlib.suppress(BlockingIOError):
                self._code = self._receive(socket.MSG_DONTWAIT)
        return self._code

    def kill(self) -> int:
        """Kill the process and its children, such as a JVM and its workers; return the exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self._code is None:
            self._code = self._receive()
        return self._code

    def output(self) -> str:
        """Return the standard output of the process so far."""
        return (self.folder / "stdout").read_text(encoding="utf-8", errors="replace")

    def error(self) -> tuple[str, str] | None:
        """Return the error that ended the task and its trace; None if the process has recorded none."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            told = json.loads((self.folder / "error.json").read_text(encoding="utf-8"))
            return told["error"], told["error_trace"]
        return None

    def _receive(self, flags: int = socket.MSG_WAITALL) -> int:
        number = self._connection.recv(4, flags)
        if not number:
            raise OSError(f"the drivers' server ended, and with it the driver of {self.folder}")
        return int.from_bytes(number, signed=True)


def _connect() -> socket.socket:
    """Ask the drivers' server for a new driver, and return the connection to it."""
    ours, theirs = socket.socketpair()
    with theirs, _LOCK:
        socket.send_fds(server(), [b"-"], [theirs.fileno()])
    return ours


@cache
def server() -> socket.socket:
    """Start the drivers' server on the first call, and return the socket that leads to it."""
    ours, theirs = socket.socketpair()
    # OpenBLAS would start threads, which a fork loses.
    variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    with theirs:
        process = subprocess.Popen(
            [*ISOLATED, str(SERVER), *SITE],
            stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=variables, cwd="/", start_new_session=True,
        )  # fmt: skip
    atexit.register(process.wait)
    atexit.register(ours.close)  # runs before the wait, and ends the server
    return ours
