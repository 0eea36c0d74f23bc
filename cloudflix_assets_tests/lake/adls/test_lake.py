"""A lake in an account keeps what every lake promises, with a hierarchy and without one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError

from cloudflix_assets.lake.adls.lake import OWNER, AdlsLake
from cloudflix_assets.lake.base import LakeRefused
from cloudflix_assets_tests.lake.adls.lakes import everything

FILE = "raw/files/titles/abc.csv"
TARGET = "raw/landed/2026-11-09/titles/abc.csv"

Makes = Callable[..., AdlsLake]


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"a,b\r\n")
    return path


def test_bytes_are_stored_once(lake: AdlsLake, content: Path) -> None:
    """A rerun of a week lands the same file again; readers may have it open."""
    assert lake.store(FILE, content)
    state = lake.fingerprint("raw/files/titles")
    assert not lake.store(FILE, content)
    assert lake.fingerprint("raw/files/titles") == state
    assert lake.read(FILE) == b"a,b\r\n"
    assert content.is_file()


@pytest.mark.parametrize("there", [b"a,", b"A,B\r\n", b""])
def test_other_bytes_are_stored_again(lake: AdlsLake, content: Path, there: bytes) -> None:
    """A copy that another tool cut short or changed has the right name and the wrong bytes."""
    lake.write(FILE, there)
    assert lake.store(FILE, content)
    assert lake.read(FILE) == b"a,b\r\n"


def test_a_small_file_is_replaced_and_a_new_one_is_not(lake: AdlsLake) -> None:
    assert lake.write_new(FILE, b"first")
    assert not lake.write_new(FILE, b"second")
    assert lake.read(FILE) == b"first"
    lake.write(FILE, b"third")
    assert (lake.read(FILE), lake.size(FILE)) == (b"third", 5)


def test_an_empty_file_is_a_file(lake: AdlsLake) -> None:
    """Dropped by mistake, it must be refused for what it is and not pass for absent."""
    lake.write(FILE, b"")
    with lake.open(FILE) as opened:
        assert (lake.read(FILE), lake.size(FILE), opened.read()) == (b"", 0, b"")


def test_what_is_not_there(lake: AdlsLake) -> None:
    assert (lake.read(FILE), lake.size(FILE)) == (None, None)
    assert (lake.names("raw/files"), lake.files_below("raw/files")) == ([], [])
    assert lake.fingerprint("raw/files") == frozenset()
    lake.remove("raw/files")
    lake.move(FILE, TARGET)
    with pytest.raises(FileNotFoundError):
        lake.open(FILE)
    with pytest.raises(LakeRefused, match="rerun the week with its publication"):
        lake.open_landed(FILE)


@pytest.mark.parametrize(
    "do",
    [
        lambda lake: lake.read(FILE),
        lambda lake: lake.size(FILE),
        lambda lake: lake.files_below("raw/files"),
        lambda lake: lake.names("raw/files"),
        lambda lake: lake.fingerprint("raw/files"),
        lambda lake: lake.open(FILE),
        lambda lake: lake.remove("raw/files"),
        lambda lake: lake.move(FILE, TARGET),
    ],
)
def test_a_missing_container_is_no_answer(makes: Makes, do: Callable[[AdlsLake], object]) -> None:
    """Read as an absent table, it would be made anew, and history would begin again."""
    lake = makes(azure_containers=("no-raw", "no-bronze", "no-silver", "no-gold"))
    with pytest.raises(ResourceNotFoundError):
        do(lake)


def test_names_sizes_and_states(lake: AdlsLake) -> None:
    """A table beside another whose name begins alike, and folders among files."""
    for path in ("silver/cast/_delta_log/0.json", "silver/cast/week=1/a.parquet", "silver/cast_quarantine/b"):
        lake.write(path, path.encode())
    found = lake.files_below("silver/cast")
    assert [stored.path for stored in found] == [
        "silver/cast/_delta_log/0.json",
        "silver/cast/week=1/a.parquet",
    ]
    assert [stored.size for stored in found] == [len(stored.path) for stored in found]
    assert lake.names("silver/cast") == ["_delta_log", "week=1"]
    assert {"cast", "cast_quarantine"} == {*lake.names("silver/")} - {OWNER}

    before = lake.fingerprint("silver/cast/_delta_log")
    lake.write("silver/cast/_delta_log/1.json", b"")
    one = lake.fingerprint("silver/cast/_delta_log")
    lake.write("silver/cast/_delta_log/1.json", b"other")
    assert len({before, one, lake.fingerprint("silver/cast/_delta_log")}) == 3


def test_a_file_is_moved_into_a_folder_that_is_not_there_yet(lake: AdlsLake) -> None:
    """Lost on the way, a dropped file would be landed by nobody; and a second run moves it again."""
    lake.write("raw/landing/netflix_titles.csv", b"a,b")
    lake.move("raw/landing/netflix_titles.csv", TARGET)
    assert (lake.read(TARGET), lake.read("raw/landing/netflix_titles.csv")) == (b"a,b", None)
    lake.move("raw/landing/netflix_titles.csv", TARGET)
    assert lake.read(TARGET) == b"a,b"


def test_a_folder_goes_with_all_in_it_and_its_neighbour_stays(lake: AdlsLake) -> None:
    for path in ("silver/cast/week=1/a/b", "silver/cast/c", "silver/cast_quarantine/d"):
        lake.write(path, b"")
    lake.remove("silver/cast")
    assert everything(lake) == {"silver/cast_quarantine/d"}
    assert lake.names("silver/cast") == []


def test_what_was_staged_is_published(lake: AdlsLake) -> None:
    for name in ("part.parquet", "deep/other.parquet"):
        lake.scratch.write(f"bronze/staging/step/{name}", name.encode())
    lake.publish("bronze/staging/step", "bronze/cast/week=1/step")
    folder = "bronze/cast/week=1/step"
    assert everything(lake) == {f"{folder}/part.parquet", f"{folder}/deep/other.parquet"}
    assert lake.read("bronze/cast/week=1/step/part.parquet") == b"part.parquet"
