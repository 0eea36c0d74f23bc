"""Azurite, Microsoft's emulator of the Blob service: installed from package-lock.json, run in memory.

Azurite is a real HTTP server. It has no hierarchical namespace (`hierarchical.py` adds one), and it checks
little of a token (`entra.py` says what).
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cloudflix_assets_tests.loopback.azure.authority import Authority

HERE = Path(__file__).parent
LOCK, MODULES = HERE / "package-lock.json", HERE / "node_modules"
STAMP = MODULES / ".installed"
PROGRAM = MODULES / "azurite" / "dist" / "src" / "blob" / "main.js"

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of every Azurite's account, which its documentation prints: no secret."""
NO_TRIES: dict[str, Any] = {"retry_total": 0, "read_timeout": 1}
"""Settings of a client without retries and with a short timeout, so that every fault reaches the test."""

OLDEST_NODE = 20
START_SECONDS = 60.0
LISTENING = re.compile(r"successfully listens on (?P<scheme>https?)://127\.0\.0\.1:(?P<port>\d+)")

# Makes Azurite exit when its standard input closes: at the latest when the process that started it dies.
MORTAL = 'data:text/javascript,process.stdin.on("end",()=>process.exit()).resume()'


class NoNode(Exception):
    """Azurite cannot be installed on this machine; the message is the reason to skip a test."""


class NotStarted(Exception):
    """Azurite is installed but did not start; the message ends with its log."""


@dataclass(frozen=True)
class Azurite:
    """A running Azurite."""

    port: int
    scheme: str = "http"
    account: str = ACCOUNT
    key: str = KEY

    @property
    def endpoint(self) -> str:
        """The URL of the account."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{self.account}"


@contextmanager
def run_azurite(tls: Authority | None = None) -> Iterator[Azurite]:
    """Run an empty Azurite on a free port until the block ends; with `tls` it also accepts bearer tokens."""
    secure = ["--cert", str(tls.cert), "--key", str(tls.key), "--oauth", "basic"] if tls else []
    with tempfile.TemporaryFile() as log:
        started = command(0, secure, mortal=True)
        process = subprocess.Popen(
            started, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
        )
        with process:
            try:
                yield wait_until_listening(process, log)
            finally:
                kill(process.pid)


def command(port: int, options: Sequence[str] = (), *, mortal: bool = False) -> list[str]:
    """Install Azurite, and return its command for a port (0: any free one); `mortal` adds `MORTAL`."""
    node = install()
    told = ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry"]
    address = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    return [node, *(["--import", MORTAL] if mortal else []), str(PROGRAM), *told, *address, *options]


def wait_until_listening(process: subprocess.Popen[bytes], log: IO[bytes]) -> Azurite:
    """Wait until Azurite listens, and return its address.

    Raises:
        NotStarted: the process ended, or took longer than `START_SECONDS`.
    """
    end = time.monotonic() + START_SECONDS
    while True:
        ended = process.poll() is not None
        said = os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")
        if found := LISTENING.search(said):
            return Azurite(int(found["port"]), found["scheme"])
        if ended or time.monotonic() > end:
            raise NotStarted(f"Azurite did not start (exit status {process.returncode}). It said:\n{said}")
        time.sleep(0.02)


def kill(pid: int) -> None:
    """Kill a process and its group; an Azurite in memory has nothing to save."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def install() -> str:
    """Install the packages of the lock file unless they are installed; return the path of node.

    Raises:
        NoNode: Node.js is missing or too old, or npm failed.
    """
    node, npm = (_program(name) for name in ("node", "npm"))
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        raise NoNode(f"Azurite needs Node.js {OLDEST_NODE} or later, and this is {version}")
    with LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed():
            _fetch(npm)
            STAMP.write_text(_wanted(), encoding="utf-8")
    return node


def is_installed() -> bool:
    """Return whether the packages of the lock file are installed."""
    return STAMP.exists() and STAMP.read_text(encoding="utf-8") == _wanted()


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    raise NoNode(f"Azurite needs Node.js, and this machine has no {name}")


def _fetch(npm: str) -> None:
    """Install the packages of the lock file by npm, whose other settings are in `.npmrc` beside it."""
    fetch = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(fetch, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and "complete log" not in line]
        raise NoNode(f"npm could not fetch Azurite: {lines[-1] if lines else 'it does not say why'}")
