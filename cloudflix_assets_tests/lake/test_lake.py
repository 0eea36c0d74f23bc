"""What every lake promises, proven of a folder, of an account without a hierarchy and of one with it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from unittest.mock import ANY

import pytest

from cloudflix_assets.lake.adls.lake import OWNER
from cloudflix_assets.lake.base import MARKER, Lake, LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.marker import FORMAT, Marker, Place
from cloudflix_assets_tests.lake.adls.lakes import everything
from spark.table import Layer

FILE = "raw/files/titles/abc.csv"
TARGET = "raw/landed/2026-11-09/titles/abc.csv"
AT_ONCE = 8


@pytest.fixture
def lake(each_lake: Lake) -> Lake:
    return each_lake


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(b"a,b\r\n")
    return path


def marks(lake: Lake) -> set[str]:
    """What a claim writes: the marker, and in an account the owner of each container."""
    return {MARKER} | ({f"{layer.value}/{OWNER}" for layer in Layer} if not is_folder(lake) else set())


def is_folder(lake: Lake) -> bool:
    return isinstance(lake, LocalLake)


def remedy(lake: Lake) -> str:
    """How to choose another lake."""
    if is_folder(lake):
        return "choose another lake (CLOUDFLIX_LAKE)"
    return "choose other containers (CLOUDFLIX_AZURE_CONTAINERS) or another account"


def test_a_claimed_lake_says_whose_it_is(lake: Lake) -> None:
    """Its own source comes again each week."""
    lake.refuse_other_source("directory:netflix")
    assert everything(lake) == set()
    for _ in range(2):
        lake.claim("directory:netflix")
        lake.refuse_other_source("directory:netflix")
    told = json.loads(lake.read(MARKER) or b"")
    assert told == {"format": FORMAT, "source": "directory:netflix", "claim": ANY}
    assert everything(lake) == marks(lake)


@pytest.mark.parametrize("do", ["refuse_other_source", "claim"])
def test_another_source_is_refused(lake: Lake, do: str) -> None:
    """Weeks of two sources in one table look like one history."""
    lake.claim("sample")
    with pytest.raises(LakeRefused) as refused:
        getattr(lake, do)("directory:netflix")

    assert str(refused.value) == (
        f"the lake {lake.place} holds sample, not directory:netflix: name its source again "
        f"(--source sample), {remedy(lake)}, or empty this one with `cloudflix run --replace-source`."
    )
    assert json.loads(lake.read(MARKER) or b"")["source"] == "sample"
    assert everything(lake) == marks(lake)


def test_another_format_is_refused(lake: Lake) -> None:
    """A later version may lay out the lake otherwise; even its own source does not help."""
    lake.claim("sample")
    lake.write(MARKER, json.dumps({"format": FORMAT + 1, "source": "sample"}).encode())
    with pytest.raises(LakeRefused) as refused:
        lake.refuse_other_source("sample")
    assert str(refused.value) == (
        f"the lake {lake.place} has format {FORMAT + 1} and this version writes {FORMAT}: install a newer "
        f"cloudflix, or {remedy(lake)}."
    )


@pytest.mark.parametrize("content", [b"", b"not JSON", b'{"format": 1, "sou', b"{}", b"[]"])
def test_a_marker_that_cannot_be_read_is_refused(lake: Lake, content: bytes) -> None:
    """Not knowing whose lake it is, is no reason to write to it; the operator is told which file."""
    lake.claim("sample")
    lake.write(MARKER, content)
    with pytest.raises(LakeRefused) as refused:
        lake.refuse_other_source("sample")
    assert str(refused.value) == (
        f"the marker {lake.uri(MARKER)} cannot be read: restore it, or empty the lake with `cloudflix run "
        "--replace-source`."
    )


def test_of_two_sources_at_once_one_gets_the_lake(lake: Lake) -> None:
    barrier = Barrier(AT_ONCE)

    def claimed(number: int) -> str | None:
        barrier.wait()
        try:
            lake.claim(f"source-{number}")
        except LakeRefused:
            return None
        return f"source-{number}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        (winner,) = filter(None, pool.map(claimed, range(AT_ONCE)))
    lake.refuse_other_source(winner)
    assert everything(lake) == marks(lake)


def test_bytes_are_stored_once(lake: Lake, content: Path) -> None:
    """A rerun of a week lands the same file again; readers may have it open."""
    assert lake.store(FILE, content)
    stored = lake.fingerprint("raw/files/titles")
    assert not lake.store(FILE, content)
    assert lake.fingerprint("raw/files/titles") == stored
    assert lake.read(FILE) == b"a,b\r\n"
    assert content.is_file()


@pytest.mark.parametrize("there", [b"a,", b"A,B\r\n", b""])
def test_other_bytes_are_stored_again(lake: Lake, content: Path, there: bytes) -> None:
    """A copy that another tool cut short or changed has the right name and the wrong bytes."""
    lake.write(FILE, there)
    assert lake.store(FILE, content)
    assert lake.read(FILE) == b"a,b\r\n"


def test_a_small_file_is_replaced_and_a_new_one_is_not(lake: Lake) -> None:
    assert lake.write_new(FILE, b"first")
    assert not lake.write_new(FILE, b"second")
    assert lake.read(FILE) == b"first"
    lake.write(FILE, b"third")
    assert (lake.read(FILE), lake.size(FILE)) == (b"third", 5)


def test_an_empty_file_is_a_file(lake: Lake) -> None:
    """Dropped by mistake, it must be refused for what it is and not pass for absent."""
    lake.write(FILE, b"")
    with lake.open_landed(FILE) as opened:
        assert (lake.read(FILE), lake.size(FILE), opened.read()) == (b"", 0, b"")


def test_what_is_not_there(lake: Lake) -> None:
    assert (lake.read(FILE), lake.size(FILE)) == (None, None)
    assert (lake.names("raw/files"), lake.files_below("raw/files")) == ([], [])
    assert lake.fingerprint("raw/files") == frozenset()
    lake.remove("raw/files")
    lake.move(FILE, TARGET)
    lake.empty(["silver/titles"])
    with pytest.raises(FileNotFoundError):
        lake.open(FILE)
    with pytest.raises(LakeRefused, match="rerun the week with its publication"):
        lake.open_landed(FILE)


def test_names_sizes_and_fingerprints(lake: Lake) -> None:
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


def test_a_file_is_moved_into_a_folder_that_is_not_there_yet(lake: Lake) -> None:
    """Lost on the way, a dropped file would be landed by nobody; and a second run moves it again."""
    lake.write("raw/landing/netflix_titles.csv", b"a,b")
    lake.move("raw/landing/netflix_titles.csv", TARGET)
    assert (lake.read(TARGET), lake.read("raw/landing/netflix_titles.csv")) == (b"a,b", None)
    lake.move("raw/landing/netflix_titles.csv", TARGET)
    assert lake.read(TARGET) == b"a,b"


def test_a_folder_goes_with_all_in_it_and_its_neighbour_stays(lake: Lake) -> None:
    for path in ("silver/cast/week=1/a/b", "silver/cast/c", "silver/cast_quarantine/d"):
        lake.write(path, b"")
    lake.remove("silver/cast")
    assert everything(lake) == {"silver/cast_quarantine/d"}
    assert lake.names("silver/cast") == []


def test_what_was_staged_is_published(lake: Lake) -> None:
    for name in ("part.parquet", "deep/other.parquet"):
        lake.scratch.write(f"bronze/staging/step/{name}", name.encode())
    lake.publish("bronze/staging/step", "bronze/cast/week=1/step")
    lake.scratch.remove("bronze/staging")
    folder = "bronze/cast/week=1/step"
    assert everything(lake) == {f"{folder}/part.parquet", f"{folder}/deep/other.parquet"}
    assert lake.read("bronze/cast/week=1/step/part.parquet") == b"part.parquet"


def test_emptying_removes_ours_and_nothing_else(lake: Lake) -> None:
    """Somebody keeps a table of their own beside ours, or a note in the lake's folder."""
    lake.claim("sample")
    ours = ["silver/cast/_delta_log/0.json", "raw/cast/week=1/x.parquet", "raw/files/receipts/a.json"]
    theirs = {
        "silver/mine/_delta_log/0.json",
        "gold/notes.txt",
        "raw/cast_mine/x.parquet",
        "raw/landing/a.csv",
    }
    for path in (*ours, *theirs):
        lake.write(path, b"")
    lake.empty(["silver/cast", "raw/cast", "gold/absent"])
    assert everything(lake) == theirs


def test_one_at_a_time_is_alone(lake: Lake) -> None:
    """Two runs of a week would each take the other's half-written records for its own."""
    inside: list[int] = []
    times = 200 if is_folder(lake) else 6

    def enter(number: int) -> list[int]:
        with lake.lock("raw/files/a.lock"):
            inside.append(number)
            time.sleep(0.002)
            found = [*inside]
            inside.remove(number)
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(enter, range(times))) == [[number] for number in range(times)]


@pytest.mark.parametrize(
    ("held", "place", "told"),
    [
        ("landing", None, "--source landing"),
        ("landing:ours", None, "--source landing and CLOUDFLIX_SOURCE_NAME=ours"),
        ("github:acme/catalogue:data", None, "--source github:acme/catalogue:data"),
        (
            "directory:netflix",
            "/data/my netflix",
            "--source '/data/my netflix' and CLOUDFLIX_SOURCE_NAME=netflix",
        ),
        ("directory:netflix", "/data/netflix", "--source /data/netflix"),
    ],
)
def test_the_source_that_a_lake_holds_is_named_as_it_is_typed(
    held: str, place: str | None, told: str
) -> None:
    """Who forgot `--source` was offered another lake, or to empty this one."""
    assert Marker(held, place).options == told


def test_a_renamed_folder_may_be_said_to_be_one(tmp_path: Path) -> None:
    """Of another name, it was another source, and the setting that says otherwise was not named."""
    lake = LocalLake(tmp_path)
    lake.claim("directory:netflix", Place("/data/netflix"))
    with pytest.raises(LakeRefused, match=r", say so with CLOUDFLIX_SOURCE_NAME=netflix if it was renamed, "):
        lake.refuse_other_source("directory:catalogue", Place("/data/catalogue"))
