"""Takes the pictures of the README: a lake of sample weeks, the web UI on it, a headless browser.

`make pictures` runs it. It needs Debian's package `chromium`, and leaves nothing behind but the PNGs.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from browser import PATIENCE, NoPicture, Page, browser

FOLDER = Path(__file__).parent
CLOUDFLIX = Path(sys.executable).with_name("cloudflix")
WEEKS = 3
LARGEST = 300_000


@dataclass(frozen=True)
class Picture:
    """A page, what it must show, scripts to run then, and the part that is kept (x, y, width, height)."""

    name: str
    path: str
    shows: str
    window: tuple[int, int]
    part: tuple[int, int, int, int]
    then: tuple[str, ...] = ()


# All but gold: with both, Dagster lays silver and gold out below each other.
_EXPANDED = "%2C".join(
    f"global%40global%3A{group}" for group in ("0_source", "1_raw", "2_bronze", "3_silver")
)
_ZOOM_OUT = "[...document.querySelectorAll('[aria-label=zoom_out]')].at(-1).closest('button').click()"
PICTURES = (
    Picture(
        "graph",
        f"/asset-groups/?expanded={_EXPANDED}",
        "publication",
        window=(1600, 900),
        part=(725, 110, 690, 731),
        then=(_ZOOM_OUT,) * 3,
    ),
    Picture(
        "contract",
        "/assets/silver/countries?view=checks",
        "duplicate key",
        window=(1480, 1100),
        part=(534, 105, 946, 905),
    ),
)


def main() -> None:
    """Take every picture."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as home, browser() as page:
        environment = {**os.environ, "CLOUDFLIX_HOME": home, "CLOUDFLIX_SOURCE": "sample"}
        command = [str(CLOUDFLIX), "run", "--weeks", str(WEEKS)]
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        with web_ui(environment) as address:
            for picture in PICTURES:
                content = taken(page, address, picture)
                (FOLDER / f"{picture.name}.png").write_bytes(content)
                print(f"{picture.name}.png  {len(content) // 1000} kB")


def taken(page: Page, address: str, picture: Picture) -> bytes:
    """The PNG of a picture.

    Raises:
        NoPicture: it is too large for a README.
    """
    page.sized(*picture.window)
    page.open(f"{address}{picture.path}")
    page.wait(f"document.body?.innerText.includes({picture.shows!r})", f"{picture.shows!r} on {picture.path}")
    for script in picture.then:
        page.run(script)
    content = page.settled(*picture.part)
    if len(content) > LARGEST:
        raise NoPicture(f"{picture.name}.png has {len(content):,} bytes: keep a smaller part of the page.")
    return content


@contextmanager
def web_ui(environment: dict[str, str]) -> Iterator[str]:
    """The address of a web UI on a free port, which is ended afterwards with all its processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(CLOUDFLIX), "dev", "--port", str(port)]
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/server_info", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until the web UI answers.

    Raises:
        NoPicture: it never does.
    """
    for _ in range(PATIENCE):
        try:
            urlopen(url).close()
        except URLError:
            time.sleep(1)
        else:
            return
        if server.poll() is not None:
            break
    raise NoPicture("the web UI did not come up: run `cloudflix dev` to see why.")


if __name__ == "__main__":
    try:
        main()
    except NoPicture as error:
        sys.exit(str(error))
