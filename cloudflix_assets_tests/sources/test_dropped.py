"""Files that are dropped into the lake: routed by name, validated, landed once, or rejected with a reason."""

import errno
import os
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import dagster as dg
import pytest

from cloudflix_assets.automation.sensors import WEEKS_AT_ONCE
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.partitions import WEEK, open_week
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.dropped import files
from cloudflix_assets.sources.dropped.routing import Unroutable, is_unfinished, route_of
from cloudflix_assets.sources.dropped.source import DropFolder
from cloudflix_assets_tests.datasets import CAST, DATASET
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    lookup,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.ticks import Ticks
from spark.datasets import DATASETS


def dated(dataset: str, week: date) -> str:
    """The name of a file with its week in it."""
    return f"{DATASET[dataset].file.removesuffix('.csv')}_{week}.csv"


TABLES = registered("raw/cast", "bronze/cast")
UNCLOSED = b'cast,show_id\r\n"Somebody,1\r\n'
LONG_AGO = timedelta(hours=1)
LANDED = sorted(f"{WEEK_1}/{dataset}/{dated(dataset, WEEK_1)}" for dataset in publication())
"""What was taken in of the first week."""


@pytest.fixture
def house(lakehouse: Makes) -> Lakehouse:
    found = lakehouse(tables=TABLES)
    return lakehouse(source=DropFolder(found.lake, Agreement()), tables=TABLES)


def drop(lake: LocalLake, name: str, content: bytes, ago: timedelta = LONG_AGO) -> Path:
    """Put a file into the landing folder, written so long ago."""
    path = lake.root / "raw" / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    written = (datetime.now(UTC) - ago).timestamp()
    os.utime(path, (written, written))
    return path


def drop_week(lake: LocalLake, week: date, given: Mapping[str, bytes], ago: timedelta = LONG_AGO) -> None:
    """Drop a publication, the week in the names."""
    for dataset, content in given.items():
        drop(lake, dated(dataset, week), content, ago)


def listing(lake: Lake, folder: str) -> list[str]:
    """Files below a folder of raw, without what begins the names of those that were moved."""
    paths = [PurePosixPath(stored.path) for stored in lake.files_below(f"raw/{folder}")]
    whole = [path.with_name(re.sub(r"^\w+Z-(.*__)?", "", path.name)) for path in paths]
    return sorted(str(path.relative_to(f"raw/{folder}")) for path in whole)


@pytest.mark.parametrize(
    ("name", "dataset", "week"),
    [
        ("netflix_titles_2026-11-09.csv", "titles", "2026-11-09"),
        ("netflix_titles_2026-11-15.csv", "titles", "2026-11-09"),
        ("netflix_cast-20261111.CSV", "cast", "2026-11-09"),
        ("NETFLIX_Category.2026-11-09.csv", "category", "2026-11-09"),
        ("2026-11-09/netflix_countries.csv", "countries", "2026-11-09"),
        ("from bob/week of 2026-11-10/netflix_directors.csv", "directors", "2026-11-09"),
        ("2026-11-02/netflix_cast_2026-11-09.csv", "cast", "2026-11-09"),
        ("netflix_cast_2026-13-40_2026-11-09.csv", "cast", "2026-11-09"),
    ],
)
def test_a_name_tells_dataset_and_week(name: str, dataset: str, week: str) -> None:
    """Any day of the week, in the file's name or its folder's; the file's own wins."""
    route = route_of(name)
    assert (route.dataset.name, str(route.week)) == (dataset, week)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("netflix_titles_2026-11-09.xlsx", "netflix_titles_2026-11-09.xlsx is no .csv by its name"),
        (
            "netflix_prices_2026-11-09.csv",
            "begins with the name of no dataset (netflix_titles, netflix_cast, ",
        ),
        ("netflix_titlesque_2026-11-09.csv", "begins with the name of no dataset"),
        ("netflix_titles.csv", "netflix_titles.csv tells no week, neither by its name nor by its folder's"),
        ("netflix_titles_2026-02-30.csv", "tells no week"),
        ("netflix_titles_120261109.csv", "tells no week"),
        ("netflix_titles_2026-11-09_part1.csv", "is a part and does not tell which of how many"),
        ("netflix_titles_2026-11-09_part3of2.csv", "is a part and does not tell which of how many"),
        ("netflix_titles_2026-11-09_3of2.csv", "is a part and does not tell which of how many"),
        ("netflix_titles_2026-11-09_part1of99999999999.csv", "is a part and does not tell which of how many"),
    ],
)
def test_a_name_that_tells_too_little_is_refused(name: str, sentence: str) -> None:
    """A guess would replace a week that nobody meant."""
    with pytest.raises(Unroutable) as refused:
        route_of(name)
    assert sentence in str(refused.value)
    assert "call it like netflix_titles_2026-11-09" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("netflix_cast_2026-11-16_part1of2.csv", (1, 2)),
        ("netflix_cast_2026-11-16_1of2.csv", (1, 2)),
        ("netflix_cast_2026-11-16-2_of_2.csv", (2, 2)),
        ("netflix_cast_20261116 (2 of 3).csv", (2, 3)),
        ("netflix_cast_2026-11-16_of_20.csv", None),
        ("netflix_cast_of_2026-11-16.csv", None),
        ("2026-11-16_part1/netflix_cast.csv", None),
    ],
)
def test_a_name_tells_a_part(name: str, part: tuple[int, int] | None) -> None:
    """Without the word, halves replaced each other."""
    assert route_of(name).part == part


def test_what_was_dropped_is_what_a_source_would_have_delivered(
    house: Lakehouse, lakehouse: Makes, tmp_path: Path
) -> None:
    """Same bytes, same digests; the folder is empty afterwards."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    assert listing(house.lake, "landing") == []
    assert listing(house.lake, "landed") == LANDED
    environment = house.environment.model_copy(update={"home": tmp_path / "other"})
    other = Lakehouse(
        environment,
        dg.DagsterInstance.ephemeral(),
        source=MemorySource({WEEK_1: publication()}),
        tables=TABLES,
    )
    assert other.run(WEEK_1).success
    assert house.digests(WEEK_1) == other.digests(WEEK_1)


def drop_now(house: Lakehouse, **given: bytes) -> None:
    """Drop files into a lake of any kind, with the week in their names."""
    for dataset, content in given.items():
        house.stored.write(f"raw/landing/from bob/{dated(dataset, WEEK_1)}", content)


def test_a_week_waits_until_all_are_there_and_sound(
    each_environment: Environment, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torn publication would make orphans; and what came first is no stranger in an unclaimed lake."""
    monkeypatch.setattr(files, "SETTLED_AFTER", timedelta())
    source = DropFolder(lake_of(each_environment), Agreement.of(each_environment))
    house = Lakehouse(each_environment, instance, source=source, tables=TABLES)
    others = publication()
    cast = others.pop("cast")
    drop_now(house, **others)
    waiting = house.run(WEEK_1)
    assert waiting.success
    (sentence,) = waiting.notices
    assert sentence.startswith(f"the week {WEEK_1} waits for netflix_cast.csv: drop them into ")
    assert Manifest.of(house.stored, WEEK_1) is None
    assert (listing(house.stored, "landing"), len(listing(house.stored, "landed"))) == ([], len(others))

    drop_now(house, cast=UNCLOSED)
    (told,) = house.run(WEEK_1).failures.values()
    refused = f"netflix_cast_{WEEK_1}.csv"
    assert f"It was moved to {house.stored.uri('raw/refused')}/" in told
    assert listing(house.stored, "refused") == [refused, f"{refused}.reason.txt"]

    drop_now(house, cast=cast)
    result = house.run(WEEK_1)
    assert (result.failures, result.tables["bronze/cast"].rows) == ({}, 20)
    assert (listing(house.stored, "landing"), listing(house.stored, "landed")) == ([], LANDED)


def test_a_file_that_may_still_be_growing_waits(house: Lakehouse) -> None:
    """Half a file may look whole."""
    others = publication()
    cast = others.pop("cast")
    drop_week(house.lake, WEEK_1, others)
    growing = drop(house.lake, f"netflix_cast_{WEEK_1}.csv", cast[:100], ago=timedelta())
    (sentence,) = house.run(WEEK_1).notices
    assert f"(netflix_cast_{WEEK_1}.csv: may still be growing, and waits for half a minute)" in sentence
    assert growing.read_bytes() == cast[:100]

    drop_week(house.lake, WEEK_1, {"cast": cast})
    assert house.run(WEEK_1).tables["bronze/cast"].rows == 20


@pytest.mark.parametrize("name", [".netflix_cast_{}.csv", "_netflix_cast_{}.csv", "netflix_cast_{}.csv.part"])
def test_a_name_of_something_unfinished_is_left_alone(house: Lakehouse, name: str) -> None:
    """However long ago it was written to."""
    path = drop(house.lake, name.format(WEEK_1), UNCLOSED)
    assert house.run(WEEK_1).success
    assert path.exists()


def test_an_unsound_file_is_rejected_with_its_reason(house: Lakehouse) -> None:
    """Loud once; the other files wait for a better one, and what was published stays."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    digests = house.digests(WEEK_1)
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", UNCLOSED)

    (sentence,) = house.run(WEEK_1).failures.values()
    assert sentence.startswith(
        f"netflix_cast_{WEEK_1}.csv: record 1 opens a quote that is never closed: have the publisher deliver "
        "it again, then rerun the week; nothing was landed. It was moved to "
    )
    assert listing(house.lake, "landing") == []
    refused = f"netflix_cast_{WEEK_1}.csv"
    assert listing(house.lake, "refused") == [refused, f"{refused}.reason.txt"]
    (reason,) = (house.lake.root / "raw" / "refused").glob("*.reason.txt")
    assert reason.read_text() == f"{sentence}\n"

    assert house.committed(WEEK_1) == []
    assert house.digests(WEEK_1) == digests


def test_a_file_dropped_again_is_landed_once(house: Lakehouse) -> None:
    """By its content; a retry of an upload must not make a new version."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    drop_week(house.lake, WEEK_1, publication(), ago=timedelta(minutes=5))
    assert house.committed(WEEK_1) == []
    assert len(list((house.lake.root / "raw" / "files" / "cast").iterdir())) == 1


def test_what_arrives_last_counts_whatever_its_time(house: Lakehouse) -> None:
    """A correction that was copied with its time looked older than what it corrects, and was ignored."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", lookup("cast", ("Right", "1")), ago=timedelta(days=400))
    assert house.run(WEEK_1).success
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["Right"]


def test_a_clock_that_was_ahead_does_not_keep_a_correction_out(house: Lakehouse) -> None:
    """The arrival of the file before lies in the future then, or was named by a writer's clock."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    (landed,) = (house.lake.root / "raw" / "landed" / str(WEEK_1) / "cast").iterdir()
    landed.rename(landed.with_name(f"29991231T000000000000Z-{landed.name.partition('-')[2]}"))
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", lookup("cast", ("Right", "1")))
    assert house.run(WEEK_1).success
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["Right"]


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("Books_2026-11-11.csv", "books"),
        ("books loans 2026-11-11.csv", "loans"),
        ("books+_20261111.csv", "more"),
    ],
)
def test_a_name_of_which_another_is_the_beginning_tells_its_dataset(name: str, dataset: str) -> None:
    """Loans were taken for books, whose name theirs begins with, and no file came to `Books+.csv`."""
    files = {"books": "books.csv", "loans": "books loans.csv", "more": "Books+.csv"}
    declared = [replace(CAST, name=of, file=file) for of, file in files.items()]
    assert route_of(name, declared).dataset.name == dataset


@pytest.mark.parametrize(
    "names",
    [
        ("netflix_cast_{}.csv", "a/netflix_cast_{}.csv"),
        ("netflix_cast_{}_v1.csv", "netflix_cast_{}_v2.csv"),
        ("netflix_cast_{}.csv", "netflix_cast_{}_part1of1.csv"),
        ("netflix_cast_{}_part1of2.csv", "netflix_cast_{}_part2of3.csv"),
        ("a/netflix_cast_{}_part1of2.csv", "netflix_cast_{}_part1of2.csv"),
    ],
)
def test_several_files_of_which_nothing_tells_which_counts_are_refused(
    house: Lakehouse, names: tuple[str, ...]
) -> None:
    """The one written last won in silence, and the rows of the others were lost."""
    drop_week(house.lake, WEEK_1, {name: file for name, file in publication().items() if name != "cast"})
    both = [name.format(WEEK_1) for name in names]
    for name in both:
        drop(house.lake, name, lookup("cast", (name, "1")))
    (sentence,) = house.run(WEEK_1).failures.values()
    told = re.match(r"netflix_cast.csv has 2 files in .* which one counts \(([^)]*)\): leave one", sentence)
    assert told
    assert set(told[1].split(" and ")) == set(both)
    assert len(listing(house.lake, "landing")) == len(DATASETS) + 1

    (house.lake.root / "raw" / "landing" / both[0]).unlink()
    if "part" not in both[1]:
        assert house.run(WEEK_1).success
        assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == [both[1]]


def test_the_parts_of_a_delivery_count_together_and_are_never_mixed(house: Lakehouse) -> None:
    """Half of a new delivery with half of the old one is a table that nobody published."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success

    def deliver(part: int, of: int, name: str) -> tuple[list[str], list[str]]:
        """Drop a part, and return the notices of the run and the names in bronze then."""
        drop(house.lake, f"netflix_cast_{WEEK_1}_part{part}of{of}.csv", lookup("cast", (name, str(part))))
        told = house.run(WEEK_1)
        assert told.failures == {}
        return list(told.notices), sorted(row["cast"] for row in house.rows("bronze/cast", WEEK_1))

    (waits,), rows = deliver(2, 2, "B")
    assert f"the week {WEEK_1} waits for netflix_cast.csv (part 1 of 2): drop" in waits
    assert len(rows) == 20
    assert deliver(1, 2, "A") == ([], ["A", "B"])
    (waits,), rows = deliver(1, 2, "A corrected")
    assert "(part 2 of 2)" in waits
    assert rows == ["A", "B"]
    assert deliver(2, 2, "B again") == ([], ["A corrected", "B again"])
    assert deliver(1, 1, "All") == ([], ["All"])


@pytest.mark.parametrize(
    "cast",
    [
        "{}_part1/netflix_cast.csv",
        f"{{}}/netflix_cast{'_' * 70}apart1{'_' * 66}.csv",
    ],
)
def test_the_part_is_read_from_the_name_of_the_file_alone(house: Lakehouse, cast: str) -> None:
    """The folder's name was read as well once the file had landed, and no run of the week went on."""
    drop_week(house.lake, WEEK_1, {name: file for name, file in publication().items() if name != "cast"})
    drop(house.lake, cast.format(WEEK_1), lookup("cast", ("A", "1")))
    assert house.run(WEEK_1).success
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["A"]


def test_parts_that_their_folders_tell_count_together(house: Lakehouse) -> None:
    """The second folder replaced the first in silence."""
    drop_week(house.lake, WEEK_1, {name: file for name, file in publication().items() if name != "cast"})
    for part, name in ((1, "A"), (2, "B")):
        drop(house.lake, f"{WEEK_1}_part{part}of2/netflix_cast.csv", lookup("cast", (name, str(part))))
        told = house.run(WEEK_1)
        assert told.failures == {}
    assert sorted(row["cast"] for row in house.rows("bronze/cast", WEEK_1)) == ["A", "B"]


def test_parts_that_are_written_in_two_ways_are_told(house: Lakehouse) -> None:
    """The setting for one part was proposed, and then that for the other, for ever."""
    drop_week(house.lake, WEEK_1, {name: file for name, file in publication().items() if name != "cast"})
    commas, semicolons = lookup("cast", ("A", "1")), lookup("cast", ("B", "2")).replace(b",", b";")
    drop(house.lake, f"netflix_cast_{WEEK_1}_part1of2.csv", commas)
    drop(house.lake, f"netflix_cast_{WEEK_1}_part2of2.csv", semicolons)
    (sentence,) = house.run(WEEK_1).failures.values()
    assert sentence.startswith(f"netflix_cast_{WEEK_1}_part2of2.csv: its fields are parted by semicolons")
    assert (
        "nothing was landed. All parts of netflix_cast.csv must be written alike. It was moved to" in sentence
    )
    for part in (1, 2):
        drop(house.lake, f"netflix_cast_{WEEK_1}_part{part}of2.csv", lookup("cast", (f"C{part}", str(part))))
    assert house.run(WEEK_1).success
    assert sorted(row["cast"] for row in house.rows("bronze/cast", WEEK_1)) == ["C1", "C2"]


def test_a_day_folder_that_replaces_another_is_told(house: Lakehouse) -> None:
    """Seven deliveries of a week's days came to the last one."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    day = WEEK_1 + timedelta(days=2)
    drop(house.lake, f"{day}/netflix_cast.csv", lookup("cast", ("b", "1")))
    (sentence,) = house.run(WEEK_1).notices
    assert sentence.startswith(f"{day}/netflix_cast.csv replaces netflix_cast")


@pytest.mark.parametrize("wrong", [UNCLOSED, None], ids=["unsound", "no whole part"])
def test_a_correction_counts_whole_or_not_at_all(house: Lakehouse, wrong: bytes | None) -> None:
    """Of five files one was rejected, and the next run published the other four with the old fifth."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    digests = house.digests(WEEK_1)
    sound = publication(titles=titles({"title": "Changed"}))
    del sound["cast"]
    drop_week(house.lake, WEEK_1, sound)
    name = f"netflix_cast_{WEEK_1}.csv" if wrong else f"netflix_cast_{WEEK_1}_part2.csv"
    drop(house.lake, name, wrong or publication()["cast"])
    assert not house.run(WEEK_1).success
    for _ in range(2):
        again = house.run(WEEK_1)
        (held,) = again.notices
        assert held.startswith(f"the week {WEEK_1} waits for netflix_cast.csv, which was rejected (")
        assert len(listing(house.lake, "landing")) == len(sound)
        assert house.digests(WEEK_1) == digests
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", lookup("cast", ("Right", "1")))
    mended = house.run(WEEK_1)
    assert (mended.failures, mended.notices, listing(house.lake, "landing")) == ({}, [], [])
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["Right"]
    manifest = Manifest.of(house.lake, WEEK_1)
    assert manifest
    assert sha256(sound["titles"]).hexdigest() in {file.sha256 for file in manifest.files}


def test_a_week_whose_landed_name_tells_no_whole_part_takes_a_correction(house: Lakehouse) -> None:
    """Earlier versions kept the name of the folder."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    (landed,) = (house.lake.root / "raw" / "landed" / str(WEEK_1) / "cast").iterdir()
    landed.rename(landed.with_name(landed.name.replace("-netflix", "-of_part1__netflix")))
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", lookup("cast", ("Right", "1")))
    assert house.run(WEEK_1).success
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["Right"]


def test_a_delivery_of_which_a_half_may_still_be_growing_waits(house: Lakehouse) -> None:
    """The half that had settled was published alone, and the other replaced it."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    for half, ago in (("a", LONG_AGO), ("b", timedelta())):
        drop(house.lake, f"netflix_cast_{WEEK_1}_{half}.csv", lookup("cast", (half, "1")), ago)
    drop(house.lake, f"netflix_titles_{WEEK_1}.csv", publication()["titles"])
    waiting = house.run(WEEK_1)
    assert waiting.success
    (sentence,) = waiting.notices
    assert sentence == (
        f"the week {WEEK_1} waits for netflix_cast.csv (netflix_cast_{WEEK_1}_b.csv: may still be growing, "
        "and waits for half a minute): rerun the week then; nothing was landed."
    )
    assert len(listing(house.lake, "landing")) == 3
    assert len(house.rows("bronze/cast", WEEK_1)) == 20

    drop(house.lake, f"netflix_cast_{WEEK_1}_b.csv", lookup("cast", ("b", "1")))
    (refused,) = house.run(WEEK_1).failures.values()
    assert "netflix_cast.csv has 2 files in " in refused


def test_a_correction_that_was_left_waiting_is_told(house: Lakehouse) -> None:
    """The week had all its files, and its run said nothing."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    drop(house.lake, f"netflix_cast_{WEEK_1}.csv", lookup("cast", ("a", "1")), timedelta())
    again = house.run(WEEK_1)
    assert again.success
    (sentence,) = again.notices
    assert sentence == (
        f"netflix_cast_{WEEK_1}.csv: may still be growing, and waits for half a minute: "
        f"rerun the week {WEEK_1} then."
    )


def test_a_file_that_replaces_one_of_another_name_is_told(house: Lakehouse) -> None:
    """It may be the second half of a delivery whose halves do not say so."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    drop(house.lake, f"netflix_cast_{WEEK_1}_b.csv", lookup("cast", ("b", "1")))
    again = house.run(WEEK_1)
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["b"]
    (sentence,) = again.notices
    assert sentence == (
        f"netflix_cast_{WEEK_1}_b.csv replaces netflix_cast_{WEEK_1}.csv in the week {WEEK_1}: if it is the "
        "other half, drop both again as parts (_part1of2, _part2of2)."
    )


def test_what_was_rejected_beside_a_week_that_waits_is_told(house: Lakehouse) -> None:
    """It was moved away without a word."""
    drop(house.lake, "notes.txt", b"x")
    (sentence,) = house.run(WEEK_1).notices
    assert "notes.txt is no .csv by its name" in sentence
    assert f"the week {WEEK_1} waits for netflix_titles.csv, " in sentence


def test_a_file_from_a_clock_that_is_ahead_is_taken_in(
    house: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was taken for growing until this clock had caught up."""
    monkeypatch.setattr(files, "SETTLED_AFTER", timedelta())
    drop_week(house.lake, WEEK_1, publication(), ago=timedelta(hours=-9))
    assert house.run(WEEK_1).success
    assert listing(house.lake, "landed") == LANDED


def test_a_file_that_cannot_be_read_is_told(house: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, every file can be; so the lake says what the system would."""
    drop_week(house.lake, WEEK_1, publication())
    opened = LocalLake.open_landed

    def refusing(self: LocalLake, path: str) -> BinaryIO:
        if path.startswith("raw/landing/"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return opened(self, path)

    monkeypatch.setattr(LocalLake, "open_landed", refusing)
    (sentence,) = house.run(WEEK_1).failures.values()
    assert (
        "cannot be read (Permission denied): make it readable for this user, then rerun the week" in sentence
    )
    assert len(listing(house.lake, "landing")) == len(DATASETS)


HOSTILE = {
    "no UTF-8": b"netflix_cast_%b_\xff\xfe.csv",
    "control characters": b"netflix_cast_%b_\x1b[31m\n\r\t.csv",
    "a name of 255 bytes": b"netflix_cast_%b".ljust(242, b"x") + b".csv",
    "255 bytes of three each": b"netflix_cast_%b" + "\N{EURO SIGN}".encode() * 75 + b".csv",
    "a name that is code": b"netflix_cast_%b :smile: [red] $(reboot) %%s {0}.csv",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_file_with_a_hostile_name_lands(house: Lakehouse, name: bytes) -> None:
    """What a name tells is its dataset and week; the rest of it is the dropper's business."""
    drop_week(house.lake, WEEK_1, {k: v for k, v in publication().items() if k != "cast"})
    drop(house.lake, os.fsdecode(name % str(WEEK_1).encode()), publication()["cast"])
    assert house.run(WEEK_1).success
    assert listing(house.lake, "landing") == []
    (landed,) = house.lake.names(f"raw/landed/{WEEK_1}/cast")
    assert landed.isprintable()
    assert len(landed.encode()) <= 190


def test_the_part_that_a_long_name_tells_is_kept(house: Lakehouse) -> None:
    """A name is shortened in its middle, and there the number of the part stood."""
    cast = lookup("cast", ("Ann", "1")), lookup("cast", ("Bob", "2"))
    drop_week(house.lake, WEEK_1, {k: v for k, v in publication().items() if k != "cast"})
    for part, content in enumerate(cast, 1):
        name = f"netflix_cast_{WEEK_1}{'_' * 70}part{part}of2{'_' * 80}.csv"
        drop(house.lake, name, content)
    assert house.run(WEEK_1).success
    assert len(house.rows("raw/cast", WEEK_1)) == 2


def test_a_file_of_no_week_is_rejected_and_stops_no_week(house: Lakehouse) -> None:
    """A run tells what it moved away beside its week."""
    drop_week(house.lake, WEEK_1, publication())
    drop(house.lake, "notes.txt", b"x")
    run = house.run(WEEK_1)
    assert run.success
    assert [notice for notice in run.notices if "notes.txt is no .csv by its name" in notice]


def test_a_part_that_does_not_tell_of_how_many_fails_its_week(house: Lakehouse) -> None:
    """The week would be published without it; each sentence names the part that its file is."""
    drop_week(house.lake, WEEK_1, publication())
    assert house.run(WEEK_1).success
    for part in (1, 2):
        drop(house.lake, f"netflix_cast_{WEEK_1}_part{part}.csv", publication()["cast"])
    assert house.run(WEEK_2).notices
    assert len(listing(house.lake, "landing")) == 2
    (sentence,) = house.run(WEEK_1).failures.values()
    assert "_part1of2.csv, and drop it again" in sentence
    assert "_part2of2.csv, and drop it again" in sentence


def test_weeks_keep_apart(house: Lakehouse) -> None:
    """A run takes in its own week alone: another's defect is not its own."""
    drop_week(house.lake, WEEK_1, publication())
    drop_week(house.lake, WEEK_2, publication(cast=UNCLOSED))
    assert house.run(WEEK_1).success
    assert len(listing(house.lake, "landing")) == len(DATASETS)
    assert not house.run(WEEK_2).success


def test_a_lake_of_another_source_takes_nothing_in(house: Lakehouse, lakehouse: Makes) -> None:
    """The files stay where they are."""
    other = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=TABLES)
    assert other.run(WEEK_1).success
    drop_week(house.lake, WEEK_1, publication())
    assert not house.run(WEEK_1).success
    assert len(listing(house.lake, "landing")) == len(DATASETS)


@pytest.fixture
def ticks(house: Lakehouse) -> Ticks:
    return Ticks(house, "landing_sensor")


def test_the_sensor_asks_once_for_the_week_of_what_was_dropped(house: Lakehouse, ticks: Ticks) -> None:
    """As soon as it has settled, and again for what is dropped later."""
    assert ticks.said() == "Nothing was dropped."
    drop_week(house.lake, WEEK_1, publication(), ago=timedelta())
    assert ticks.said().count("may still be growing.") == len(DATASETS)
    drop_week(house.lake, WEEK_1, publication())
    (first,), _ = ticks.tick()
    assert first.partition_key == str(WEEK_1)
    assert "launch `weekly_refresh`" in ticks.said()

    assert house.run(WEEK_1).success
    assert ticks.said() == "Nothing was dropped."
    drop_week(house.lake, WEEK_1, publication())
    (second,), _ = ticks.tick()
    assert second.run_key != first.run_key


@pytest.mark.parametrize("cursor", [None, "", "not JSON", '{"keys": 7}'])
def test_a_crash_before_the_cursor_is_written_asks_for_the_same_run(
    house: Lakehouse, ticks: Ticks, cursor: str | None
) -> None:
    """Dagster starts a key once."""
    drop_week(house.lake, WEEK_1, publication())
    ticks.cursor = cursor
    (crashed,), _ = ticks.tick(crash=True)
    (again,), _ = ticks.tick()
    assert crashed.run_key == again.run_key


def test_a_tick_asks_for_few_weeks_and_the_oldest_first(house: Lakehouse, ticks: Ticks) -> None:
    """A hundred at once would bury the queue; those whose runs fail must not hide the others."""
    weeks = sorted(WEEK_1 - WEEK * back for back in range(WEEKS_AT_ONCE + 2))
    for week in weeks:
        drop_week(house.lake, week, {"cast": b"x"})
    asked = [[request.partition_key for request in ticks.tick()[0]] for _ in range(3)]
    names = [str(week) for week in weeks]
    assert asked == [names[:WEEKS_AT_ONCE], names[WEEKS_AT_ONCE:], []]


def test_the_sensor_moves_away_what_no_run_could_take_in(house: Lakehouse, ticks: Ticks) -> None:
    """A name without a week, and a week that is none, would otherwise lie there for ever."""
    late = open_week(datetime.now(UTC)) + WEEK
    drop(house.lake, "netflix_cast.csv", b"x")
    drop(house.lake, f"netflix_titles_{late}.csv", b"x")
    said = ticks.said()
    assert "netflix_cast.csv tells no week" in said
    assert f"the week {late} has not begun" in said
    assert listing(house.lake, "landing") == []
    assert len(listing(house.lake, "refused")) == 4


def test_random_names_stop_nothing(house: Lakehouse, ticks: Ticks) -> None:
    """Each file is rejected for itself: neither the sensor nor another week's run fails on it."""
    draw = random.Random(17)
    names = {
        bytes(draw.choices(range(1, 256), k=draw.randint(1, 255))).replace(b"/", b"_") for _ in range(1000)
    }
    unfinished = {name for name in names if is_unfinished(os.fsdecode(name))}
    for name in names - unfinished - {b".", b".."}:
        drop(house.lake, os.fsdecode(name), b"x")
    landing = house.lake.root / "raw/landing"
    (landing / "netflix_cast_2026-11-09.csv").symlink_to("nothing")
    for link, target in (("itself", "netflix_cast_2026-11-09_itself.csv"), ("below", "/etc/passwd/x")):
        (landing / f"netflix_cast_2026-11-09_{link}.csv").symlink_to(target)
    (landing / "notes.txt").symlink_to("long" * 100)
    os.mkfifo(landing / "netflix_titles_2026-11-09.csv", 0o600)
    os.utime(landing / "netflix_titles_2026-11-09.csv", (0, 0))
    for link in ("netflix_cast_2026-11-09.csv", *(p.name for p in landing.glob("*_[ib]*.csv")), "notes.txt"):
        os.utime(landing / link, (0, 0), follow_symlinks=False)
    said = ticks.said()
    assert "netflix_cast_2026-11-09.csv is no file but a link to nothing, a pipe or a device" in said
    assert said.isprintable()
    assert listing(house.lake, "landing") == []
    drop_week(house.lake, WEEK_1, publication())
    drop(house.lake, os.fsdecode(b"\xff.csv"), b"x")
    assert house.run(WEEK_1).success


def test_another_source_is_told_so(lakehouse: Makes) -> None:
    """And nothing is touched."""
    house = lakehouse(tables=TABLES)
    path = drop(house.lake, "netflix_cast.csv", b"x")
    assert Ticks(house, "landing_sensor").said() == (
        "the source is sample: set CLOUDFLIX_SOURCE=landing to use it."
    )
    assert path.exists()
