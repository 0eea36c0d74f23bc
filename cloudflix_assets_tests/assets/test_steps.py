"""One step: what it publishes, what it quarantines, what it leaves untouched. Real runs, small weeks."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    WEEK_3,
    Lakehouse,
    Makes,
    MemorySource,
    lookup,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.tiers import slow_but

BRONZE_TITLES = registered("raw/titles", "bronze/titles")
TITLES = registered("gold/titles")
TABLES = registered("gold/titles", "gold/cast")
FILMS = [
    {"show_id": str(i), "title": f"Title {i}", "duration_minutes": str(100 - i % 3)} for i in range(1, 81)
]


ORDERS = [(WEEK_1, WEEK_2, WEEK_3), (WEEK_3, WEEK_1, WEEK_2)]


def broken_by_address(lakehouse: Lakehouse, path: str) -> dict[int, list[str]]:
    """Which rules each quarantined record broke."""
    return {row["record_number"]: row["broken"] for row in lakehouse.rows(path, WEEK_1)}


@pytest.fixture
def quarantining(lakehouse: Makes) -> Lakehouse:
    """Eighty sound films, a film of 5,000 minutes twice over, equal rows, and cast of no title."""
    delivered = titles(
        {"show_id": "90", "title": "Endless", "duration_minutes": "5000"},  # record 1
        {"show_id": "91", "title": "Too long at first", "duration_minutes": "5000"},  # record 2
        *FILMS,  # records 3 to 82
        {"show_id": "91", "title": "Too long at first"},  # record 83, what record 2 should have been
        {"show_id": "1", "title": "Another title of 1"},  # record 84
        FILMS[4],  # record 85, equal to record 7
    )
    sound = [(f"Actor {i}", str(i)) for i in range(1, 81)]
    cast = lookup("cast", *sound, ("Ghost", "999"), ("Actor of the endless", "90"), ("Actor 1", "1"))
    house = lakehouse(source=MemorySource({WEEK_1: publication(titles=delivered, cast=cast)}), tables=TABLES)
    assert house.run(WEEK_1).success
    return house


@pytest.mark.both_engines
def test_broken_records_are_quarantined_with_their_reasons(quarantining: Lakehouse) -> None:
    """Dropping a duplicate or an orphan silently would make the counts lie."""
    assert broken_by_address(quarantining, "silver/titles_quarantine") == {
        1: ["duration_minutes: le"],
        2: ["duration_minutes: le"],
        84: ["duplicate key"],
        85: ["duplicate row"],
    }
    assert broken_by_address(quarantining, "silver/cast_quarantine") == {83: ["duplicate row"]}
    assert broken_by_address(quarantining, "silver/gold_cast_quarantine") == {
        81: ["show_id: in gold_titles"],
        82: ["show_id: in gold_titles"],  # its film was quarantined
    }
    assert quarantining.rows("silver/gold_titles_quarantine", WEEK_1) == []
    orphans = [json.loads(row["record"]) for row in quarantining.rows("silver/gold_cast_quarantine", WEEK_1)]
    assert {"show_id": "999", "cast": "Ghost"} in orphans
    refused = [json.loads(row["record"]) for row in quarantining.rows("silver/titles_quarantine", WEEK_1)]
    assert {row["title"] for row in refused} >= {"Endless", "Another title of 1"}


def test_a_quarantined_film_holds_no_rank(quarantining: Lakehouse) -> None:
    """Ranking before judging would put a film of 5,000 minutes first."""
    ranks = {r["duration_minutes"]: r["duration_ranking"] for r in quarantining.rows("gold/titles", WEEK_1)}
    assert ranks == {100: 1, 99: 2, 98: 3, 90: 4}


def test_a_second_run_commits_nothing_and_a_changed_file_only_its_descendants(lakehouse: Makes) -> None:
    """Every needless commit makes all dependants stale and the history unreadable."""
    source = MemorySource({WEEK_1: publication()})
    house = lakehouse(source=source, tables=TABLES)
    assert set(house.committed(WEEK_1)) == {path for table in TABLES for path in stored_fields(table)}
    before = house.digests(WEEK_1)
    assert house.committed(WEEK_1) == []

    source.publications[WEEK_1] = publication(cast=lookup("cast", ("Someone Else", "1")))
    layers = ("raw", "bronze", "silver", "gold")
    assert set(house.committed(WEEK_1)) == {f"{layer}/cast" for layer in layers}
    same = {key: value for key, value in house.digests(WEEK_1).items() if "cast" not in key[0]}
    assert same.items() <= before.items()

    source.publications[WEEK_1] = publication()
    house.committed(WEEK_1)
    assert house.digests(WEEK_1) == before


@pytest.mark.parametrize("order", slow_but(lambda order: order[0] == WEEK_3, ORDERS))
def test_weeks_never_mix(lakehouse: Makes, order: Sequence[date]) -> None:
    """A step that reads or replaces another week than its own looks right until there are two."""
    amounts = {WEEK_1: 3, WEEK_2: 5, WEEK_3: 4}
    source = MemorySource({w: publication(titles=titles(*FILMS[:n])) for w, n in amounts.items()})
    house = lakehouse(source=source, tables=TITLES)
    for week in order:
        house.committed(week)
    for path in ("bronze/titles", "silver/titles", "gold/titles"):
        assert {week: len(house.rows(path, week)) for week in amounts} == amounts
        assert {row["week"] for row in house.rows(path, WEEK_2)} == {WEEK_2}

    others = house.digests(WEEK_2, WEEK_3)
    source.publications[WEEK_1] = publication(titles=titles(*FILMS[:9]))
    house.committed(WEEK_1)
    for path in ("bronze/titles", "silver/titles", "gold/titles"):
        assert len(house.rows(path, WEEK_1)) == 9
    assert house.digests(WEEK_2, WEEK_3) == others


def test_newflag_marks_what_last_week_did_not_hold(lakehouse: Makes) -> None:
    """Comparing with any other week, or with gold itself, would flag the wrong titles."""
    shown = {WEEK_1: FILMS[:3], WEEK_2: FILMS[1:5], WEEK_3: FILMS[:4]}
    source = MemorySource({week: publication(titles=titles(*films)) for week, films in shown.items()})
    house = lakehouse(source=source, tables=TITLES)
    for week in shown:
        house.committed(week)
    new = {
        week: {row["show_id"] for row in house.rows("gold/titles", week) if row["newflag"]} for week in shown
    }
    assert new == {WEEK_1: set(), WEEK_2: {4, 5}, WEEK_3: {1}}
    assert {row["newflag"] for row in house.rows("gold/titles", WEEK_1)} == {None}  # nobody can tell


@pytest.mark.both_engines
def test_bronze_that_changes_its_records_publishes_what_was_judged(lakehouse: Makes) -> None:
    """Records that are handed on untouched are published as they were parsed; these are not."""

    def shouting(records: DataFrame) -> DataFrame:
        return records.withColumn("title", F.upper("title"))

    raw, bronze = BRONZE_TITLES
    tables = [raw, replace(bronze, build=shouting)]
    house = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=tables)
    assert house.run(WEEK_1).success
    assert {row["title"] for row in house.rows("bronze/titles", WEEK_1)} == {
        f"TITLE {number}" for number in range(1, 21)
    }
