"""One lake, one source; landed bytes by their content; and nothing removed that is not ours."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloudflix_assets.lake import local
from cloudflix_assets.lake.base import FORMAT, MARKER, LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.lake.cases import winner_of_claims_at_once


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    return LocalLake(tmp_path / "lake")


def everything(lake: LocalLake) -> set[str]:
    return {str(path.relative_to(lake.root)) for path in lake.root.rglob("*")}


def test_a_claimed_lake_says_whose_it_is(lake: LocalLake) -> None:
    lake.claim("directory:netflix")
    assert json.loads(lake.read(MARKER) or b"") == {"format": FORMAT, "source": "directory:netflix"}
    assert everything(lake) == {"raw", "raw/files", MARKER}


def test_an_unmarked_lake_takes_any_source(lake: LocalLake) -> None:
    lake.refuse_other_source("sample")
    assert not lake.root.exists()


@pytest.mark.parametrize("do", [LocalLake.refuse_other_source, LocalLake.claim])
def test_its_own_source_comes_again(lake: LocalLake, do: object) -> None:
    lake.claim("sample")
    assert callable(do)
    do(lake, "sample")


@pytest.mark.parametrize("do", [LocalLake.refuse_other_source, LocalLake.claim])
def test_another_source_is_refused(lake: LocalLake, do: object) -> None:
    """Weeks of two sources in one table look like one history."""
    lake.claim("sample")
    assert callable(do)
    with pytest.raises(LakeRefused) as refused:
        do(lake, "directory:netflix")

    sentence = str(refused.value)
    assert f"{lake.root} holds sample, not directory:netflix" in sentence
    assert "choose another lake (CLOUDFLIX_LAKE)" in sentence
    assert "`cloudflix run --replace-source`" in sentence
    assert json.loads(lake.read(MARKER) or b"")["source"] == "sample"
    assert everything(lake) == {"raw", "raw/files", MARKER}


def test_another_format_is_refused(lake: LocalLake) -> None:
    """A later version may lay out the lake otherwise; even its own source does not help."""
    lake.write(MARKER, json.dumps({"format": FORMAT + 1, "source": "sample"}).encode())
    with pytest.raises(LakeRefused) as refused:
        lake.refuse_other_source("sample")
    sentence = str(refused.value)
    assert f"{lake.root} has format {FORMAT + 1} and this version writes {FORMAT}" in sentence
    assert "choose another lake (CLOUDFLIX_LAKE)" in sentence


@pytest.mark.parametrize("content", [b"", b"not JSON", b"{}", b"[]"])
def test_a_marker_that_cannot_be_read_is_refused(lake: LocalLake, content: bytes) -> None:
    """Not knowing whose lake it is, is no reason to write to it; the operator is told which file."""
    lake.write(MARKER, content)
    with pytest.raises(LakeRefused, match=r"lake\.json"):
        lake.refuse_other_source("sample")


def test_of_two_sources_at_once_one_gets_the_lake(lake: LocalLake) -> None:
    winner = winner_of_claims_at_once(lake)
    lake.refuse_other_source(winner)
    assert everything(lake) == {"raw", "raw/files", MARKER}


def test_bytes_are_stored_once(lake: LocalLake, tmp_path: Path) -> None:
    """A rerun of a week lands the same file again; readers may have it open."""
    content = tmp_path / "content"
    content.write_bytes(b"a,b\r\n")
    path = "raw/files/titles/abc.csv"

    assert lake.store(path, content)
    stored = (lake.root / path).stat()
    assert not lake.store(path, content)

    again = (lake.root / path).stat()
    assert (again.st_ino, again.st_mtime_ns) == (stored.st_ino, stored.st_mtime_ns)
    assert lake.read(path) == b"a,b\r\n"
    assert content.is_file()


def test_a_torn_file_is_stored_again(lake: LocalLake, tmp_path: Path) -> None:
    """A copy that another tool cut short has the right name and the wrong bytes."""
    content = tmp_path / "content"
    content.write_bytes(b"a,b\r\n")
    lake.write("raw/files/titles/abc.csv", b"a,")

    assert lake.store("raw/files/titles/abc.csv", content)
    assert lake.read("raw/files/titles/abc.csv") == b"a,b\r\n"


def test_a_write_that_fails_leaves_what_was_there(lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("raw/files/publications/week.json", b"before")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        lake.write("raw/files/publications/week.json", b"after")
    assert lake.read("raw/files/publications/week.json") == b"before"


def test_what_is_not_there_reads_as_none(lake: LocalLake) -> None:
    assert lake.read("raw/files/publications/2026-11-09.json") is None


def made(lake: LocalLake, names: Iterable[str]) -> None:
    for name in names:
        path = lake.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content")


def test_emptying_removes_ours_and_nothing_else(lake: LocalLake) -> None:
    """Somebody keeps a table of their own beside ours, or a note in the lake's folder."""
    ours = ["silver/titles/_delta_log/0.json", "raw/titles/week=2026-11-09/x.parquet", MARKER]
    theirs = ["silver/mine/_delta_log/0.json", "gold/notes.txt", "README.md", "raw/titles_mine/x.parquet"]
    made(lake, [*ours, *theirs])

    lake.empty(["silver/titles", "raw/titles", "gold/absent"])

    assert {name for name in everything(lake) if (lake.root / name).is_file()} == set(theirs)
    assert not (lake.root / "silver/titles").exists()
    lake.claim("another source")


def test_what_cannot_be_removed_is_told(lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the source before would stand beside those of the new one."""
    made(lake, ["silver/titles/_delta_log/0.json"])

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("permission denied")

    monkeypatch.setattr(local, "rmtree", denied)
    with pytest.raises(PermissionError):
        lake.empty(["silver/titles"])


def test_emptying_a_lake_that_is_not_there(lake: LocalLake) -> None:
    lake.empty(["silver/titles"])
    lake.remove("silver/staging")
    assert not lake.root.exists()


def test_one_at_a_time_is_alone(lake: LocalLake) -> None:
    """Two runs of a week would each take the other's half-written records for its own."""
    inside: list[int] = []

    def enter(number: int) -> list[int]:
        with lake.lock("raw/files/a.lock"):
            inside.append(number)
            found = [*inside]
            inside.remove(number)
        return found

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(enter, range(200))) == [[number] for number in range(200)]
