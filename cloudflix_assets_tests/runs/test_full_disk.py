"""A disk that fills up: told where, nothing half-written, and the week succeeds once there is room."""

import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from random import Random
from tempfile import gettempdir

import pytest

from cloudflix_assets.errors import StorageRefused, storage_errors
from cloudflix_assets_tests.cli.bad_input import House, failures, house_in
from cloudflix_assets_tests.cli.command import Told
from cloudflix_assets_tests.lakehouse import WEEK_2, publication, put, titles

MEGABYTE = 2**20
LIMIT = 6 * MEGABYTE
LIMITED = (
    "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"
    "from cloudflix_assets.cli.commands import main; main()"
)
"""No file may grow beyond a limit: a full disk for everybody, root or not. The log of SQLite takes 4 MB."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return house_in(tmp_path_factory.mktemp("disk"))


def limited(house: House) -> Told:
    """The second week, in a process that may write no large file."""
    options = ["run", "--json", f"--week={WEEK_2}", f"--source={house.source}", f"--home={house.home}"]
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED.format(LIMIT), *options], capture_output=True, text=True, check=False
    )
    return Told(ended.returncode, ended.stdout, ended.stderr)


def with_noise(column: str, size: int) -> bytes:
    """Twenty titles, the first of which holds much text that no compression makes small."""
    rows = [{"show_id": str(i), "title": f"Title {i}"} for i in range(1, 21)]
    noise = b64encode(Random(size).randbytes(size), altchars=b"ab")
    rows[0][column] = noise[:size].decode()
    return titles(*rows)


STAGES: dict[str, tuple[bytes, str, str]] = {
    "landing": (with_noise("description", LIMIT + 1), "publication", gettempdir()),
    # The delivery is within the limit; silver keeps a short title beside the full one.
    "engine": (with_noise("title", LIMIT - MEGABYTE // 2), "silver_titles", "{lake}/silver/titles"),
}


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_write_that_finds_no_room_leaves_nothing(house: House, stage: str) -> None:
    """Half a file that looks whole, or a staging folder that keeps the disk full."""
    content, step, place = STAGES[stage]
    with house.put_back():
        before = house.listing()
        put(house.source, publication(titles=content))
        assert failures(limited(house))[step] == (
            f"{place.format(lake=house.lake)}: a file grew beyond what this process may write: raise "
            "`ulimit -f`, then rerun; what was published before is untouched."
        )
        after = house.listing()
        assert {name: after.get(name) for name in before} == before
        assert not [name for name in set(after) - set(before) if "staging" in name or "/." in name]
        assert house.run(week=WEEK_2).code == 0


def test_a_device_without_space_is_told_with_its_place() -> None:
    """`[Errno 28]` says neither which disk nor what to do."""
    with pytest.raises(StorageRefused) as refused, storage_errors("the lake"):
        Path("/dev/full").write_bytes(b"x")
    assert str(refused.value) == (
        "the lake: no space is left on the disk: make room there, then rerun; what was published before is "
        "untouched."
    )


TROUBLE = {
    "java.io.IOException: No space left on device": "no space is left on the disk",
    "Generic LocalFileSystem error: No space left on device (os error 28)": "no space is left on the disk",
    "(sqlite3.OperationalError) database or disk is full": "no space is left on the disk",
    "(sqlite3.OperationalError) attempt to write a readonly database": "permission is denied",
    "Read-only file system (os error 30)": "the disk is read-only",
    "Object Store error: not found: No such file or directory (os error 2)": "a stored file is gone",
    "[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading": "a stored file is gone",
    "[FAILED_READ_FILE.NO_HINT] Encountered error while reading": "a stored Parquet file is damaged, its own",
    "Parquet argument error: External: Data corruption": "a stored Parquet file is damaged, its own or one",
}
"""As Spark, Sail, SQLite and delta-rs tell them."""


@pytest.mark.parametrize("words", TROUBLE)
def test_the_same_trouble_is_told_alike_whoever_meets_it(words: str) -> None:
    """Java's trace of a full disk is a page long, and its cause the last line of it."""
    with pytest.raises(StorageRefused, match=f"^the lake: {TROUBLE[words]}"), storage_errors("the lake"):
        raise RuntimeError(f"An error occurred while calling o1.parquet.\n: {words}\n\tat java.base/java.io")


def test_other_trouble_is_passed_on() -> None:
    """A mistake of ours, told as a full disk, would never be corrected."""
    with pytest.raises(KeyError), storage_errors("the lake"):
        raise KeyError("week")


def test_the_week_of_a_file_that_is_gone_is_named_in_the_remedy() -> None:
    """A command with dots for the week cannot be typed."""
    file = f"silver/cast/week={WEEK_2}/ab-0-cd/x.parquet"
    told = f"`cloudflix run --week {WEEK_2} --select silver/cast --force`, then rerun"
    with pytest.raises(StorageRefused, match=told), storage_errors("the lake"):
        raise RuntimeError(f"FileNotFoundError: No such file or directory: /data/lake/{file}")
    of_quarantine = file.replace("cast", "cast_quarantine")
    with pytest.raises(StorageRefused, match="`cloudflix run --stale` build"), storage_errors("the lake"):
        raise RuntimeError(f"No such file or directory: {of_quarantine}")
