"""Silver titles: real types and nothing invented; each defect is quarantined under its own name."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from cloudflix_assets_tests.lakehouse import TITLE
from cloudflix_assets_tests.tables.conftest import CLEAN, FILE, Judge, own_rules
from spark.quality.rules import compiled
from spark.silver.titles import KINDS, NO_DURATION, RATINGS, TABLE, UNRATED
from spark.split_records import HALVES, SECOND_HALF
from spark.table import Severity
from spark.text import day_first, month_first

RAW = {"path": FILE, "header": ",".join(TITLE)}
SHOW = {"type": "TV Show", "duration_minutes": None, "duration_seasons": "2"}


@pytest.fixture
def judge(judge: Judge) -> Judge:
    """Judge titles of a file in the declared order, of which the first is listed under a category."""
    return partial(judge, TABLE, raw_titles=[RAW], bronze_category=[{"show_id": "1"}])


READ: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "as delivered": ({}, {}),
    "blanks around everything": (
        {
            name: f" {text}\N{NO-BREAK SPACE}"
            for name, text in TITLE.items()
            if text and name != "description"
        },
        {},
    ),
    "a show": (SHOW, {"type": "TV Show", "type_flag": 2, "duration_minutes": None, "duration_seasons": 2}),
    "no minutes are null, not 0": ({"duration_minutes": None}, {"duration_minutes": None}),
    "no date": ({"date_added": None}, {"date_added": None}),
    "blank date": ({"date_added": " "}, {"date_added": None}),
    "no rating": ({"rating": None}, {"rating": None, "rating_group": None}),
    "the rating stays whole": ({"rating": "TV-Y7-FV"}, {"rating": "TV-Y7-FV", "rating_group": "TV"}),
    "white space in a title": (
        {"title": "\N{ZERO WIDTH SPACE}A\N{NO-BREAK SPACE}\r\n Title\N{NO-BREAK SPACE}"},
        {},
    ),
    "title with a colon": (
        {"title": "Belle : A Story: B"},
        {"title": "Belle : A Story: B", "short_title": "Belle"},
    ),
    "title that begins with a colon": ({"title": ": A"}, {"title": ": A", "short_title": None}),
    "a description keeps its text": (
        {"description": " A\N{NO-BREAK SPACE}\r\nb "},
        {"description": " A\N{NO-BREAK SPACE}\r\nb "},
    ),
    "no description": ({"description": None}, {"description": None}),
    "undeclared columns do not matter": ({"rescued": '{"x": "1"}'}, {}),
    "lowest values": (
        {"duration_minutes": "1", "release_year": "1888"},
        {"duration_minutes": 1, "release_year": 1888},
    ),
    "first and last day": ({"date_added": "8/29/1997"}, {"date_added": date(1997, 8, 29)}),
    "highest values": (
        {"duration_minutes": "900", "release_year": "2100", "show_id": "9" * 18},
        {"duration_minutes": 900, "release_year": 2100, "show_id": int("9" * 18)},
    ),
}


@pytest.mark.parametrize(("change", "expected"), READ.values(), ids=READ)
def test_a_sound_title_is_typed(judge: Judge, change: dict[str, Any], expected: dict[str, Any]) -> None:
    """The tutorial filled absent minutes with 0 and cut ratings at the hyphen: here the truth stays."""
    found = judge(bronze_titles=[TITLE | change])
    assert found.broken == [[]]
    assert {name: found.accepted[0][name] for name in CLEAN} == CLEAN | expected


EMPTY: dict[str, Any] = dict.fromkeys(TITLE)
MALFORMED: dict[str, Any] = dict.fromkeys(TITLE) | {"malformed": "90,,Movie"}
BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no id": ({"show_id": None}, ["show_id: nullable"]),
    "a name as id": ({"show_id": " Anurag Kashyap"}, ["show_id: readable"]),
    "id 0": ({"show_id": "0"}, ["show_id: gt"]),
    "no type": ({"type": None}, ["type: nullable"]),
    "a year as type": ({"type": "1944"}, ["type: isin"]),
    "type in other letters": ({"type": "movie"}, ["type: isin"]),
    "no title": ({"title": "\N{ZERO WIDTH SPACE} "}, ["title: nullable"]),
    "0 minutes": ({"duration_minutes": "0"}, ["duration_minutes: ge"]),
    "901 minutes": ({"duration_minutes": "901"}, ["duration_minutes: le"]),
    "5000 minutes": ({"duration_minutes": "5000"}, ["duration_minutes: le"]),
    "minutes with unit": ({"duration_minutes": "90 min"}, ["duration_minutes: readable"]),
    "0 seasons": (SHOW | {"duration_seasons": "0"}, ["duration_seasons: ge"]),
    "101 seasons": (SHOW | {"duration_seasons": "101"}, ["duration_seasons: le"]),
    "one season and a half": (SHOW | {"duration_seasons": "1.5"}, ["duration_seasons: readable"]),
    "date that is none": ({"date_added": "2/30/2019"}, ["date_added: readable"]),
    "date in words": ({"date_added": "August 4, 2017"}, ["date_added: readable"]),
    "no year": ({"release_year": None}, ["release_year: nullable"]),
    "year 1887": ({"release_year": "1887"}, ["release_year: ge"]),
    "year 2101": ({"release_year": "2101"}, ["release_year: le"]),
    "year with text": ({"release_year": "c. 1950"}, ["release_year: readable"]),
    "added before there was a Netflix": ({"date_added": "8/28/1997"}, ["date_added: ge"]),
    "a digit of the year mistyped": ({"date_added": "9/30/1019"}, ["date_added: ge"]),
    "and upwards": ({"date_added": "9/30/9019"}, ["date_added: le"]),
    "malformed": (MALFORMED, ["malformed record"]),
    "commas only": (EMPTY, ["empty record"]),
    "no file": ({"source_file": None}, ["source_file: nullable"]),
    "no record number": ({"record_number": None}, ["record_number: nullable"]),
    "record 0": ({"record_number": 0}, ["record_number: ge"]),
}


@pytest.mark.parametrize(("change", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_title_that_breaks_one_rule_is_quarantined_for_that_rule(
    judge: Judge, change: dict[str, Any], broken: list[str]
) -> None:
    """An operator repairs what the rule names: one defect must not be named as another."""
    found = judge(bronze_titles=[TITLE | change])
    assert found.broken == [broken]
    assert found.accepted == []


def test_every_rule_has_its_title() -> None:
    """A rule that no title here breaks might never break."""
    tested = {rule for _, broken in BROKEN.values() for rule in broken}
    impossible = {"type_flag: nullable"}  # derived, never null
    elsewhere = {"rating: isin", NO_DURATION.name, *DAY_FIRST, *MONTH_FIRST, *HALVES}
    elsewhere |= {"duplicate row", "duplicate key"}
    assert {rule.name for rule in own_rules(TABLE)} == tested | impossible | elsewhere


@pytest.mark.parametrize("rating", ["TV-MA ", "G", "NR", "UR", "TV-Y7-FV"])
def test_known_ratings_are_not_reported(judge: Judge, rating: str) -> None:
    """NR and UR are ratings, too, and must not be reported as unknown."""
    assert judge(bronze_titles=[TITLE | {"rating": rating}]).broken == [[]]


def test_an_unknown_rating_is_reported_and_kept(judge: Judge) -> None:
    """A new rating is reported, and is no reason to lose the title."""
    found = judge(bronze_titles=[TITLE | {"rating": "TV-X"}])
    assert found.broken == [["rating: isin"]]
    assert found.accepted[0]["rating"] == "TV-X"


@pytest.mark.parametrize("rating", ["74 min", "1 Season", "2 Seasons", "74min", "74 MIN", "1h 14m", "PT74M"])
def test_a_duration_as_rating_is_named_as_one(judge: Judge, rating: str) -> None:
    """Public exports have minutes there: an unknown rating is another fault, with another remedy."""
    assert judge(bronze_titles=[TITLE | {"rating": rating}]).broken == [
        ["rating: a rating, not a duration", "rating: isin"]
    ]


DAY_FIRST, MONTH_FIRST = [day_first("date_added")], [month_first("date_added")]
FILES: dict[str, tuple[list[str | None], list[list[str]]]] = {
    "day first": (["2/9/2019", "30/9/2019", None, " 13/09/2019"], [[], DAY_FIRST, [], DAY_FIRST]),
    "month first, and a mistake": (
        ["2/9/2019", "9/13/2019", "30/9/2019"],
        [[], [], ["date_added: readable"]],
    ),
    "day first, and a mistake": (
        ["2/9/2019", "9/13/2019", "30/9/2019", "13/9/2019"],
        [[], MONTH_FIRST, DAY_FIRST, DAY_FIRST],
    ),
    "none that is read wrongly": (["30/9/2019"], [["date_added: readable"]]),
    "none that tells": (["2/9/2019", "9/2/2019"], [[], []]),
    "none that is read wrongly, and a mistake": (
        ["9/13/2019", "30/9/2019", "13/9/2019"],
        [[], ["date_added: readable"], ["date_added: readable"]],
    ),
    "other forms": (["2019-09-30", "2/9/2019"], [["date_added: readable"], []]),
}


@pytest.mark.both_engines
@pytest.mark.parametrize(("dates", "broken"), FILES.values(), ids=FILES)
def test_a_file_that_writes_the_day_first_fails_the_week(
    judge: Judge, dates: list[str | None], broken: list[list[str]]
) -> None:
    """`2/9/2019` of such a file would be published as February, whatever the number of those that show it."""
    rows = [TITLE | {"show_id": str(number), "date_added": text} for number, text in enumerate(dates, 1)]
    found = judge(bronze_titles=rows)
    assert found.broken == broken
    severities = {rule.name: rule.severity for rule in compiled(TABLE)}
    assert {severities[reason] for reason in (*DAY_FIRST, *MONTH_FIRST)} == {Severity.FAIL}


def test_each_file_of_a_week_is_looked_at_alone(judge: Judge) -> None:
    """One part of a delivery may come from another hand."""
    dates = [("a", "2/9/2019"), ("a", "30/9/2019"), ("b", "9/30/2019"), ("b", "30/9/2019")]
    rows = [
        TITLE | {"show_id": str(number), "date_added": text, "source_file": file, "record_number": number}
        for number, (file, text) in enumerate(dates, 1)
    ]
    assert judge(bronze_titles=rows).broken == [[], DAY_FIRST, [], ["date_added: readable"]]


def test_the_real_catalogue_s_vocabulary() -> None:
    """The contract must know the 14 ratings and two kinds of the real file."""
    assert (len(RATINGS + UNRATED), KINDS) == (14, ["Movie", "TV Show"])


def test_a_split_record_is_one_title(judge: Judge) -> None:
    """The first half carries the title and its address, the second is quarantined as what it is."""
    title = list(TITLE)
    values = list(TITLE.values())
    first = dict(zip(title, [*values[:7], "And"], strict=False))
    second = dict(zip(title, ['will."', "1"], strict=False))
    found = judge(bronze_titles=[first, second])
    assert found.broken == [[], [SECOND_HALF]]
    assert (found.accepted[0]["show_id"], found.accepted[0]["description"]) == (1, "And\nwill.")
    assert found.accepted[0]["record_number"] == 1


def test_of_two_titles_with_one_id_the_first_stays(judge: Judge) -> None:
    """Two rows for one show would double its rows in every lookup."""
    other = TITLE | {"title": "Another"}
    found = judge(bronze_titles=[TITLE | {"duration_minutes": "5000"}, TITLE, TITLE, other])
    assert found.broken == [["duration_minutes: le"], [], ["duplicate row"], ["duplicate key"]]
