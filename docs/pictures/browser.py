"""A headless Chromium, driven by its own DevTools protocol: open a page, wait for it, take a picture."""

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

PATIENCE = 90
_QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
)
_OFFLINE = ("--disable-background-networking", "--disable-component-update", "--hide-scrollbars")


class NoPicture(Exception):
    """Why there is no picture, and what to do, in one sentence."""


class Page:
    """One page of the browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._ids = connection, itertools.count(1)

    def sized(self, width: int, height: int) -> None:
        """Lay pages out for a window of this size, and draw them sharp enough for half of it."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1.5, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def open(self, url: str) -> None:
        """Go there; what it shows comes later."""
        self._call("Page.navigate", url=url)

    def wait(self, script: str, what: str) -> None:
        """Until a script is true.

        Raises:
            NoPicture: it never was.
        """
        end = time.monotonic() + PATIENCE
        while not self._value(script):
            if time.monotonic() > end:
                raise NoPicture(
                    f"the web UI did not show {what} within {PATIENCE} s: look at the page yourself."
                )
            time.sleep(0.5)

    def run(self, script: str) -> None:
        """Run a script, and leave the page time to follow."""
        self._value(script)
        time.sleep(1)

    def settled(self, x: int, y: int, width: int, height: int) -> bytes:
        """A PNG of a part of the page, once two in a row are equal."""
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        before = b""
        for _ in range(PATIENCE):
            found = base64.b64decode(self._call("Page.captureScreenshot", format="png", clip=clip)["data"])
            if found == before:
                return found
            before = found
            time.sleep(1)
        raise NoPicture("the page never came to rest: look at it yourself.")

    def _value(self, script: str) -> Any:
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"].get("value")

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:  # events come in between
            answer = json.loads(self._connection.recv(timeout=PATIENCE))
            if answer.get("id") == number:
                return dict(answer["result"])


@contextmanager
def browser() -> Iterator[Page]:
    """The first page of a Chromium of its own.

    Raises:
        NoPicture: there is none on this machine.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise NoPicture("the pictures need a browser: run `apt-get install chromium`, then this again.")
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, *_QUIET, *_OFFLINE, f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(profile)), max_size=None) as connection:
                yield Page(connection)
        finally:
            process.terminate()
            process.wait()


def _address(profile: Path) -> str:
    """Where the page listens: Chromium writes its port into the profile."""
    told = profile / "DevToolsActivePort"
    for _ in range(PATIENCE):
        if told.is_file() and (lines := told.read_text(encoding="utf-8").split()):
            with urlopen(f"http://127.0.0.1:{lines[0]}/json/list") as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(1)
    raise NoPicture("chromium did not start: run `chromium --headless=new --no-sandbox` to see why.")
