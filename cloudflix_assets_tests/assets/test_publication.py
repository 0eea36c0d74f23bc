"""The publication: if one file is defective, all five are rejected, and what was landed stays as it was."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import dagster as dg
import pytest

from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.names import REFRESH
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, Pin
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    data_version,
    lookup,
    publication,
    put,
    registered,
    titles,
)
from spark.datasets import DATASETS

TITLES = registered("raw/titles", "bronze/titles")
CAST = registered("raw/cast", "bronze/cast", "silver/cast")


def cast_file(second: bytes) -> bytes:
    """A cast file of three records, the second as given."""
    return b"cast,show_id\r\nAna,1\r\n" + second + b"\r\nBo,3\r\n"


def landed(lakehouse: Lakehouse) -> dict[str, int]:
    """Every file below raw/files with the time of its last change."""
    root = lakehouse.lake.root / "raw" / "files"
    return {str(path): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


DEFECTS = {
    "missing file": (None, "netflix_cast.csv is missing from"),
    "header only": (b"cast,show_id\r\n", "netflix_cast.csv holds a header and no records"),
    "unclosed quote": (cast_file(b'"Ana,2'), "netflix_cast.csv: record 2 opens a quote that is never closed"),
    "record over the limit": (
        cast_file(b'"' + b"long\r\n" * 400 + b'",2'),
        "netflix_cast.csv: record 2 is over 64 MB",
    ),
}
"""A defect of the source, of a file, of a record, of a limit; every one is in tables/test_delivery.py."""


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_one_file_rejects_the_whole_publication(
    lakehouse: Makes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: str
) -> None:
    """Landing the sound files of a torn publication would make orphans of the rest."""
    monkeypatch.setattr("spark.delivery.inspection.MAX_RECORD_BYTES", 2000)
    folder = put(tmp_path / "files", publication())
    house = lakehouse(source=Directory(folder), tables=TITLES)
    assert house.run(WEEK_2).success
    before = (landed(house), house.digests(WEEK_2), house.rows("bronze/titles", WEEK_2))

    content, sentence = DEFECTS[defect]
    unsound = publication(titles=titles({"title": "Changed"}))
    del unsound["cast"]
    put(folder, unsound if content is None else {**unsound, "cast": content})
    result = house.run(WEEK_2, tags={REFRESH: "true"})

    assert not result.success
    assert list(result.failures) == ["publication"]
    assert result.failures["publication"].startswith(sentence)
    assert "rerun the week" in result.failures["publication"]
    assert result.failures["publication"].endswith("nothing was landed.")
    assert result.tables["bronze/titles"].reason == "not reached, because publication failed"
    house.lake.remove("raw/files/rejected")  # the note, by which the week after knows
    assert (landed(house), house.digests(WEEK_2), house.rows("bronze/titles", WEEK_2)) == before


def test_a_rejected_first_publication_leaves_the_lake_empty_and_unmarked(lakehouse: Makes) -> None:
    """A lake that a failed first try had claimed could not be used for the right source."""
    wrong = MemorySource({WEEK_1: publication(cast=b"")}, identity="memory:wrong")
    house = lakehouse(source=wrong, tables=[])
    assert not house.run(WEEK_1).success
    assert [Path(path).parent.name for path in landed(house)] == ["rejected"]
    right = MemorySource({WEEK_1: publication()}, identity="memory:right")
    assert lakehouse(source=right, tables=[]).run(WEEK_1).success


def test_a_lake_of_another_source_is_refused(lakehouse: Makes) -> None:
    """Two catalogues in one lake would flag each other's titles as new and gone."""
    assert lakehouse(source=MemorySource({WEEK_1: publication()}), tables=[]).run(WEEK_1).success
    house = lakehouse(source=MemorySource({WEEK_2: publication()}, identity="other"), tables=[])
    before = landed(house)
    result = house.run(WEEK_2)
    sentence = result.failures["publication"]
    assert not result.success
    assert "holds memory, not other" in sentence
    assert "CLOUDFLIX_LAKE" in sentence
    assert "--replace-source" in sentence
    assert landed(house) == before


def test_the_same_bytes_from_elsewhere_land_nothing_and_change_no_version(
    lakehouse: Makes, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """Where and when files were fetched is no content: it must not make a week stale."""
    tables = registered("raw/titles")
    put(tmp_path / "here" / "netflix", publication())
    house = lakehouse(source=Directory(tmp_path / "here" / "netflix"), tables=tables)
    assert house.run(WEEK_1).success
    versions = [data_version(instance, path, WEEK_1) for path in ("publication", "raw/titles")]
    bytes_before = {path: at for path, at in landed(house).items() if path.endswith(".csv")}
    manifest = house.lake.read(Manifest.path_of(WEEK_1))

    put(tmp_path / "there" / "netflix", publication())
    moved = lakehouse(source=Directory(tmp_path / "there" / "netflix", "netflix"), tables=tables)
    result = moved.run(WEEK_1)

    assert result.notices == [
        f"directory:netflix has moved from {tmp_path}/here/netflix to {tmp_path}/there/netflix"
    ]
    assert result.tables["raw/titles"].committed is False
    assert [data_version(instance, path, WEEK_1) for path in ("publication", "raw/titles")] == versions
    assert {path: at for path, at in landed(house).items() if path.endswith(".csv")} == bytes_before
    assert house.lake.read(Manifest.path_of(WEEK_1)) != manifest  # it does tell where and when


def test_two_weeks_of_equal_files_share_their_bytes(lakehouse: Makes) -> None:
    """Landed bytes are content-addressed: a quiet week costs no storage."""
    source = MemorySource({WEEK_1: publication(), WEEK_2: publication()})
    house = lakehouse(source=source, tables=[])
    assert all(house.run(week).success for week in (WEEK_1, WEEK_2))
    names = [Path(path).suffix for path in landed(house)]
    assert sorted(names) == [".csv"] * len(DATASETS) + [".json"] * 3  # the marker and a manifest per week


@dataclass
class More:
    """A source that delivers further files of casts."""

    inner: MemorySource
    casts: dict[str, bytes]
    identity: str = "more"

    def deliveries(self, week: date, *, pin: str | None = None) -> Sequence[Delivered]:
        further = [Delivered("cast", f, partial(BytesIO, content), {}) for f, content in self.casts.items()]
        return [*self.inner.deliveries(week), *further]


def test_a_week_may_have_several_files_of_a_dataset(lakehouse: Makes) -> None:
    """Of one name, a file must not be stored with another's bytes; equal bytes must not count twice."""
    first, second = lookup("cast", ("Ana", "1"), ("Bo", "2")), lookup("cast", ("Cid", "3"))
    source = More(
        MemorySource({WEEK_1: publication(cast=first)}),
        {"netflix_cast.csv": second, "copy_of_netflix_cast.csv": first},
    )
    house = lakehouse(source=source, tables=CAST)
    assert house.run(WEEK_1).failures == {}
    delivered = [row["file"] for row in house.rows("raw/cast", WEEK_1)]
    assert sorted(delivered) == ["copy_of_netflix_cast.csv", "netflix_cast.csv", "netflix_cast.csv"]
    found = {(row["cast"], row["record_number"]) for row in house.rows("bronze/cast", WEEK_1)}
    assert found == {("Ana", 1), ("Bo", 2), ("Cid", 1)}
    assert len(house.rows("silver/cast", WEEK_1)) == 3


@dataclass
class Recorder:
    """A source that remembers how it was asked and how often its files were opened."""

    inner: MemorySource
    identity: str = "recorder"
    pins: list[Pin | None] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        self.pins.append(pin)
        origin = {"commit": "c0ffee"}
        return [replace(d, open=partial(self._open, d), origin=origin) for d in self.inner.deliveries(week)]

    def _open(self, delivered: Delivered) -> BinaryIO:
        self.opened.append(delivered.file)
        return delivered.open()


def test_each_file_is_fetched_once_so_that_what_is_verified_is_what_is_stored(lakehouse: Makes) -> None:
    """A file that changes between two reads would be stored unverified."""
    source = Recorder(MemorySource({WEEK_1: publication()}))
    assert lakehouse(source=source, tables=[]).run(WEEK_1).success
    assert sorted(source.opened) == sorted(dataset.file for dataset in DATASETS)


def test_only_a_refresh_asks_the_source_again(lakehouse: Makes) -> None:
    """A run that dropped the tag would keep an outdated answer."""
    source = Recorder(MemorySource({WEEK_1: publication()}))
    house = lakehouse(source=source, tables=[])
    for tags in ({}, {}, {"cloudflix/refresh": "true"}):
        assert house.run(WEEK_1, tags=tags).success
    assert [pin and pin.commit for pin in source.pins] == [None, "c0ffee", None]


@pytest.mark.both_engines
def test_a_ragged_record_is_kept_as_text_and_quarantined(lakehouse: Makes) -> None:
    """The one defect of a record: dropping it loses data, shifting its fields invents some."""
    sound = lookup("cast", *((f"Actor {i}", str(i)) for i in range(1, 25)))
    ragged = sound + b"Too,many,3\r\n" + b'"After, it",4\r\n'
    house = lakehouse(source=MemorySource({WEEK_1: publication(cast=ragged)}), tables=CAST)
    result = house.run(WEEK_1)

    assert result.success
    assert [result.tables[path].rows for path in ("bronze/cast", "silver/cast")] == [26, 25]
    (kept,) = [row for row in house.rows("bronze/cast", WEEK_1) if row["malformed"] is not None]
    assert (kept["record_number"], kept["malformed"]) == (25, "Too,many,3")
    assert (kept["cast"], kept["show_id"]) == (None, None)
    (refused,) = house.rows("silver/cast_quarantine", WEEK_1)
    assert refused["broken"] == ["malformed record"]
    assert refused["record_number"] == 25
    assert "Too,many,3" in refused["record"]
    after = [row["cast"] for row in house.rows("silver/cast", WEEK_1) if row["record_number"] == 26]
    assert after == ["After, it"]


ALTERED: dict[str, tuple[str, str, str]] = {
    "a record more": ('"records": 20', '"records": 21', "was changed after it was written"),
    "another file": ("netflix_cast.csv", "netflix_cats.csv", "was changed after it was written"),
    "another week": (f'"week": "{WEEK_1}"', f'"week": "{WEEK_2}"', f"is that of the week {WEEK_2}"),
    "half of it": ('"source"', '"', "cannot be read"),
}


def without_checksum(written: bytes) -> dict[str, Any]:
    """A manifest as an earlier version wrote it."""
    told: dict[str, Any] = json.loads(written)
    del told["checksum"]
    return told


def test_a_manifest_without_a_checksum_is_not_believed(lakehouse: Makes) -> None:
    """What somebody had changed in it was copied into the next one, and was believed for ever."""
    house = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=CAST)
    assert house.run(WEEK_1).success
    path, digests = Manifest.path_of(WEEK_1), house.digests(WEEK_1)
    told = without_checksum(house.lake.read(path) or b"")
    told["files"][1]["records"] = 5
    house.lake.write(path, json.dumps(told).encode())
    (failure, *_) = house.run(WEEK_1, "raw/cast").failures.values()
    assert failure.endswith("2026-11-30: rerun its week with its publication, which writes it anew.")
    (notice,) = house.run(WEEK_1).notices
    assert notice.endswith("has no checksum, which all have since 2026-11-30: the week was landed anew")
    assert house.digests(WEEK_1) == digests


def test_a_manifest_that_names_other_bytes_than_its_hash_is_damaged(lakehouse: Makes) -> None:
    """The landed file of another week was overwritten."""
    source = MemorySource({WEEK_1: publication(), WEEK_2: publication(cast=lookup("cast", ("One", "1")))})
    house = lakehouse(source=source, tables=CAST)
    assert all(house.run(week).success for week in (WEEK_1, WEEK_2))
    before = landed(house)
    first, second = (without_checksum(house.lake.read(Manifest.path_of(w)) or b"") for w in (WEEK_1, WEEK_2))
    first["files"][1]["path"] = second["files"][1]["path"]
    house.lake.write(Manifest.path_of(WEEK_1), json.dumps(first).encode())
    (notice,) = house.run(WEEK_1).notices
    assert notice.endswith("cannot be read: the week was landed anew")
    after = landed(house)
    assert {path: after[path] for path in before if "/files/cast/" in path} == {
        path: written for path, written in before.items() if "/files/cast/" in path
    }
    assert house.committed(WEEK_2) == []


@pytest.mark.parametrize("how", ALTERED)
def test_a_manifest_that_is_not_as_it_was_written_is_refused_and_made_anew(
    lakehouse: Makes, how: str
) -> None:
    """It says which bytes a week consists of: one that was changed by hand was believed for ever."""
    house = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=CAST)
    assert house.run(WEEK_1).notices == []
    path, digests = Manifest.path_of(WEEK_1), house.digests(WEEK_1)
    written = house.lake.read(path) or b""
    old, new, why = ALTERED[how]
    house.lake.write(path, written.replace(old.encode(), new.encode(), 1))

    told = f"the manifest {house.lake.uri(path)} {why}"
    assert house.run(WEEK_1, "raw/cast").failures == {
        "raw_cast": f"{told}: rerun its week with its publication, which writes it anew."
    }
    assert house.run(WEEK_1).notices == [f"{told}: the week was landed anew"]
    assert house.run(WEEK_1).notices == []
    assert house.digests(WEEK_1) == digests


def test_the_manifest_tells_what_came_from_where(
    lakehouse: Makes, environment: Environment, tmp_path: Path
) -> None:
    """A landed file whose origin nobody can tell cannot be asked for again."""
    folder = put(tmp_path / "netflix", publication())
    house = lakehouse(source=Directory(folder), tables=[])
    assert house.run(WEEK_1).success
    manifest = Manifest.model_validate_json(house.lake.read(Manifest.path_of(WEEK_1)) or b"")
    assert manifest.source == "directory:netflix"
    assert [file.file for file in manifest.files] == [dataset.file for dataset in DATASETS]
    assert manifest.files[0].origin == {"path": str(folder / "netflix_titles.csv")}
    assert manifest.files[0].records == 20
    assert (environment.lake_root / "raw" / manifest.files[0].path).read_bytes() == publication()["titles"]
