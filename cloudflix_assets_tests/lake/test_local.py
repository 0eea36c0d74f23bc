"""What is special to a lake in a folder; what every lake promises is in test_lake.py."""

import errno
import os
from pathlib import Path

import pytest

from cloudflix_assets.lake import local
from cloudflix_assets.lake.base import MARKER, LakeRefused
from cloudflix_assets.lake.local import LocalLake


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    return LocalLake(tmp_path / "lake")


def everything(lake: LocalLake) -> set[str]:
    """Files and folders."""
    return {str(path.relative_to(lake.root)) for path in lake.root.rglob("*")}


def test_only_a_claim_makes_folders_and_only_those_of_the_marker(lake: LocalLake) -> None:
    assert lake.place == str(lake.root)
    lake.refuse_other_source("sample")
    lake.empty(["silver/titles"])
    lake.remove("silver/staging")
    assert not lake.root.exists()
    lake.claim("sample")
    assert everything(lake) == {"raw", "raw/files", MARKER}


def test_a_write_that_fails_leaves_what_was_there(lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("raw/files/publications/week.json", b"before")

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space left"):
        lake.write("raw/files/publications/week.json", b"after")
    assert lake.read("raw/files/publications/week.json") == b"before"


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_disk_without_hard_links_is_told_as_such(
    lake: LocalLake, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """ExFAT answers EPERM, which was told as a missing right; other disks' errors were raw."""

    def unable(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", unable)
    with pytest.raises(LakeRefused) as refused:
        lake.claim("sample")
    assert str(refused.value) == (
        f"the disk of {lake.root} has no hard links ({os.strerror(code)}), by which a lake commits: "
        "put the lake on another disk (CLOUDFLIX_LAKE)."
    )
    assert everything(lake) == {"raw", "raw/files"}


def test_an_emptied_folder_takes_another_source(lake: LocalLake) -> None:
    """A note beside the layers stays, and no empty folder of a table does."""
    lake.claim("sample")
    lake.write("silver/titles/_delta_log/0.json", b"")
    lake.write("README.md", b"theirs")
    lake.empty(["silver/titles"])
    assert everything(lake) == {"raw", "silver", "README.md"}
    lake.claim("another source")


@pytest.mark.parametrize(
    "theirs", ["gold/titles/x.parquet", "raw/files/notes.txt", "silver/mine/_delta_log/0"]
)
def test_a_folder_of_somebody_else_is_refused(lake: LocalLake, theirs: str) -> None:
    """Our tables were put beside theirs without a word."""
    lake.write(theirs, b"theirs")
    lake.write("raw/landing/netflix_titles.csv", b"")
    with pytest.raises(LakeRefused) as refused:
        lake.refuse_other_source("sample")
    name = "/".join(theirs.split("/")[: 3 if theirs.startswith("raw/files") else 2])
    assert str(refused.value) == (
        f"the folder {lake.root} holds {name} and no marker ({MARKER}) that says whose that is: "
        "choose another lake (CLOUDFLIX_LAKE), or restore the marker; nothing was written."
    )
    lake.write(MARKER, b'{"format": 1, "source": "sample"}')
    lake.refuse_other_source("sample")


@pytest.mark.parametrize(
    "ours", ["raw/landing/a", "raw/refused/b", "bronze/staging/x/y.parquet", "raw/.DS_Store"]
)
def test_what_was_dropped_or_staged_first_is_no_stranger(lake: LocalLake, ours: str) -> None:
    """Files are dropped before a week lands; another run may be claiming the lake at this moment."""
    lake.write(ours, b"")
    lake.write("raw/files/.lake.json.4711", b"")
    lake.refuse_other_source("sample")


def test_what_cannot_be_removed_is_told(lake: LocalLake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of the source before would stand beside those of the new one."""
    lake.write("silver/titles/_delta_log/0.json", b"")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError("permission denied")

    monkeypatch.setattr(local, "rmtree", denied)
    with pytest.raises(PermissionError):
        lake.empty(["silver/titles"])
