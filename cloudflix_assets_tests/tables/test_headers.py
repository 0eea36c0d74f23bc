"""Declared columns are found by name, ignoring case, or by an alias; others are undeclared or absent."""

from dataclasses import replace

import pytest

from spark.datasets import DATASETS, Dataset
from spark.delivery.headers import HeaderDefect, listed, resolved
from spark.delivery.layout import RESERVED

CAST = DATASETS[1]
TITLES = DATASETS[0]
EVERY_ALIAS = [
    (dataset, column, alias)
    for dataset in DATASETS
    for column, aliases in dataset.aliases.items()
    for alias in aliases
]

FOUND = {
    "in their order": (["cast", "show_id"], {"cast": 0, "show_id": 1}),
    "reordered, among others": (["born", "show_id", "cast"], {"cast": 2, "show_id": 1}),
    "in other letters": (["CAST", "Show_ID"], {"cast": 0, "show_id": 1}),
    "by an alias": (["actor", "show_id"], {"cast": 0, "show_id": 1}),
    "by an alias in other letters": (["Actors", "show_id"], {"cast": 0, "show_id": 1}),
    "its very name before other letters": (["Cast", "cast", "show_id"], {"cast": 1, "show_id": 2}),
    "other letters before an alias": (["actor", "Cast", "show_id"], {"cast": 1, "show_id": 2}),
}


@pytest.mark.parametrize(("names", "expected"), FOUND.values(), ids=FOUND)
def test_a_declared_column_is_found(names: list[str], expected: dict[str, int]) -> None:
    """One that is there under a known name must not stop the week, nor be taken for another."""
    assert resolved(names, CAST).declared == expected


@pytest.mark.parametrize(
    ("dataset", "column", "alias"), EVERY_ALIAS, ids=[f"{alias}" for _, _, alias in EVERY_ALIAS]
)
def test_every_declared_alias_stands_for_its_column(dataset: Dataset, column: str, alias: str) -> None:
    """`show_type` of other copies of this catalogue is the column `type`."""
    names = [alias if name == column else name for name in dataset.columns]
    assert resolved(names, dataset).declared[column] == dataset.columns.index(column)


DEFECTS = {
    "missing": (["cast"], "misses the column show_id"),
    "twice": (["cast", "show_id", "cast"], "repeats the column cast"),
    "twice in other letters": (["Cast", "CAST", "show_id"], "has more than one column for cast: Cast, CAST"),
    "two aliases": (["actor", "Actors", "show_id"], "has more than one column for cast: actor, Actors"),
    "an alias of another dataset": (["director", "show_id"], "misses the column cast"),
    "after a blank": (["cast", " show_id"], "misses the column show_id"),
}


@pytest.mark.parametrize(("names", "sentence"), DEFECTS.values(), ids=DEFECTS)
def test_a_column_that_is_missing_or_ambiguous_is_rejected(names: list[str], sentence: str) -> None:
    """A guess between two columns would publish the wrong one in silence."""
    with pytest.raises(HeaderDefect) as refusal:
        resolved(names, CAST)
    assert str(refusal.value) == sentence


def test_an_optional_column_may_be_missing_and_is_read_where_it_is_not() -> None:
    """Only an optional column may be missing: without a required one the file is torn."""
    relaxed = replace(CAST, optional=frozenset({"cast"}))
    assert resolved(["show_id"], relaxed).declared == {"cast": None, "show_id": 0}
    assert resolved(["show_id", "CAST"], relaxed).declared == {"cast": 1, "show_id": 0}
    with pytest.raises(HeaderDefect, match="misses the column show_id"):
        resolved(["cast"], relaxed)


def test_what_stands_beside_a_better_fit_is_undeclared() -> None:
    """`type` is declared, so a `show_type` beside it is the publisher's own."""
    header = resolved(["show_type", *TITLES.columns, "x", "x"], TITLES)
    assert header.undeclared == {"show_type": 0, "x#11": 10, "x#12": 11}


OWN = {
    "plain": ("born", "born"),
    "in other letters": ("Born", "born"),
    "blanks and brackets": (" Born (year) ", "born_year"),
    "dots and quotes": ('a.b"c`d', "a_b_c_d"),
    "an accent": ("né", "né"),
    "a number first": ("2024 views", "2024_views"),
    "hidden": ("_broken", "broken"),
    "a method of contracts": ("validate", "validate"),
}


@pytest.mark.parametrize(("name", "column"), OWN.values(), ids=OWN)
def test_an_undeclared_column_has_a_name_in_a_table(name: str, column: str) -> None:
    """A name must be the same on every engine, whether the engine ignores case or not."""
    assert resolved(["cast", name, "show_id"], CAST).own_columns(RESERVED) == {column: 1}


NO_OWN = {
    "rescued": ["rescued"],
    "an address": ["Record Number"],
    "the week": ["week"],
    "a declared column in other letters": ["Show_ID"],
    "one name for two": ["Born", "born"],
    "twice": ["born", "born"],
    "no letter at all": ["%"],
    "no name": [""],
}


@pytest.mark.parametrize("names", NO_OWN.values(), ids=NO_OWN)
def test_an_undeclared_column_without_a_usable_name_has_none(names: list[str]) -> None:
    """It would replace a column of bronze, or one of the two would vanish: they are rescued instead."""
    header = resolved(["cast", *names, "show_id"], CAST)
    assert header.own_columns(RESERVED) == {}
    assert len(header.undeclared) == len(names)


def test_a_long_list_of_names_is_cut() -> None:
    """A file of a million columns makes no sentence of a million words."""
    assert listed([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert listed(["a", "b"]) == "a, b"
