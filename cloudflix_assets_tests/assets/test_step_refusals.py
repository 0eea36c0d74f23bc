"""What stops a step: lost records, `fail` rules, the cap, absent inputs. Nothing is then published."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    checked,
    lookup,
    publication,
    registered,
    titles,
)
from spark.silver.cast import silver_cast
from spark.table import REASONS, Severity, Table

RAW, BRONZE, CAST = registered("raw/cast", "bronze/cast", "silver/cast")
ORDERLY = [(f"Actor {i}", str(i)) for i in range(1, 20)]


def house_with(lakehouse: Makes, table: Table, *rows: tuple[str | None, str | None]) -> Lakehouse:
    """Nineteen orderly lookups and some others, judged by a silver cast of the test's own."""
    source = MemorySource({WEEK_1: publication(cast=lookup("cast", *ORDERLY, *rows))})
    return lakehouse(source=source, tables=[RAW, BRONZE, table])


def building(change: Callable[[DataFrame], DataFrame]) -> Table:
    """Silver cast whose function does one thing more."""

    def build(bronze_cast: DataFrame) -> DataFrame:
        return silver_cast(bronze_cast).transform(change)

    return replace(CAST, build=build)


def numbered(number: str) -> Callable[[DataFrame], DataFrame]:
    """Give records another address."""
    return lambda frame: frame.withColumn("record_number", F.expr(f"cast({number} as bigint)"))


def without_first(frame: DataFrame) -> DataFrame:
    return frame.where("record_number <> 1")


def with_second_twice(frame: DataFrame) -> DataFrame:
    return frame.unionByName(frame.where("record_number = 2"))


MISTAKES: dict[str, tuple[Callable[[DataFrame], DataFrame], int]] = {  # and the rows it makes of 80
    "drops a row": (without_first, 79),
    "doubles a row": (with_second_twice, 81),
    # The counts agree, and a record is gone all the same.
    "drops one row and doubles another": (lambda frame: with_second_twice(without_first(frame)), 80),
    "gives a quarantined row an address that is none": (numbered("if(cast is null, 777, record_number)"), 80),
    "gives a quarantined row another's address": (numbered("if(cast is null, 7, record_number)"), 80),
    "gives an accepted row another address": (numbered("if(record_number = 1, 777, record_number)"), 80),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_function_that_loses_records_publishes_nothing(lakehouse: Makes, mistake: str) -> None:
    """Every record is accounted for: rows in the file are rows in the table and in its quarantine."""
    change, rows = MISTAKES[mistake]
    more = [(f"Extra {i}", str(i)) for i in range(60)]  # so that no quarantined row meets the cap
    sound = house_with(lakehouse, CAST, *more, (None, "20"))
    assert sound.run(WEEK_1).success
    before = (sound.digests(WEEK_1), sound.rows("silver/cast", WEEK_1))

    house = house_with(lakehouse, building(change), *more, (None, "20"))
    result = house.run(WEEK_1, "silver/cast")
    assert not result.success
    assert list(result.failures) == ["silver_cast"]
    told = result.failures["silver_cast"]
    assert told.startswith(f"silver/cast made {rows} rows of 80 in bronze_cast, or gave them other addresses")
    assert "nothing was published; its function must return one row per input row" in told
    assert (house.digests(WEEK_1), house.rows("silver/cast", WEEK_1)) == before


def test_a_loader_that_loses_records_publishes_nothing(lakehouse: Makes) -> None:
    """Bronze is counted against another reader of the file, not against itself."""

    def bronze(records: DataFrame) -> DataFrame:
        return records.where("record_number <> 1")

    source = MemorySource({WEEK_1: publication()})
    result = lakehouse(source=source, tables=[RAW, replace(BRONZE, build=bronze)]).run(WEEK_1)
    told = result.failures["bronze_cast"]
    assert "bronze/cast has 19 records of a file in which another reader counted 20" in told
    assert "nothing was published" in told
    assert result.tables["bronze/cast"].committed is None
    assert result.tables["bronze/cast"].reason == told


def test_a_reason_that_the_table_does_not_declare_publishes_nothing(lakehouse: Makes) -> None:
    """An undeclared reason would be stored and yet refuse nothing."""
    table = building(lambda frame: frame.withColumn(REASONS, F.array(F.lit("made up"))))
    result = house_with(lakehouse, table).run(WEEK_1)
    assert "names a reason that it does not declare, 'made up'" in result.failures["silver_cast"]
    assert "Table(reasons=" in result.failures["silver_cast"]
    assert result.tables["silver/cast"].committed is None


def contract_checks(instance: dg.DagsterInstance) -> list[dict[str, Any]]:
    """The evaluations of silver cast's contract, the newest first."""
    return [
        {"passed": e.passed, "severity": e.severity.value, "week": e.partition, "text": e.description}
        for e in checked(instance, "silver/cast")
    ]


EMPTY = "in 1 row cast is empty (netflix_cast.csv#20)"
STOPS: dict[str, tuple[dict[str, Any], str]] = {
    "fail rule": (
        {"severities": {**CAST.severities, "cast: nullable": Severity.FAIL}},
        f"{EMPTY}, and the contract allows none",
    ),
    "cap": (
        {"cap": Decimal("0.04")},
        f"1 of 20 rows would be quarantined, above the cap of 4.0%: {EMPTY}",
    ),
}


@pytest.mark.parametrize("stop", STOPS)
def test_a_stopped_week_keeps_its_content_and_stores_the_failed_check(
    lakehouse: Makes, instance: dg.DagsterInstance, stop: str
) -> None:
    """Audit before publish; a check without its partition would colour every week red."""
    change, sentence = STOPS[stop]
    sound = house_with(lakehouse, CAST)
    assert sound.run(WEEK_1).success
    before = sound.digests(WEEK_1)

    house = house_with(lakehouse, replace(CAST, **change), (None, "20"))
    result = house.run(WEEK_1)
    told = result.failures["silver_cast"]
    assert not result.success
    assert told.startswith(f"silver/cast, week {WEEK_1}: {sentence}; nothing was published.")
    assert "at the source and rerun the whole week" in told
    assert told.endswith("if they are right, change what spark/silver/cast.py declares.")
    assert result.checks["failed"] == 1
    newest, earlier = contract_checks(instance)
    text = f"{sentence}; nothing was published"
    assert newest == {"passed": False, "severity": "ERROR", "week": str(WEEK_1), "text": text}
    assert earlier["passed"] is True
    silver = ("silver/cast", "silver/cast_quarantine")
    assert [house.digests(WEEK_1)[path, WEEK_1] for path in silver] == [
        before[path, WEEK_1] for path in silver
    ]
    assert len(house.rows("silver/cast", WEEK_1)) == 19


@pytest.mark.both_engines
def test_every_refused_record_is_there_to_read(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """A sentence shows three values, and no quarantine is published."""
    rows = [{"show_id": str(i), "rating": "XX"} for i in range(1, 11)]
    wrong = [{"show_id": str(i), "date_added": "soon", "title": f"Zoé {i}"} for i in range(11, 16)]
    weeks = {WEEK_1: publication(titles=titles(*rows, *wrong)), WEEK_2: publication()}
    tables = registered("raw/titles", "bronze/titles", "silver/titles")
    house = lakehouse(source=MemorySource(weeks), tables=tables)
    told = house.run(WEEK_1).failures["silver_titles"]
    path = f"raw/files/refused/silver/titles/{WEEK_1}.jsonl"
    assert f" All refused records are in {house.lake.uri(path)}. Have" in told
    (check,) = checked(instance, "silver/titles")
    assert check.metadata["records"].value == house.lake.uri(path)

    found = [json.loads(line) for line in (house.lake.read(path) or b"").splitlines()]
    assert [line["record"] for line in found] == [f"netflix_titles.csv#{i}" for i in range(11, 16)]
    assert [line["fields"]["title"] for line in found] == [f"Zoé {i}" for i in range(11, 16)]
    what = "date_added is no date such as 9/30/2019"
    broken = [{"rule": "date_added: readable", "what": what, "value": "soon"}]
    assert [line["broken"] for line in found] == [broken] * 5
    assert house.lake.read(found[0]["landed"])

    weeks[WEEK_1] = publication()
    assert house.run(WEEK_1).success
    assert house.lake.read(path) is None


def test_a_refusal_names_the_rules_that_refuse_with_their_first_values(lakehouse: Makes) -> None:
    """The commonest broken rule may be one that only warns, and a count says nothing of what to correct."""
    dates = [{"date_added": f"2021-09-2{i % 4}", "rating": "XX"} for i in range(10)]
    changes = [{"show_id": str(i), **change} for i, change in enumerate([{"rating": "XX"}] * 10 + dates, 1)]
    more = [{"show_id": "21", "duration_minutes": "ninety, or so"}, {"show_id": "20"}]
    source = MemorySource({WEEK_2: publication(titles=titles(*changes, *more))})
    house = lakehouse(source=source, tables=registered("raw/titles", "bronze/titles", "silver/titles"))
    assert house.run(WEEK_2).failures["silver_titles"] == (
        f"silver/titles, week {WEEK_2}: 11 of 22 rows would be quarantined, above the cap of 5.0%: "
        "in 10 rows date_added is no date such as 9/30/2019 (2021-09-20 in netflix_titles.csv#11, "
        "2021-09-21 in netflix_titles.csv#12, 2021-09-22 in netflix_titles.csv#13), in 1 row "
        "duration_minutes is no whole number ('ninety, or so' in netflix_titles.csv#21); nothing was "
        "published. All refused records are in "
        f"{house.lake.uri(f'raw/files/refused/silver/titles/{WEEK_2}.jsonl')}. Have the records corrected at "
        "the source and rerun the whole week (from the failed step on it would read the same records); if "
        'they are right, change what spark/silver/titles.py declares: date_in("yyyy-MM-dd") reads such texts '
        "of date_added, and a layout can declare how duration_minutes is written (docs/other-sources.md)."
    )


def test_a_refusal_for_keys_shows_the_keys(lakehouse: Makes) -> None:
    """The rule is of the whole row, and the row is known by its key."""
    house = house_with(lakehouse, CAST, *ORDERLY[:2])
    told = house.run(WEEK_1).failures["silver_cast"]
    assert (
        "in 2 rows the record is equal to one before it (Actor 1, 1 in netflix_cast.csv#20, Actor 2, 2 in "
        "netflix_cast.csv#21)" in told
    )


@pytest.mark.parametrize(("refused", "published"), [(0, True), (1, True), (2, False)])
def test_the_cap_is_the_largest_share_that_is_published(
    lakehouse: Makes, refused: int, published: bool
) -> None:
    """Off by one at 5 %: one of twenty is within, two of twenty-one are not."""
    house = house_with(lakehouse, CAST, *[(None, "20")] * refused)
    assert house.run(WEEK_1).success is published


def test_what_depends_on_a_stopped_table_is_not_reached(lakehouse: Makes) -> None:
    """Gold from last week's silver and this week's titles would be neither week."""
    source = MemorySource({WEEK_1: publication(cast=lookup("cast", *[(None, "1")] * 20))})
    result = lakehouse(source=source, tables=registered("gold/cast", "gold/titles")).run(WEEK_1)
    assert list(result.failures) == ["silver_cast"]
    assert result.tables["gold/cast"].reason == "not reached, because silver_cast failed"
    assert result.tables["gold/titles"].committed is True
    assert result.tables["bronze/cast"].committed is True


def test_a_sentence_among_names_is_kept_and_warned(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """A warning that failed the run, or hid the row, would not be a warning."""
    house = house_with(lakehouse, CAST, ("A film about a man who keeps a lighthouse.", "20"))
    result = house.run(WEEK_1)
    assert result.success
    assert (result.tables["silver/cast"].rows, result.tables["silver/cast_quarantine"].rows) == (20, 0)
    assert result.checks == {"passed": 3, "failed": 0, "warned": 0}
    assert result.warned == {"silver/cast": {"cast: a name, not a sentence": 1}}


def failure_of(house: Lakehouse, path: str, step: str) -> str:
    result: WeekResult = house.run(WEEK_2, path)
    assert not result.success
    return result.failures[step]


@pytest.mark.parametrize(
    ("path", "step", "sentence"),
    [
        ("raw/cast", "raw_cast", "run `cloudflix run --week 2026-11-09 --select publication` first"),
        (
            "silver/cast",
            "silver_cast",
            "holds no week 2026-11-09: run `cloudflix run --week 2026-11-09 --select +bronze/cast` first",
        ),
    ],
)
def test_an_absent_own_week_is_an_error_that_names_the_command(
    lakehouse: Makes, path: str, step: str, sentence: str
) -> None:
    """An absent week read as an empty one would publish an empty table."""
    house = house_with(lakehouse, CAST)
    assert house.run(WEEK_1).success
    assert sentence in failure_of(house, path, step)
