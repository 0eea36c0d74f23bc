"""Why rows were quarantined: the Markdown on a quarantine's materialization, and on a check that failed."""

import json
from collections.abc import Mapping, Sequence

import dagster as dg
from pyspark.sql import SparkSession

from cloudflix_assets.assets import refusals
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Makes,
    MemorySource,
    checked,
    lookup,
    materialization,
    publication,
    registered,
    titles,
)
from spark.quality.verdict import QUARANTINE

TITLES = registered("raw/titles", "bronze/titles", "silver/titles")
CAST = registered("raw/cast", "bronze/cast", "silver/cast")
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) | `\u202e"


def told(session: SparkSession, *rows: tuple[int, Mapping[str, str], Sequence[str]]) -> list[str]:
    """The items of the list about quarantined titles."""
    found = [("files/titles/ab.csv", number, json.dumps(row), broken) for number, row, broken in rows]
    shown = refusals.examples(TITLES[-1], session.createDataFrame(found, QUARANTINE))
    text, whole = shown.in_place or "", shown.whole or ""
    assert "…" not in whole
    assert len(text) <= refusals.IN_PLACE
    return f"\n{text}".split("\n- ")[1:]


def test_the_most_frequent_reason_comes_first_with_its_first_row(spark_session: SparkSession) -> None:
    """In the order of the file, a rare reason would hide the one to be corrected."""
    items = told(
        spark_session,
        (7, {"show_id": "1"}, ["duplicate key"]),
        (9, {"title": "B", "show_id": "x"}, ["show_id: readable"]),
        (8, {"title": "A", "show_id": "y"}, ["show_id: readable"]),
    )
    row = '`{"show_id": "y", "title": "A"}`'
    first = f"**`show_id is no whole number`**: 2 rows, the first `netflix_titles.csv#8`\\\n  {row}"
    second = "**`another record before it has its show_id`**: 1 row, `netflix_titles.csv#7`\\\n"
    second += '  `{"show_id": "1"}`'
    assert items == [first, second]


def test_what_broke_stands_before_what_is_cut_off(spark_session: SparkSession) -> None:
    """The first 200 characters of a title are its description more often than its year."""
    row = {"description": "d" * 400, "title": "A", "release_year": "soon", "show_id": "5"}
    (item,) = told(spark_session, (1, row, ["release_year: readable", "title: nullable"]))
    shown = '{"release_year": "soon", "title": "A", "show_id": "5", "description": "ddd'
    assert item.startswith(
        f"**`release_year is no whole number; title is empty`**: 1 row, `netflix_titles.csv#1`\\\n  `{shown}"
    )
    assert item.endswith("d…`")


def test_many_reasons_and_long_rows_stay_in_place(spark_session: SparkSession) -> None:
    """From 1,000 characters on, the web UI shows a link instead."""
    row = {"title": HOSTILE * 500}
    items = told(spark_session, *((i, row, [f"rule {'r' * 90}{i % 9}"]) for i in range(40)))
    assert len(items) == refusals.REASONS


def test_hostile_titles_are_shown_as_they_were_delivered(
    lakehouse: Makes, instance: dg.DagsterInstance
) -> None:
    """A publisher's title must not write into the operator's page."""
    bad = {"show_id": f"id {HOSTILE}", "title": HOSTILE}
    changes = [{"show_id": str(i)} for i in range(1, 41)]
    source = MemorySource({WEEK_1: publication(titles=titles(*changes, bad)), WEEK_2: publication()})
    house = lakehouse(source=source, tables=TITLES)
    assert house.run(WEEK_1).success
    metadata = materialization(instance, "silver/titles_quarantine", WEEK_1).metadata
    assert isinstance(metadata["samples"], dg.MarkdownMetadataValue)
    head, row = str(metadata["samples"].value).split("\n")
    assert head.startswith("- **`show_id is no whole number; title is a damaged text: ")
    assert head.endswith("`**: 1 row, `netflix_titles.csv#41`\\")
    shown = r"<script>alert(1)</script> [x](javascript:alert(1)) | \u0060\u202e"
    assert row.startswith(f'  `{{"show_id": "id {shown}", "title": "{shown}", ')
    assert row.endswith("…`")
    assert row.count("`") == 2
    assert materialization(instance, "silver/titles", WEEK_1).metadata["quarantined"].value == 1


def test_a_week_without_refusals_has_no_samples(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """They would cost a query in every step of every week."""
    house = lakehouse(source=MemorySource({WEEK_1: publication(), WEEK_2: publication()}), tables=CAST)
    assert house.run(WEEK_1).success
    assert "samples" not in materialization(instance, "silver/cast_quarantine", WEEK_1).metadata


def test_a_failed_check_shows_the_rows_that_no_quarantine_holds(
    lakehouse: Makes, instance: dg.DagsterInstance
) -> None:
    """Nothing is published then, so that its reader would find no quarantined row anywhere."""
    rows = [(f"Actor {i}", f"no. {i}") for i in range(1, 21)]
    source = MemorySource({WEEK_1: publication(cast=lookup("cast", *rows)), WEEK_2: publication()})
    assert not lakehouse(source=source, tables=CAST).run(WEEK_1).success
    (evaluation,) = checked(instance, "silver/cast")
    assert evaluation.description == (
        "20 of 20 rows would be quarantined, above the cap of 5.0%: in 20 rows show_id is no whole number "
        "(no. 1 in netflix_cast.csv#1, no. 2 in netflix_cast.csv#2, no. 3 in netflix_cast.csv#3); "
        "nothing was published"
    )
    assert evaluation.metadata["samples"].value == (
        "- **`show_id is no whole number`**: 20 rows, the first `netflix_cast.csv#1`\\\n"
        '  `{"show_id": "no. 1", "cast": "Actor 1"}`'
    )
