"""What the web UI says that a rule requires, and how groups of assets are named."""

from typing import Any

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest

from cloudflix_assets.assets.rule_texts import _TEXTS, breaches, requirements
from cloudflix_assets.names import GROUPS, numbered
from cloudflix_assets_tests.tables.conftest import own_rules
from cloudflix_assets_tests.tables.test_rules import contract, table, table_of
from spark.quality.rules import CHECKS, compiled
from spark.registry import TABLES
from spark.table import ForeignKey, Table

CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "eq": (T.LongType, {"eq": 1}, "= 1"),
    "ne": (T.LongType, {"ne": 1}, "≠ 1"),
    "gt": (T.LongType, {"gt": 0}, "> 0"),
    "ge": (T.LongType, {"ge": 1}, "≥ 1"),
    "lt": (T.LongType, {"lt": 9}, "< 9"),
    "le": (T.LongType, {"le": 900}, "≤ 900"),
    "in_range": (T.LongType, {"in_range": {"min_value": 1, "max_value": 3}}, "≥ 1, ≤ 3"),
    "in_range, open": (
        T.LongType,
        {"in_range": {"min_value": 1, "max_value": 3, "include_min": False, "include_max": False}},
        "> 1, < 3",
    ),
    "isin": (T.StringType, {"isin": ["Movie", "TV Show", None]}, "one of Movie, TV Show"),
    "isin, many": (
        T.IntegerType,
        {"isin": list(range(30))},
        f"one of {', '.join(map(str, range(19)))} and 11 more",
    ),
    "notin": (T.StringType, {"notin": ["a", "b"]}, "none of a, b"),
    "str_matches": (T.StringType, {"str_matches": "[a-c]{2}"}, "matches [a-c]{2} from its start"),
    "str_contains": (T.StringType, {"str_contains": "a|é"}, "contains a|é"),
    "str_startswith": (T.StringType, {"str_startswith": "tt"}, "begins with tt"),
    "str_endswith": (T.StringType, {"str_endswith": "!"}, "ends with !"),
    "str_length": (T.StringType, {"str_length": {"min_value": 1, "max_value": 9}}, "≥ 1, ≤ 9 characters"),
    "str_length, at most": (T.StringType, {"str_length": {"max_value": 9}}, "≤ 9 characters"),
    "str_length, exactly": (T.StringType, {"str_length": {"exact_value": 64}}, "64 characters"),
}


@pytest.mark.parametrize(("type_", "check", "text"), CASES.values(), ids=CASES)
def test_a_check_says_its_values(type_: Any, check: dict[str, Any], text: str) -> None:
    """`gt` alone leaves an analyst to look for the number in the code."""
    declared = table_of(type_, **check)
    (rule,) = own_rules(declared)
    assert requirements(declared)[rule.name] == text


def test_every_check_has_words() -> None:
    """One that is added to the compiler alone would fail when the definitions load."""
    assert set(_TEXTS) == set(CHECKS)


@pytest.mark.parametrize("declared", TABLES, ids=lambda declared: declared.path)
def test_every_rule_of_the_product_says_what_it_requires(declared: Table) -> None:
    """A blank beside a broken rule is where its reader gives up."""
    texts = requirements(declared)
    assert [rule.name for rule in compiled(declared) if not texts.get(rule.name)] == []


def test_rules_without_a_check_have_words_too() -> None:
    """Keys, parents and readable text are judged elsewhere than checks are."""
    declared = table(
        contract(x=(T.LongType, pa.Field(nullable=False)), y=(T.DateType, pa.Field(nullable=True))),
        key=("x", "y"),
        foreign_keys=(ForeignKey("x", "gold_titles"),),
        reasons=("torn", "y: readable"),
        meanings={"torn": "in one piece"},
    )
    texts = requirements(declared)
    assert {rule.name: texts[rule.name] for rule in compiled(declared)} == {
        "x: nullable": "not null",
        "torn": "in one piece",
        "y: readable": "a date",
        "x: in gold_titles": "in gold/titles",
        "duplicate row": "no equal row before it",
        "duplicate key": "no row before it with its x, y",
    }


BREACHES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "nullable": (T.LongType, {"nullable": False}, "x is empty"),
    "eq": (T.LongType, {"eq": 1}, "x is not 1"),
    "ne": (T.LongType, {"ne": 1}, "x is 1"),
    "gt": (T.LongType, {"gt": 0}, "x is not above 0"),
    "ge": (T.LongType, {"ge": 1}, "x is below 1"),
    "lt": (T.LongType, {"lt": 9}, "x is not below 9"),
    "le": (T.LongType, {"le": 900}, "x is above 900"),
    "in_range": (T.LongType, {"in_range": {"min_value": 1, "max_value": 3}}, "x is not ≥ 1, ≤ 3"),
    "isin": (T.StringType, {"isin": ["Movie", "TV Show"]}, "x is none of Movie, TV Show"),
    "notin": (T.StringType, {"notin": ["a", "b"]}, "x is one of a, b"),
    "str_matches": (T.StringType, {"str_matches": "[a-c]{2}"}, "x does not match [a-c]{2} from its start"),
    "str_contains": (T.StringType, {"str_contains": "é"}, "x does not contain é"),
    "str_startswith": (T.StringType, {"str_startswith": "tt"}, "x does not begin with tt"),
    "str_endswith": (T.StringType, {"str_endswith": "!"}, "x does not end with !"),
    "str_length": (
        T.StringType,
        {"str_length": {"min_value": 1, "max_value": 9}},
        "x has not ≥ 1, ≤ 9 characters",
    ),
}


@pytest.mark.parametrize(("type_", "check", "text"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_told_in_words(type_: Any, check: dict[str, Any], text: str) -> None:
    """`x: ge` is for who wrote the contract; who delivered the row reads what is wrong with it."""
    declared = table_of(type_, **check)
    (rule,) = own_rules(declared)
    assert breaches(declared)[rule.name] == text


def test_breaches_of_the_product_are_told_in_words() -> None:
    """The words of a parent, a parser, a reason and a key are those of their table."""
    titles, cast, gold, bronze = (
        breaches(declared)
        for path in ("silver/titles", "silver/cast", "gold/cast", "bronze/cast")
        for declared in TABLES
        if declared.path == path
    )
    assert titles["duration_minutes: readable"] == "duration_minutes is no whole number"
    assert titles["date_added: readable"] == "date_added is no date such as 9/30/2019"
    assert titles["fragment, joined into the record before it"].startswith("the record is a second half of")
    assert titles["duplicate key"] == "another record before it has its show_id"
    assert titles["malformed record"] == "the record has not as many fields as the header"
    assert bronze["malformed: a ragged record"] == titles["malformed record"]
    assert cast["cast: a name, not a sentence"] == "cast is no name of at most 6 words"
    assert cast["duplicate row"] == "the record is equal to one before it"
    assert gold["show_id: in gold_titles"] == "show_id is no title of gold/titles"


@pytest.mark.parametrize(("text", "breach"), [("no empty record", "an empty record"), ("no line", "a line")])
def test_what_must_not_be_is_said_to_be(text: str, breach: str) -> None:
    """Who declares a rule writes one text for it, and both sentences read well."""
    declared = table(contract(x=(T.LongType, pa.Field(nullable=True))), reasons=("r",), meanings={"r": text})
    assert breaches(declared)["r"] == f"the record is {breach}"


def test_groups_are_listed_in_the_order_of_the_flow() -> None:
    """By name alone the web UI would list bronze, gold, raw, silver."""
    assert sorted(GROUPS.values()) == list(GROUPS.values())
    assert list(GROUPS) == ["source", "raw", "bronze", "silver", "gold", "quarantine"]


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        ("group:gold", 'group:"4_gold"'),
        ('+group:"raw" or group:3_silver', '+group:"1_raw" or group:"3_silver"'),
        ("group:platinum", 'group:"platinum"'),
        ("silver/group", "silver/group"),
    ],
)
def test_a_group_may_be_named_without_its_number(selection: str, meant: str) -> None:
    """`--select group:gold` is what the help says, and a group nobody has must stay unknown."""
    assert numbered(selection) == meant
