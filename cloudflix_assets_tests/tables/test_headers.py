"""Declared columns are found by name, ignoring case, or by an alias; others are undeclared or absent."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from cloudflix_assets_tests.datasets import CAST, TITLES
from spark.datasets import DATASETS, IN_ONE, Dataset
from spark.delivery.header_defects import HeaderDefect, resolved
from spark.delivery.headers import listed
from spark.delivery.layout import RESERVED

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


UNTIDY = {
    "after a blank": ["cast", " show_id"],
    "before a no-break space": ["cast", "show_id\N{NO-BREAK SPACE}"],
    "after a byte order mark": ["\ufeffcast", "show_id"],
    "an alias among blanks": [" Actor ", "show_id"],
}


@pytest.mark.parametrize("names", UNTIDY.values(), ids=UNTIDY)
def test_white_space_around_a_name_is_no_other_name(names: list[str]) -> None:
    """Nobody sees it, and `misses the column show_id` is what nobody understands who looks at the file."""
    header = resolved(names, CAST)
    assert header.declared == {"cast": 0, "show_id": 1}
    column, place = next((c, at) for c, at in header.declared.items() if at is not None and names[at] != c)
    assert header.tidied == (f"the header has {names[place]!r}, read as {column}",)


def test_what_is_in_other_letters_or_an_alias_needs_no_notice() -> None:
    """Both are declared; a notice in every week would hide the one that matters."""
    assert resolved(["Actor", "SHOW_ID"], CAST).tidied == ()


IN_ONE_FILE = "this looks like the 12-column layout of the catalogue, which holds all five files in one"
NO_HEADER = "the file has no header: its first line looks like a record"
NO_CAST = "the header misses the column cast (or actor, actors); it has"
SEVERAL = "the header has more than one column for cast"
DEFECTS = {
    "missing": (["cast"], "the header misses the column show_id; it has cast"),
    "several missing": (
        ["name", "id"],
        "the header misses the columns cast (or actor, actors), show_id; it has name, id",
    ),
    "twice": (["cast", "show_id", "cast"], "the header repeats the column cast; it has cast, show_id, cast"),
    "twice in other letters": (["Cast", "CAST", "show_id"], f"{SEVERAL}: Cast, CAST"),
    "two aliases": (["actor", "Actors", "show_id"], f"{SEVERAL}: actor, Actors"),
    "of another file": (
        ["director", "show_id"],
        f"{NO_CAST} director, show_id, the columns of netflix_directors.csv",
    ),
    "without a name": (["", "show_id"], f"{NO_CAST} '', show_id"),
    "names in which others would begin": (
        ["cast", "a, b\n", "x" * 99],
        f"the header misses the column show_id; it has cast, 'a, b\\n', {'x' * 39}…",
    ),
    "a record": (["1", "Actor 1"], f"{NO_HEADER} (1, Actor 1), and its columns are cast, show_id"),
    "the catalogue in one file": (
        [*IN_ONE],
        f"{IN_ONE_FILE}: the header has {', '.join(IN_ONE[:10])} and 2 more",
    ),
}


@pytest.mark.parametrize(("names", "sentence"), DEFECTS.values(), ids=DEFECTS)
def test_a_column_that_is_missing_or_ambiguous_is_rejected(names: list[str], sentence: str) -> None:
    """A guess between two columns would publish the wrong one; a name alone does not help to correct it."""
    with pytest.raises(HeaderDefect) as refusal:
        resolved(names, TITLES if len(names) == len(IN_ONE) else CAST)
    assert str(refusal.value) == sentence


NEAR = {
    "misspelt": (["cast", "showid"], "showid", "show_id"),
    "joined otherwise": (["cast", "Show Id"], "Show Id", "show_id"),
    "near an alias": (["actor_s", "show_id"], "actor_s", "cast"),
}


@pytest.mark.parametrize(("names", "near", "column"), NEAR.values(), ids=NEAR)
def test_a_near_name_is_offered_as_an_alias(names: list[str], near: str, column: str) -> None:
    """To take it unasked would be a guess; to be silent about it sends a user to look for the difference."""
    with pytest.raises(HeaderDefect) as refusal:
        resolved(names, CAST)
    assert (
        refusal.value.remedy == f"declare {near} as an alias of {column} in spark/datasets.py if it is meant"
    )


def test_the_catalogue_in_one_file_is_told_its_layout() -> None:
    """It is the commonest form of this catalogue in the world, and no publisher will deliver it otherwise."""
    with pytest.raises(HeaderDefect) as refusal:
        resolved(IN_ONE, TITLES)
    assert "set CLOUDFLIX_LAYOUT=twelve_columns" in str(refusal.value.remedy)


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


UNDECLARED = {
    "an index": (["", "cast", "show_id"], (), ("column 1, which has no name",)),
    "two, apart": (["", "cast", " ", "show_id"], (), ("columns 1, 3, which have no name",)),
    "many": (["cast", "show_id", *[""] * 14], (), ("columns 3 to 16, which have no name",)),
    "many empty": (["cast", "show_id", *[""] * 14], range(2, 16), ()),
    "some empty": (["x", "cast", "show_id", "", ""], [4], ("x", "column 4, which has no name")),
    "untidy": ([" x", "cast", "show_id"], (), ("' x'",)),
}


@pytest.mark.parametrize(("names", "empty", "told"), UNDECLARED.values(), ids=UNDECLARED)
def test_undeclared_columns_are_told_by_name_or_place(
    names: list[str], empty: Collection[int], told: tuple[str, ...]
) -> None:
    """`has : kept` and `#10, #11, …` say nothing to who looks for them in the file."""
    assert resolved(names, CAST).told(empty) == told


def test_a_long_list_of_names_is_cut() -> None:
    """A file of a million columns makes no sentence of a million words."""
    assert listed([str(number) for number in range(12)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"
    assert listed(["a", "b"]) == "a, b"
