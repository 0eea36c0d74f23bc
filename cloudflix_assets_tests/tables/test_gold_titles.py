"""Gold titles: the flag for new titles, the ranking by duration; neither counts quarantined titles."""

from typing import Any

import pytest

from cloudflix_assets_tests.tables.conftest import CLEAN, Judge, Judgement, own_rules
from spark.gold.titles import TABLE

TITLES = CLEAN | {"title": "A: Title", "short_title": "A", "rating": "TV-MA", "rating_group": "TV"}


@pytest.fixture
def gold(judge: Judge) -> Any:
    """Return a function that judges changes of a sound silver title; `before` are ids of the week before."""

    def make(*changes: dict[str, Any], before: list[int] | None = None) -> Judgement:
        rows = [TITLES | {"show_id": number} | change for number, change in enumerate(changes, 1)]
        known = [TITLES | {"show_id": show_id} for show_id in before or []]
        return judge(TABLE, silver_titles=rows, silver_titles_before=known)

    return make


def test_a_title_keeps_what_silver_says(gold: Any) -> None:
    """Gold adds two columns to silver and changes nothing else."""
    (row,) = gold({}).accepted
    assert {name: row[name] for name in TITLES} == TITLES
    assert (row["newflag"], row["duration_ranking"]) == (None, 1)


@pytest.mark.parametrize(
    ("before", "flags"),
    [([], [None, None, None]), ([2], [1, 0, 1]), ([1, 2, 3, 4], [0, 0, 0])],
    ids=["no week before", "one was there", "all were there"],
)
def test_newflag(gold: Any, before: list[int], flags: list[int]) -> None:
    """New is what last week's silver titles did not hold; without such a week nobody can tell."""
    found = gold({}, {}, {}, before=before)
    assert [row["newflag"] for row in found.accepted] == flags


@pytest.mark.parametrize(
    ("minutes", "ranks"),
    [
        ([90, 312, 90, 60], [2, 1, 2, 3]),
        ([None, 90, None], [None, 1, None]),
        ([None], [None]),
        ([1, 1, 1], [1, 1, 1]),
    ],
    ids=["dense", "no rank without minutes", "nothing to rank", "all alike"],
)
def test_duration_ranking(gold: Any, minutes: list[int | None], ranks: list[int | None]) -> None:
    """The longest first, no gaps, and a show, which has no minutes, holds no place."""
    found = gold(*({"duration_minutes": value} for value in minutes))
    assert [row["duration_ranking"] for row in found.accepted] == ranks


BROKEN: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no id": ({"show_id": None}, ["show_id: nullable"]),
    "no type": ({"type": None}, ["type: nullable"]),
    "no flag": ({"type_flag": None}, ["type_flag: nullable"]),
    "no title": ({"title": None}, ["title: nullable"]),
    "no year": ({"release_year": None}, ["release_year: nullable"]),
}


@pytest.mark.parametrize(("change", "broken"), BROKEN.values(), ids=BROKEN)
def test_a_title_that_breaks_one_rule_is_quarantined_for_that_rule(
    gold: Any, change: dict[str, Any], broken: list[str]
) -> None:
    """Silver quarantines these rows before; gold must not rely on that."""
    assert gold(change).broken == [broken]


def test_one_id_is_one_title(gold: Any) -> None:
    """The lookups join by show_id: two titles with one id would double their rows."""
    found = gold({}, {"show_id": 1, "title": "B"}, {"show_id": 1})
    assert found.broken == [[], ["duplicate key"], ["duplicate row"]]


def test_every_rule_has_its_title() -> None:
    """A rule that no title here breaks might never break."""
    tested = {rule for _, broken in BROKEN.values() for rule in broken} | {"duplicate row", "duplicate key"}
    computed = {"duration_ranking: ge", "newflag: isin"}
    assert {rule.name for rule in own_rules(TABLE)} == tested | computed
