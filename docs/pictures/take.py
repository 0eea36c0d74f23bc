"""Takes the pictures of the README: a lake of sample weeks, the web UI on it, a headless browser.

`make pictures` runs it. It needs Debian's package `chromium`, and leaves nothing behind but the PNGs.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir

from playwright.sync_api import Page

from cloudflix_assets_tests.cli.command import cloudflix_process
from cloudflix_assets_tests.web_ui import BrowserAbsent, browser, web_ui

FOLDER = Path(__file__).parent
WEEKS = "3"
SAMPLE = {"CLOUDFLIX_SOURCE": "sample"}
LARGEST = 300_000
STILL_SECONDS = 90


class NoPicture(Exception):
    """Why there is no picture, and what to do, in one sentence."""


@dataclass(frozen=True)
class Picture:
    """A page, what it must show, scripts to run or a text to click then, and the part that is kept.

    A part is x, y, width and height.
    """

    name: str
    path: str
    shows: str
    window: tuple[int, int]
    part: tuple[int, int, int, int]
    then: tuple[str, ...] = ()
    click: str = ""


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
    Picture(
        "lineage",
        "/asset-groups/",
        "0_source",
        window=(1440, 900),
        part=(540, 370, 900, 180),
    ),
    Picture(
        "table",
        "/assets/gold/titles",
        "Open spark/gold/titles.py",
        window=(1440, 1000),
        part=(240, 0, 1200, 760),
    ),
    Picture(
        "samples",
        "/assets/silver/titles_quarantine?view=events",
        "samples, whole",
        window=(1440, 900),
        part=(144, 140, 1152, 497),
        click="Show Markdown",
    ),
)


def main() -> None:
    """Take every picture."""
    home = Path(gettempdir(), "cloudflix")  # pictures show where tables lie
    with _made(home), browser() as chromium:
        cloudflix_process(home, "run", "--weeks", WEEKS, **SAMPLE)
        with web_ui(home, **SAMPLE) as address:
            for picture in PICTURES:
                width, height = picture.window
                page = chromium.new_page(
                    base_url=address, viewport={"width": width, "height": height}, device_scale_factor=1.5
                )
                content = take(page, picture)
                (FOLDER / f"{picture.name}.png").write_bytes(content)
                print(f"{picture.name}.png  {len(content) // 1000} kB")


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make a folder for the block.

    Raises:
        NoPicture: it is there already.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        raise NoPicture(f"{folder} is there already: remove it.") from None
    try:
        yield
    finally:
        rmtree(folder, ignore_errors=True)


def take(page: Page, picture: Picture) -> bytes:
    """Return the PNG of a picture, once two in a row are equal.

    Raises:
        NoPicture: it is too large for a README, or the page never comes to rest.
    """
    page.goto(picture.path)
    page.get_by_text(picture.shows).first.wait_for()
    for script in picture.then:
        page.evaluate(script)
        page.wait_for_timeout(1000)
    if picture.click:
        page.get_by_text(picture.click).first.click()
    x, y, width, height = picture.part
    before = b""
    for _ in range(STILL_SECONDS):
        content = page.screenshot(clip={"x": x, "y": y, "width": width, "height": height})
        if content == before:
            break
        before = content
        page.wait_for_timeout(1000)
    else:
        raise NoPicture("the page never came to rest: look at it yourself.")
    if len(content) > LARGEST:
        raise NoPicture(f"{picture.name}.png has {len(content):,} bytes: keep a smaller part of the page.")
    return content


if __name__ == "__main__":
    try:
        main()
    except (NoPicture, BrowserAbsent) as error:
        sys.exit(str(error))
