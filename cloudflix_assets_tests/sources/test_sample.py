"""The sample's files: the same bytes every time, encoded and broken like the real ones, alive every week."""

import csv
import io
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from cloudflix_assets.partitions import WEEK
from cloudflix_assets.sources.sample import titles
from cloudflix_assets.sources.sample.edition import MOST_TITLES, STAY, Edition, ids
from cloudflix_assets.sources.sample.lookups import LOOKUPS as LOOKUPS_OF_SAMPLE
from cloudflix_assets.sources.sample.lookups import LookupFile
from cloudflix_assets.sources.sample.publication import Publication
from cloudflix_assets_tests.datasets import DATASET
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from spark.datasets import DATASETS
from spark.delivery.inspection import inspect_file

Record = Sequence[str]
# Records per title of the real catalogue.
REAL = {"titles": 1.0, "cast": 7.11, "category": 2.19, "countries": 1.15, "directors": 0.78}
NAMES = list(REAL)
LOOKUPS = NAMES[1:]
EDITION = Edition(seed=0, titles=1_000, week=WEEK_1)
# Every edition of every lake's history hangs on these bytes. Where they change on purpose (other words,
# another defect), put the new digest here and say in CHANGELOG.md that samples differ from now on.
DIGEST = "3055cacd3f65a23c7afd836c441c92dce12769dda8ef3e9d3de51600160cb6b0"


@cache
def content(edition: Edition, name: str, chunk: int = 200_000) -> bytes:
    """A file of a publication."""
    return b"".join(Publication(edition).file(DATASET[name]).content(chunk))


@cache
def records(edition: Edition, name: str) -> list[list[str]]:
    """Its records, as Python's own reader sees them."""
    text = content(edition, name).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]


def digest(edition: Edition) -> str:
    return sha256(b"".join(content(edition, name) for name in REAL)).hexdigest()


def test_the_sample_is_pinned() -> None:
    """A change that nobody meant would make every week of every sample new."""
    assert digest(EDITION) == DIGEST


def test_the_sample_is_the_same_in_every_process() -> None:
    """The order of a set, or `hash`, would differ from run to run."""
    code = (
        "import sys; from datetime import date; from cloudflix_assets.sources.sample import Sample\n"
        "for d in Sample().deliveries(date(2026, 11, 2)): sys.stdout.buffer.write(d.open().read())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    there = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert there.stdout == b"".join(content(EDITION, dataset.name) for dataset in DATASETS)


@pytest.mark.parametrize("name", NAMES)
def test_how_much_is_made_at_a_time_changes_nothing(name: str) -> None:
    """A draw that depends on its neighbours would make size and memory part of the content."""
    assert content(EDITION, name, 97) == content(EDITION, name)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_is_another_catalogue(name: str) -> None:
    """A seed that some draw forgets would make two benchmarks one."""
    ours, theirs = (set(map(tuple, records(replace(EDITION, seed=seed), name))) for seed in (0, 1))
    assert len(ours & theirs) < 0.1 * len(ours)


@pytest.mark.parametrize("week", [date(1969, 12, 29), date(2026, 1, 5), WEEK_1, date(2030, 12, 30)], ids=str)
@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_file_is_sound(dataset: object, week: date) -> None:
    """The first thing a newcomer runs must not be refused, in any week."""
    (found,) = (d for d in DATASETS if d is dataset)
    edition = replace(EDITION, week=week)
    told = inspect_file(io.BytesIO(content(edition, found.name)), found, found.file)
    assert told.header == found.columns
    assert told.records == len(records(edition, found.name)) > 700


@pytest.mark.parametrize("name", NAMES)
def test_files_are_encoded_as_the_publisher_does(name: str) -> None:
    """Without BOM, CRLF and doubled quotes the parser's hard cases are never met."""
    raw = content(EDITION, name)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\r\n")
    quoted = {field for record in records(EDITION, name) for field in record if re.search('[",\n]', field)}
    for field in quoted:
        assert '"{}"'.format(field.replace('"', '""')).encode() in raw
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(records(EDITION, name))
    assert raw.decode("utf-8-sig").partition("\r\n")[2] == text.getvalue()


def in_column(pattern: str, column: int) -> Callable[[list[list[str]]], int]:
    """Counts the records whose field matches."""
    return lambda found: sum(
        bool(re.search(pattern, record[column])) for record in found if len(record) > column
    )


def fields(length: int) -> Callable[[list[list[str]]], int]:
    """Counts the records of this many fields."""
    return lambda found: sum(len(record) == length for record in found)


def twice(found: list[list[str]]) -> int:
    """Counts the records that stand there before."""
    return len(found) - len(set(map(tuple, found)))


def twice_but_for_blanks(found: list[list[str]]) -> int:
    tidy = [[" ".join(field.split()) for field in record] for record in found]
    return twice(tidy) - twice(found)


def keys_twice(found: list[list[str]]) -> int:
    """Counts the ids that several titles have."""
    ids = Counter(record[8].strip() for record in found if len(record) == 9 and record[8])
    return sum(times > 1 for times in ids.values())


def split_at(column: int) -> Callable[[list[list[str]]], int]:
    """Counts the first halves of records that break in a column."""

    def count(found: list[list[str]]) -> int:
        heads = [i for i, record in enumerate(found) if len(record) == 9 and _filled(record) == column + 1]
        return sum(_filled(found[i + 1]) == 9 - column and found[i + 1][0].endswith('"') for i in heads)

    return count


def _filled(record: Record) -> int:
    return max((i for i, field in enumerate(record, 1) if field), default=0)


MINUTES, SEASONS, TYPE, TITLE, DATE, YEAR, RATING, DESCRIPTION, ID = range(9)
# How often each stands in the file. Halves of split records have empty fields too.
TITLE_DEFECTS: dict[str, tuple[Callable[[list[list[str]]], int], int]] = {
    "split in its title": (split_at(TITLE), 1),
    "split in its description": (split_at(DESCRIPTION), 1),
    "equal row": (twice, 1),
    "equal row but for white space": (twice_but_for_blanks, 1),
    "equal key": (keys_twice, 3),
    "minutes in words": (in_column("^ninety$", MINUTES), 1),
    "minutes with a fraction": (in_column(r"^1\.5$", MINUTES), 1),
    "minutes beyond 32 bits": (in_column("^[0-9]{11}$", MINUTES), 1),
    "too many minutes": (in_column("^5000$", MINUTES), 1),
    "no minutes at all": (in_column("^0$", MINUTES), 1),
    "too many seasons": (in_column("^101$", SEASONS), 1),
    "a date that is none": (in_column("^2/30/", DATE), 1),
    "date in words": (in_column("^September", DATE), 1),
    "no date": (in_column("^$", DATE), 3),
    "year is no number": (in_column("^M", YEAR), 1),
    "year before the first film": (in_column("^1066$", YEAR), 1),
    "unknown type": (in_column("^Radio Play$", TYPE), 1),
    "no type": (in_column("^$", TYPE), 2),
    "no title": (in_column("^$", TITLE), 2),
    "no id": (in_column("^$", ID), 5),
    "id is no number": (in_column("^tt", ID), 1),
    "too few fields": (fields(5), 1),
    "too many fields": (fields(10), 1),
    "unknown rating": (in_column("^TV-13$", RATING), 1),
    "no rating": (in_column("^$", RATING), 4),
    "no description": (in_column("^$", DESCRIPTION), 4),
    "no-break space": (in_column("\N{NO-BREAK SPACE}", TITLE), 1),
    "zero-width space": (in_column("\N{ZERO WIDTH SPACE}", TITLE), 1),
    "doubled blanks": (in_column(r"\S  \S", TITLE), 1),
    "line break in the title": (in_column("\n", TITLE), 1),
    "line break in the description": (in_column("\n", DESCRIPTION), 1),
    "blanks around numbers": (in_column("^ [0-9]{4} $", YEAR), 1),
    "quotes in the title": (in_column('"Real"', TITLE), 1),
    "comma in the title": (in_column("^Yes, ", TITLE), 1),
    "title that begins with a colon": (in_column("^:", TITLE), 1),
}
LOOKUP_DEFECTS: dict[str, tuple[Callable[[list[list[str]]], int], int]] = {
    "equal row": (twice, 1),
    "equal row but for white space": (twice_but_for_blanks, 1),
    "id is no number": (in_column("^tt", 1), 1),
    "id is zero": (in_column("^0$", 1), 1),
    "no id": (in_column("^$", 1), 1),
    "no value": (in_column("^$", 0), 1),
    "too few fields": (fields(1), 1),
    "too many fields": (fields(3), 1),
    "orphan": (in_column("^1[0-9]{8}$", 1), 1),
    "no-break space": (in_column("\N{NO-BREAK SPACE}", 0), 1),
    "zero-width space": (in_column("\N{ZERO WIDTH SPACE}", 0), 1),
    "doubled blanks": (in_column("^  ", 0), 1),
    "line break": (in_column("\n", 0), 1),
    "blanks around the id": (in_column("^ .* $", 1), 1),
    "quotes": (in_column('"', 0), 1),
}


@pytest.mark.parametrize("defect", TITLE_DEFECTS)
def test_the_titles_hold_this_defect(defect: str) -> None:
    """A defect that the sample lacks is one that nobody sees being handled."""
    count, times = TITLE_DEFECTS[defect]
    assert count(records(EDITION, "titles")) == times


@pytest.mark.parametrize("defect", LOOKUP_DEFECTS)
@pytest.mark.parametrize("name", LOOKUPS)
def test_each_lookup_holds_this_defect(name: str, defect: str) -> None:
    count, times = LOOKUP_DEFECTS[defect]
    assert count(records(EDITION, name)) == times


def test_a_sentence_stands_among_the_names_and_a_country_ends_in_a_comma() -> None:
    assert in_column("^This is the story", 0)(records(EDITION, "cast")) == 1
    assert in_column(",$", 0)(records(EDITION, "countries")) == 1


def test_larger_samples_have_more_of_each_defect() -> None:
    """Rates, not constants: a million titles with one defect of each kind would show no cost of any."""
    larger = replace(EDITION, titles=9_000)
    assert in_column("^ninety$", MINUTES)(records(larger, "titles")) == 2
    assert twice(records(larger, "cast")) == 6


def test_the_sample_has_the_proportions_of_the_real_catalogue() -> None:
    """Measured on another mix, a benchmark says little about the real one."""
    larger = replace(EDITION, titles=9_000)
    rates = {name: len(records(larger, name)) / larger.titles for name in REAL}
    assert rates == pytest.approx(REAL, abs=0.1)
    whole = [record for record in records(larger, "titles") if len(record) == 9 and all(record[TITLE:])]
    movies = sum(record[TYPE] == "Movie" for record in whole) / len(whole)
    assert 0.66 < movies < 0.70
    assert 16 < sum(len(record[TITLE]) for record in whole) / len(whole) < 20
    assert 130 < sum(len(record[DESCRIPTION]) for record in whole) / len(whole) < 150


def meant(week: date) -> dict[int, dict[str, Any]]:
    """The titles of a week by id, before anything goes wrong with them."""
    edition = replace(EDITION, week=week)
    return {row["show_id"]: row for row in titles.typed(edition, edition.places()).to_pylist()}


def cast(week: date) -> dict[int, set[str]]:
    """Who plays in each title."""
    file = LookupFile(replace(EDITION, week=week), "cast")
    found: dict[int, set[str]] = {}
    for row in file.typed(np.arange(file.records)).to_pylist():
        found.setdefault(row["show_id"], set()).add(row["cast"])
    return found


def test_titles_come_and_go_and_the_others_keep_their_ids() -> None:
    """Five in a thousand each week, dated in it, and none that was there before."""
    before, after = meant(WEEK_1), meant(WEEK_2)
    assert len(before) == len(after) == EDITION.titles
    came = [after[id_] for id_ in after.keys() - before.keys()]
    assert len(came) == 5
    assert all(WEEK_2 <= row["date_added"] < WEEK_2 + WEEK for row in came)
    assert len({row["_place"] for row in came}) == len(range(0, 1_000, 200))
    assert meant(WEEK_1 + STAY * WEEK).keys() & before.keys() == set()


def test_titles_change_in_rating_description_or_cast_and_in_nothing_else() -> None:
    """A title that changes everything is another title; one that never does has no history."""
    weeks = [WEEK_1 + WEEK * i for i in range(7)]
    changes: Counter[str] = Counter()
    for one, next_ in pairwise(weeks):
        before, after = meant(one), meant(next_)
        for id_ in before.keys() & after.keys():
            changes.update(column for column, value in before[id_].items() if after[id_][column] != value)
    assert set(changes) == {"rating", "rating_group", "description"}
    assert changes["description"] == 10  # 1,000 / 600 in each of six weeks


def test_one_member_of_a_cast_is_replaced_now_and_then() -> None:
    """As many names as before, all but one the same."""
    before, after = cast(WEEK_1), cast(WEEK_1 + WEEK * 3)
    changed = [id_ for id_ in before.keys() & after.keys() if before[id_] != after[id_]]
    assert 0 < len(changed) <= 5
    assert {len(before[id_] - after[id_]) for id_ in changed} == {1}
    assert {len(after[id_] - before[id_]) for id_ in changed} == {1}


@pytest.mark.parametrize("name", NAMES)
def test_every_file_changes_every_week(name: str) -> None:
    """Weeks of equal files would show nothing of what a week is for."""
    assert len({content(replace(EDITION, week=WEEK_1 + WEEK * i), name) for i in range(4)}) == 4


def test_no_two_titles_share_an_id_however_many_there_are() -> None:
    """The largest sample uses every number up to its limit."""
    largest = replace(EDITION, titles=MOST_TITLES)
    found = ids(largest.numbers(np.arange(0, MOST_TITLES, 13)))
    assert len(np.unique(found)) == len(found)
    assert len(str(found.min())) == len(str(found.max())) == 8


@pytest.mark.parametrize("name", LOOKUPS)
def test_no_title_has_a_lookup_twice(name: str) -> None:
    """The truth would call both of them accepted."""
    file = LookupFile(replace(EDITION, titles=5_000), name)
    rows = file.typed(np.arange(file.records)).to_pylist()
    assert len({tuple(row.values()) for row in rows}) == len(rows)
    values = LOOKUPS_OF_SAMPLE[name].values().to_pylist()
    assert len(set(values)) == len(values)
