"""`cloudflix dev`: Dagster's web UI and its daemon on one instance, until Ctrl-C or until one ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from threading import Thread
from typing import IO

from rich.markup import escape

from cloudflix_assets.errors import CloudflixError, masked
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.landing import rejected
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.runs.runner import DEFINITIONS
from cloudflix_assets.runs.weeks import refuse_forgotten_source
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import place_of, source_of

IDLE = re.compile(
    rb"No cursor for event type|RESOURCE_INIT_|ENGINE_EVENT|INFO\S* - (Checking for|Not checking for"
    rb"|No new tick|Sensor \S+ skipped|Schedule \S+ skipped|Priority sorting|Instance is configured with"
    rb"|Start(ing|ed) Dagster code server|Shutting down Dagster code server|Stopping server once"
    rb"|Serving dagster-webserver|Received interrupt|Daemon threads shut down)"
)
"""Lines of Dagster that say that nothing happens."""
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


def with_calendar(environment: Environment) -> Environment:
    """Let the calendar begin with the first week that the lake was asked for, where no setting says which.

    Files may be dropped for any week, and an account is not asked before the web UI is up.
    """
    given = "first_week" in environment.model_fields_set
    if given or environment.has_account or environment.source == "landing":
        return environment
    lake = lake_of(environment)
    asked = [*Manifest.weeks(lake), *rejected.noted(lake)]
    return environment.model_copy(update={"first_week": min(asked)}) if asked else environment


def refuse_other_source(environment: Environment) -> None:
    """Refuse a lake of another source: every week that the web UI is asked for would fail.

    Raises:
        CloudflixError: it is one; the message says what to do.
    """
    if not environment.has_account:  # one is not asked before the web UI is up
        source = source_of(environment)
        lake_of(environment).refuse_other_source(source.identity, place_of(source))
        with open_instance(environment) as instance:
            refuse_forgotten_source(environment, instance)


def told(environment: Environment, port: int) -> str:
    """Return where the web UI comes up, and what it shows, in Rich's markup."""
    return (
        f"The web UI comes up on [bold]http://localhost:{port}[/]; Ctrl-C ends it.\n"
        f"  lake      {escape(lake_of(environment).place)}\n"
        f"  source    {escape(masked(environment.source))}\n"
        f"  instance  {escape(str(environment.home))}\n"
        f"  calendar  weeks from {environment.first_week}"
    )


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
    process = subprocess.Popen(
        [str(program), *command[1:]],
        env={**variables},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    teller = Thread(target=_tell, args=(process.stdout,), daemon=True)
    teller.start()
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # also what it has started, such as a code server
        process.wait()
        teller.join()


def _tell(lines: IO[bytes]) -> None:
    """Pass on what a service says, but for lines that say that nothing happens."""
    for line in lines:
        if not IDLE.search(line):
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()
