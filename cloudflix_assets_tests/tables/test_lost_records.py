"""Halves between which titles may be lost are quarantined: no row mixes the fields of two titles."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from pyspark.sql import Row

from cloudflix_assets_tests.datasets import TITLES
from cloudflix_assets_tests.tables.conftest import FILE, FrameOf
from cloudflix_assets_tests.tiers import slow_but
from spark.split_records import SECOND_HALF, UNPROVED, rejoined
from spark.table import REASONS

Line = Sequence[str | None]
COLUMNS = TITLES.columns
ID_FIRST = ("show_id", *COLUMNS[:-1])
ID_BETWEEN = (*COLUMNS[:5], "show_id", *COLUMNS[5:-1])
HEADERS = {"id last": COLUMNS, "id first": ID_FIRST, "id between": ID_BETWEEN}
LAST = 14
"""Titles are numbered from 1, and each of its texts names the title."""
BREAK = 3
"""The place of the field that a line break splits."""
RAGGED: Line = ()


def id_of(title: int) -> str:
    """Return the id of a title."""
    return str(80_000_000 + title)


def whole(header: Sequence[str], title: int) -> Line:
    """Return the record of a title."""
    return [id_of(title) if name == "show_id" else f"{name} of {title}." for name in header]


def head(header: Sequence[str], title: int, at: int = BREAK) -> Line:
    """Return its first half."""
    return whole(header, title)[: at + 1]


def tail(header: Sequence[str], title: int, at: int = BREAK) -> Line:
    """Return its second half."""
    return [f"more of {title}.", *whole(header, title)[at + 1 :]]


def grouped(titles: Iterable[int]) -> list[str | None]:
    """Return ids as in a file of categories that lists all of a title together."""
    return [id_of(title) for title in titles for _ in range(1 + title % 3)]


def in_turns(titles: Iterable[int]) -> list[str | None]:
    """Return ids as in the real file: the first category of each title, the second of those that have one."""
    titles = list(titles)
    return [id_of(title) for turn in range(3) for title in titles if turn <= title % 3]


def shuffled(titles: Iterable[int]) -> list[str | None]:
    """Return ids in an order of their own."""
    ids = grouped(titles)
    Random(1).shuffle(ids)
    return ids


Layout = Callable[[Iterable[int]], list[str | None]]
ALL = range(1, LAST + 1)


@dataclass(frozen=True)
class Case:
    """The delivered records, the ids of the file of categories, and the numbers of the first halves."""

    lines: Sequence[Line]
    known: Sequence[str | None]
    joined: Sequence[int] = ()
    unproved: Sequence[int] = ()
    header: Sequence[str] = field(default=COLUMNS)


def chimera(first: int, second: int, header: Sequence[str], layout: Layout) -> Case:
    """Return a delivery in which all between the beginning of one title and the end of another is lost."""
    lines = [whole(header, title) for title in ALL if title < first]
    lines += [head(header, first), tail(header, second)]
    lines += [whole(header, title) for title in ALL if title > second]
    return Case(lines, layout(ALL), unproved=[first], header=header)


def split(
    *titles: int, broken: Mapping[int, Sequence[Line]], header: Sequence[str] = COLUMNS, known: Layout
) -> Case:
    """Return a delivery in which these titles are split, with other lines in the place of broken ones."""
    lines: list[Line] = []
    firsts = []
    for title in ALL:
        if title in titles:
            firsts.append(len(lines) + 1)
            lines += [head(header, title), tail(header, title)]
        else:
            lines += broken.get(title, [whole(header, title)])
    return Case(lines, known(ALL), joined=firsts, header=header)


def left(case: Case) -> Case:
    """Return the case in which nothing proves what was split."""
    return Case(case.lines, case.known, unproved=case.joined, header=case.header)


def unreadable(titles: Iterable[int]) -> list[str | None]:
    """Return ids between which there are some that no title can have."""
    noise = [None, "0", "tt0080000", " "]
    return [id_ for known in grouped(titles) for id_ in (known, *noise)]


LOST: Mapping[int, Sequence[Line]] = {3: []}
SPANS = {"neighbours": (6, 7), "many titles": (4, 11), "at the beginning": (1, 2), "at the end": (13, 14)}
LAYOUTS: Mapping[str, Layout] = {"grouped": grouped, "in turns": in_turns}
CASES = {
    **{
        f"lost between {span}, {order}, {layout}": chimera(*SPANS[span], HEADERS[order], LAYOUTS[layout])
        for span in SPANS
        for order in HEADERS
        for layout in LAYOUTS
    },
    "lost between halves, in no order": chimera(6, 7, COLUMNS, shuffled),
    **{
        f"another lost, {order}, {layout}": split(
            1, 6, 14, broken=LOST, header=HEADERS[order], known=LAYOUTS[layout]
        )
        for order in HEADERS
        for layout in LAYOUTS
    },
    "another ragged": split(6, broken={3: [RAGGED]}, known=grouped),
    "two in a row": replace(
        split(6, broken={**LOST, 7: [head(COLUMNS, 7, 6), tail(COLUMNS, 7, 6)]}, known=grouped), joined=[5, 7]
    ),
    "a line of nothing beside": split(6, broken={**LOST, 7: [RAGGED, whole(COLUMNS, 7)]}, known=grouped),
    "a copy beside": split(6, broken={**LOST, 7: [whole(COLUMNS, n) for n in (1, 7)]}, known=grouped),
    "ids that no title has between": split(6, broken=LOST, known=unreadable),
    "beside a lost title": left(split(4, broken=LOST, known=grouped)),
    "beside a ragged title": left(split(4, broken={3: [RAGGED]}, known=grouped)),
    "complete, in no order": split(1, 6, 14, broken={}, known=shuffled),
    "incomplete, in no order": left(split(1, 6, 14, broken=LOST, known=shuffled)),
    "incomplete, a title in another place": left(
        split(6, broken=LOST, known=lambda titles: grouped([*range(2, LAST + 1), 1]))
    ),
    "its id is another's": Case(
        [*(whole(COLUMNS, n) for n in range(1, 6)), head(COLUMNS, 6), [*tail(COLUMNS, 6)[:-1], id_of(9)]]
        + [whole(COLUMNS, n) for n in range(7, LAST + 1)],
        grouped(ALL),
        unproved=[6],
    ),
}

ON_BOTH_ENGINES = {
    "lost between neighbours, id last, in turns",
    "lost between at the end, id first, grouped",
    "another lost, id between, grouped",
    "ids that no title has between",
    "complete, in no order",
    "incomplete, in no order",
}
"""One of each proof, and of each lack of one: a case takes seconds on Spark."""


def outcome(frame_of: FrameOf, case: Case) -> list[Row]:
    """Join the halves of a delivery; return its rows in order."""
    bronze = frame_of("bronze_titles", *(_delivered(case.header, line) for line in case.lines))
    raw = frame_of("raw_titles", {"path": FILE, "header": ",".join(case.header)})
    known = frame_of("bronze_category", *({"show_id": id_} for id_ in case.known))
    rows = rejoined(bronze, raw, known, TITLES).collect()
    return sorted(rows, key=lambda row: int(row["record_number"]))


def _delivered(header: Sequence[str], line: Line) -> dict[str, str | None]:
    return dict(zip(header, line, strict=False)) if line else {"malformed": json.dumps("a ragged record")}


def titles_in(row: Row) -> set[str]:
    """Return the numbers of the titles whose texts a row has."""
    found = {number for name in COLUMNS for number in re.findall(r"of (\d+)\.", row[name] or "")}
    return found | ({str(int(row["show_id"]) - 80_000_000)} if (row["show_id"] or "").isdigit() else set())


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.both_engines] * (name in ON_BOTH_ENGINES)) for name in CASES],
)
def test_halves_are_joined_where_nothing_is_lost_between_them(frame_of: FrameOf, name: str) -> None:
    """The beginning of one title and the end of another fit as well as the halves of one."""
    case = CASES[name]
    rows = outcome(frame_of, case)
    reasons = {number + 1: [SECOND_HALF] for number in case.joined}
    reasons |= {number + half: [UNPROVED] for number in case.unproved for half in (0, 1)}
    assert {row["record_number"]: row[REASONS] for row in rows if row[REASONS]} == reasons
    for number in case.joined:
        assert len(titles_in(rows[number - 1])) == 1
        assert None not in [rows[number - 1][name] for name in COLUMNS]
    for number in case.unproved:
        delivered = _delivered(case.header, case.lines[number - 1])
        assert {name: text for name in COLUMNS if (text := rows[number - 1][name])} == delivered


def damaged(chance: Random, header: Sequence[str]) -> list[Line]:
    """Return a delivery with cuts, lost halves, lost lines, ragged ones and chimeras."""
    lines: list[Line] = []
    title = 1
    while title <= 30:
        at = chance.choice([BREAK, BREAK, 2, 6])
        first, second = head(header, title, at), tail(header, title, at)
        kind = chance.choice(
            ["whole"] * 12 + ["split", "split", "first", "second", "lost", "ragged", "chimera"]
        )
        if kind == "chimera":
            title += chance.choice([1, 1, 2, 5])
            second = tail(header, title, at)
        lines += {
            "whole": [whole(header, title)],
            "first": [first],
            "second": [second],
            "lost": [],
            "ragged": [RAGGED],
        }.get(kind, [first, second])
        title += 1
    return lines


@pytest.mark.parametrize("order", slow_but([next(iter(HEADERS))].__contains__, HEADERS))
def test_no_row_mixes_two_titles(frame_of: FrameOf, order: str) -> None:
    """Whatever is lost, a row is of one title; and where enough is left, halves are still joined."""
    found: list[list[str]] = []
    for seed in range(9):
        chance = Random(seed)
        layout = chance.choice([grouped, grouped, in_turns, shuffled])
        case = Case(damaged(chance, HEADERS[order]), layout(range(1, 40)), header=HEADERS[order])
        rows = outcome(frame_of, case)
        mixed = [row for row in rows if len(titles_in(row)) > 1]
        assert not mixed, (seed, mixed)
        found += [row[REASONS] for row in rows]
    assert [SECOND_HALF] in found
    assert [UNPROVED] in found
