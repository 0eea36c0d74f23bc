"""`cloudflix dev`: Dagster's web UI and its daemon on one instance, until Ctrl-C or until one ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.runs.runner import DEFINITIONS

LOOK_SECONDS = 0.2
END_SECONDS = 15.0
"""Seconds that each process has to end: the daemon first finishes its present iteration."""


class ServiceEnded(CloudflixError):
    """The web UI or the daemon ended by itself."""


class ServiceRefused(CloudflixError):
    """The port is taken, or another process serves the same home."""


@contextmanager
def claim(home: Path, port: int) -> Iterator[None]:
    """Hold the home for the block, so that no second daemon starts on it; a dead holder's claim is released.

    Raises:
        ServiceRefused: another process holds it, or listens on the port.
    """
    with (home / "dev.lock").open("wb") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise ServiceRefused(
                f"another `cloudflix dev` runs on {home}: end it with Ctrl-C, or choose another --home."
            ) from None
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise ServiceRefused(
                f"port {port} cannot be used ({reason}): choose another one with --port."
            ) from None
        yield


def serve(variables: Mapping[str, str], port: int) -> None:
    """Run the web UI and the daemon until Ctrl-C or until one of them ends, then end both.

    Args:
        variables: the whole environment of both, which names the instance.
        port: of the web UI.

    Raises:
        ServiceEnded: one of them ended by itself; the other was ended then.
    """
    commands = {
        "the web UI": ["dagster-webserver", "-m", DEFINITIONS, "--port", str(port)],
        "the daemon": ["dagster-daemon", "run", "-m", DEFINITIONS],
    }
    signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGINT))  # a terminal that is closed ends both too
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        running = {
            name: stack.enter_context(_service(command, variables)) for name, command in commands.items()
        }
        while all(process.poll() is None for process in running.values()):
            time.sleep(LOOK_SECONDS)
        ended = next(name for name, process in running.items() if process.poll() is not None)
        raise ServiceEnded(
            f"{ended} ended with exit code {running[ended].returncode}: the reason stands above; correct it, "
            "then start again."
        )


@contextmanager
def _service(command: list[str], variables: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a service in a session of its own, which Ctrl-C does not reach; end it with the block."""
    program = Path(sys.executable).with_name(command[0])
    process = subprocess.Popen([str(program), *command[1:]], env={**variables}, start_new_session=True)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it has started, such as a code server
        process.wait()
