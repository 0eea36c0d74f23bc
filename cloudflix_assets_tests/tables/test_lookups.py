"""The lookups, silver and gold: names are tidied, orphans are quarantined."""

from typing import Any

import pytest

from cloudflix_assets_tests.tables.conftest import BY_NAME, Judge, own_rules
from spark.lookups import TITLE
from spark.registry import TABLES
from spark.silver.cast import SENTENCE
from spark.table import Layer

COLUMNS = {
    table.name: table.key[0]
    for table in TABLES
    if table.layer is Layer.GOLD and table.key[1:] == (TITLE.key,) and table.foreign_keys
}
"""The column with the text of each lookup of titles, by the lookup's name."""
lookups = pytest.mark.parametrize("name", COLUMNS)

MALFORMED = {"malformed": "Ann"}
TIDIED = {
    "Ann Lee": "Ann Lee",
    " Ann\N{NO-BREAK SPACE} Lee\r\n": "Ann Lee",
    "\N{ZERO WIDTH SPACE}Ann Lee": "Ann Lee",
    'Ann "Née" Lee': 'Ann "Née" Lee',
}


@lookups
@pytest.mark.parametrize("text", TIDIED)
def test_silver_tidies_the_name_and_types_the_id(judge: Judge, name: str, text: str) -> None:
    """Two spellings of one name would be two people."""
    found = judge(BY_NAME[f"silver_{name}"], **{f"bronze_{name}": [{COLUMNS[name]: text, "show_id": " 7 "}]})
    assert found.broken == [[]]
    assert found.accepted[0] | {"show_id": 7, COLUMNS[name]: TIDIED[text]} == found.accepted[0]


SILVER_BREACHES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no id": ({"show_id": None}, ["show_id: nullable"]),
    "blank id": ({"show_id": " "}, ["show_id: nullable"]),
    "id with a letter": ({"show_id": "s7"}, ["show_id: readable"]),
    "id 0": ({"show_id": "0"}, ["show_id: gt"]),
    "no name": ({"NAME": None}, ["NAME: nullable"]),
    "blank name": ({"NAME": "\N{NO-BREAK SPACE}"}, ["NAME: nullable"]),
    "malformed": ({"NAME": None, "show_id": None, "malformed": "Ann"}, ["malformed record"]),
    "commas only": ({"NAME": None, "show_id": None}, ["empty record"]),
    "no file": ({"source_file": None}, ["source_file: nullable"]),
    "no record number": ({"record_number": None}, ["record_number: nullable"]),
    "record 0": ({"record_number": 0}, ["record_number: ge"]),
}


@lookups
@pytest.mark.parametrize(("change", "broken"), SILVER_BREACHES.values(), ids=SILVER_BREACHES)
def test_silver_quarantines_a_row_for_the_one_rule_it_breaks(
    judge: Judge, name: str, change: dict[str, Any], broken: list[str]
) -> None:
    """A row that breaks one rule must not be quarantined for another."""
    column = COLUMNS[name]
    row = {column: "Ann", "show_id": "7"} | {k.replace("NAME", column): v for k, v in change.items()}
    found = judge(BY_NAME[f"silver_{name}"], **{f"bronze_{name}": [row]})
    assert found.broken == [[rule.replace("NAME", column) for rule in broken]]
    assert found.accepted == []


@lookups
@pytest.mark.parametrize("layer", ["silver", "gold"])
def test_every_rule_has_its_row(layer: str, name: str) -> None:
    """A rule that no row here breaks might never break."""
    silver = {rule for _, broken in SILVER_BREACHES.values() for rule in broken}
    gold = {rule for _, broken in GOLD_BREACHES.values() for rule in broken}
    tested = {rule.replace("NAME", COLUMNS[name]) for rule in (silver if layer == "silver" else gold)}
    # The key is all columns, so that duplicates differ in their address alone; they have tests of their own.
    sentence = {SENTENCE.name} if (layer, name) == ("silver", "cast") else set()
    elsewhere = {"duplicate row", "duplicate key"} | sentence
    assert {rule.name for rule in own_rules(BY_NAME[f"{layer}_{name}"])} == tested | elsewhere


GOLD_BREACHES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "orphan": ({"show_id": 8}, ["show_id: in gold_titles"]),
    "no id": ({"show_id": None}, ["show_id: nullable"]),
    "no name": ({"NAME": None}, ["NAME: nullable"]),
}


@lookups
@pytest.mark.parametrize(("change", "broken"), GOLD_BREACHES.values(), ids=GOLD_BREACHES)
def test_gold_quarantines_a_row_for_the_one_rule_it_breaks(
    judge: Judge, name: str, change: dict[str, Any], broken: list[str]
) -> None:
    """A row of a title that does not exist would count for nothing, or be lost in a join."""
    column = COLUMNS[name]
    row = {column: "Ann", "show_id": 7} | {k.replace("NAME", column): v for k, v in change.items()}
    sound = {column: "Bob", "show_id": 7}
    found = judge(BY_NAME[f"gold_{name}"], gold_titles=[{"show_id": 7}], **{f"silver_{name}": [row, sound]})
    assert found.broken == [[rule.replace("NAME", column) for rule in broken], []]


@lookups
def test_equal_rows_are_kept_once(judge: Judge, name: str) -> None:
    """Two rows of one name and one title differ in their address alone; another title is another row."""
    column = COLUMNS[name]
    named = [("Ann", "7"), (" Ann", "7"), ("Ann", "8")]
    rows = [{column: text, "show_id": show_id} for text, show_id in named]
    found = judge(BY_NAME[f"silver_{name}"], **{f"bronze_{name}": rows})
    assert found.broken == [[], ["duplicate row"], []]


@lookups
def test_orphans_are_judged_before_duplicates(judge: Judge, name: str) -> None:
    """The second of two equal orphans is an orphan, too, not a duplicate."""
    row = {COLUMNS[name]: "Ann", "show_id": 8}
    found = judge(BY_NAME[f"gold_{name}"], gold_titles=[{"show_id": 7}], **{f"silver_{name}": [row, row]})
    assert found.broken == [["show_id: in gold_titles"]] * 2


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("United States,", "United States"),
        ("United States, ,", "United States"),
        ("United States\N{NO-BREAK SPACE},\N{NO-BREAK SPACE}", "United States"),
        ("Congo, Democratic Republic", "Congo, Democratic Republic"),
    ],
)
def test_trailing_commas_go_from_countries(judge: Judge, text: str, country: str) -> None:
    """`United States,` would be a country of its own; a comma inside is part of the name."""
    found = judge(BY_NAME["silver_countries"], bronze_countries=[{"country": text, "show_id": "7"}])
    assert found.accepted[0]["country"] == country


def test_a_country_of_commas_is_none(judge: Judge) -> None:
    """If only commas were delivered, null is left, which the contract does not allow."""
    found = judge(BY_NAME["silver_countries"], bronze_countries=[{"country": " , ,", "show_id": "7"}])
    assert found.broken == [["country: nullable"]]


@pytest.mark.parametrize(
    ("name", "broken"),
    [("Ann de la Vega y Lee", []), ("She plays the mother of the boy", [SENTENCE.name])],
    ids=["six words", "seven words"],
)
def test_a_sentence_as_a_name_is_reported_and_kept(judge: Judge, name: str, broken: list[str]) -> None:
    """A long name may be right: the rule reports it and keeps the row."""
    found = judge(BY_NAME["silver_cast"], bronze_cast=[{"cast": name, "show_id": "7"}])
    assert (found.broken, len(found.accepted)) == ([broken], 1)
