"""The web UI of `cloudflix dev` in a process of its own, and a real browser that looks at it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser, sync_playwright

COMMAND = [sys.executable, "-c", "from cloudflix_assets.cli.commands import main; main()", "dev"]
UP_SECONDS = 90.0
NO_BROWSER = "there is no browser on this machine: run `apt-get install chromium`, then this again."


class BrowserAbsent(Exception):
    """No Chromium is installed."""


def free_port() -> int:
    """Return a port of the loopback address on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer(port: int, path: str) -> str:
    """Return what the web UI answers; wait until it is up."""
    until = time.monotonic() + UP_SECONDS
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
                return str(reply.read().decode())
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


@contextmanager
def dev(home: Path, port: int, **own: str) -> Iterator[subprocess.Popen[str]]:
    """Run `cloudflix dev` for the block; what it prints goes to a file `told` beside the home."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    command = [*COMMAND, "--home", str(home), "--port", str(port)]
    with (
        (home.parent / "told").open("w") as told,
        subprocess.Popen(command, env={**variables, **own}, stdout=told, stderr=told, text=True) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(UP_SECONDS)


@contextmanager
def web_ui(home: Path, **own: str) -> Iterator[str]:
    """Run the web UI for the block, and yield its address once it answers."""
    port = free_port()
    with dev(home, port, **own):
        answer(port, "/server_info")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a headless Chromium of this machine for the block.

    Raises:
        BrowserAbsent: none is installed.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise BrowserAbsent(NO_BROWSER)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()
