"""The halves of a split record are joined; records that only look like halves are left alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest
from pyspark.sql import Row

from cloudflix_assets_tests.datasets import TITLES
from cloudflix_assets_tests.lakehouse import TITLE
from cloudflix_assets_tests.tables.conftest import FrameOf
from spark.split_records import SECOND_HALF, UNPROVED, rejoined
from spark.table import REASONS

pytestmark = pytest.mark.both_engines

COLUMNS = TITLES.columns
Fields = Mapping[str, str | int | None]


@dataclass(frozen=True)
class Case:
    """Delivered records, each by its fields, and what they must become.

    `second_halves` and `unproved` are the numbers of the records that must be named so.
    """

    delivered: Sequence[Fields]
    expected: Sequence[Fields]
    second_halves: Sequence[int] = ()
    unproved: Sequence[int] = ()
    header: Sequence[str] = COLUMNS


def record(*fields: str | None) -> Fields:
    """Return a record with these fields; the others are empty."""
    return dict(zip(COLUMNS, fields, strict=False))


def halves(column: str, first: str, second: str, **whole: str | None) -> tuple[Fields, Fields]:
    """Return both halves of a record that a line break in `column` split; that field is in both."""
    values = list({**TITLE, **whole}.values())
    position = COLUMNS.index(column)
    return record(*values[:position], first), record(second, *values[position + 1 :])


def joined(column: str, first: str, second: str, text: str) -> Case:
    """Return the case of a record split in `column`, which must come out with `text` there."""
    first_half, second_half = halves(column, first, second)
    whole = TITLE | {column: text}
    return Case([first_half, second_half], [whole, second_half], second_halves=[2])


def left_alone(*records: Fields, unproved: Sequence[int] = ()) -> Case:
    """Return the case of records that must stay as they are."""
    return Case(records, records, unproved=unproved)


def delivered(header: Sequence[str], *fields: str | None) -> Fields:
    """Return a record of a file with this header; undeclared columns are rescued."""
    record = {name: text for name, text in zip(header, fields, strict=False) if text is not None}
    rescued = {name: record.pop(name) for name in {*record} - {*COLUMNS}}
    return {**record, **({"rescued": json.dumps(rescued)} if rescued else {})}


def split(header: Sequence[str], column: str, first: str, second: str) -> Case:
    """Return the case of a title in a file with this header that is split in `column`."""
    values = [(TITLE | EXTRA)[name] for name in header]
    at = header.index(column)
    halves = delivered(header, *values[:at], first), delivered(header, second, *values[at + 1 :])
    whole = TITLE | {column: f"{first}\n{second}"}
    return Case(halves, [whole, halves[1]], second_halves=[2], header=header)


def unproved(header: Sequence[str], column: str, first: str, second: str) -> Case:
    """Return the case of a title that is split as in `split`, and whose first half may be the whole."""
    case = split(header, column, first, second)
    return Case(case.delivered, case.delivered, unproved=[1, 2], header=header)


EXTRA: dict[str, str | None] = {"studio": 'A "24"', "budget": "1"}
ID_FIRST = ("show_id", *COLUMNS[:-1])
REVERSED = COLUMNS[::-1]
BETWEEN = (*COLUMNS[:4], "studio", *COLUMNS[4:], "budget")
KNOWN = [TITLE["show_id"], "7", "8", "2", "s7"]
MALFORMED: Fields = {"malformed": "90,,Movie"}
FIRST, SECOND = halves("description", "It happens", "again.", show_id="7")
FIRST_2, SECOND_2 = halves("title", "Nineteen", "Eighty-Four", show_id="8")
OTHER = TITLE | {"title": "Another", "show_id": "2"}
WHOLE, WHOLE_2 = (
    TITLE | {"description": "It happens\nagain.", "show_id": "7"},
    TITLE | {"title": "Nineteen\nEighty-Four", "show_id": "8"},
)
# Five fields and five again, each ending in a number: the second half could be a first one too.
RUN = [record("90", None, "Movie", "One", "1"), record(*"bcde", "2"), record(*"fghi", "3")]

CASES = {
    "break in the title": joined("title", "The", "Belle", "The\nBelle"),
    "break in the date": joined("date_added", "9/30", "/2019", "9/30\n/2019"),
    "break in the description": joined("description", "And", "probably will.", "And\nprobably will."),
    "left over quote goes": joined("description", "And", 'will."', "And\nwill."),
    "left over quote after a quotation goes": joined("description", 'A "b"', 'c."', 'A "b"\nc.'),
    "quotation at the end stays": joined("description", "He says", '"no."', 'He says\n"no."'),
    "odd quote inside stays": joined("description", 'A 5" tape', "runs.", 'A 5" tape\nruns.'),
    "blanks around the id": Case(
        [FIRST, {**SECOND, "duration_seasons": " 7 "}],
        [WHOLE | {"show_id": " 7 "}, {**SECOND, "duration_seasons": " 7 "}],
        second_halves=[2],
    ),
    "an id with a letter before it": Case(
        [*halves("description", "And", "will.", show_id="s7")],
        [
            TITLE | {"description": "And\nwill.", "show_id": "s7"},
            halves("description", "And", "will.", show_id="s7")[1],
        ],
        second_halves=[2],
    ),
    "two split records in a row": Case(
        [FIRST, SECOND, FIRST_2, SECOND_2], [WHOLE, SECOND, WHOLE_2, SECOND_2], second_halves=[2, 4]
    ),
    "intact records around": Case(
        [OTHER, FIRST, SECOND, OTHER], [OTHER, WHOLE, SECOND, OTHER], second_halves=[3]
    ),
    "a title delivered twice, cut, and the end of another": left_alone(
        TITLE, record(*list(TITLE.values())[:7], str(TITLE["description"])[:9]), SECOND, unproved=[2, 3]
    ),
    "titles that begin alike": Case(
        [OTHER | {"title": "Nineteen Roses"}, OTHER, FIRST_2, SECOND_2],
        [OTHER | {"title": "Nineteen Roses"}, OTHER, WHOLE_2, SECOND_2],
        second_halves=[4],
    ),
    "the beginning of a title with the same id": Case(
        [WHOLE, FIRST, SECOND], [WHOLE, WHOLE, SECOND], second_halves=[3]
    ),
    "malformed record beside": Case(
        [MALFORMED, FIRST, SECOND, MALFORMED], [MALFORMED, WHOLE, SECOND, MALFORMED], second_halves=[3]
    ),
    "three in a run": Case(
        RUN, [record("90", None, "Movie", "One", "1\nb", *"cde", "2"), *RUN[1:]], second_halves=[2]
    ),
    "break in the first column, the second half has its id": left_alone(
        *halves("duration_minutes", "9", "0")
    ),
    "intact record between": left_alone(FIRST, TITLE, SECOND),
    "malformed record between": left_alone(FIRST, MALFORMED, SECOND),
    "first half malformed": left_alone(MALFORMED, SECOND),
    "halves in the wrong order": left_alone(SECOND, FIRST, unproved=[1, 2]),
    "an id that is no number": left_alone(FIRST, {**SECOND, "duration_seasons": "7a"}, unproved=[1, 2]),
    "an id that was cut off": left_alone(*halves("title", "A", "B", show_id="801"), unproved=[1, 2]),
    "a cut one and a whole one": Case(
        [*halves("title", "A", "B", show_id="801"), FIRST, SECOND],
        [*halves("title", "A", "B", show_id="801"), WHOLE, SECOND],
        second_halves=[4],
        unproved=[1, 2],
    ),
    "id first": split(ID_FIRST, "title", "The", "Belle"),
    "id first, break in the last column": unproved(ID_FIRST, "description", "And", "will."),
    "id first, a page's footer": Case(
        [TITLE, delivered(ID_FIRST, "Page 2"), TITLE],
        [TITLE, delivered(ID_FIRST, "Page 2"), TITLE],
        unproved=[1, 2],
        header=ID_FIRST,
    ),
    "a page's footer": left_alone(TITLE, record("Page 2"), TITLE),
    "id first, the other half is lost": Case(
        [delivered(ID_FIRST, "7", *list(TITLE.values())[:4])] * 2,
        [delivered(ID_FIRST, "7", *list(TITLE.values())[:4])] * 2,
        header=ID_FIRST,
    ),
    "id first, whole titles": Case([TITLE, TITLE], [TITLE, TITLE], header=ID_FIRST),
    "reversed": split(REVERSED, "title", "The", "Belle"),
    "undeclared columns between": split(BETWEEN, "title", "The", "Belle"),
    "undeclared column split": split((*ID_FIRST, "studio"), "description", "And", "will."),
    "id is empty": left_alone(FIRST, record("again.")),
    "one field too many": left_alone(FIRST, record("again.", "x", "7")),
    "one field too few": left_alone(record(*list(TITLE.values())[:7]), SECOND),
    "intact but for its id": left_alone(TITLE | {"show_id": None}, TITLE),
    "two intact but for their ids": left_alone(TITLE | {"show_id": None}, TITLE | {"show_id": None}),
    "empty records": left_alone(record(), record()),
    "first half at the end of a file": left_alone(FIRST),
    "second half at the start of the next file": left_alone({**SECOND, "record_number": 2}),
}


@pytest.fixture(scope="module")
def outcome(frame_of: FrameOf) -> Mapping[str, list[Row]]:
    """Join the records of all cases in one frame, in which each case is a file of its own."""
    rows = [
        {"record_number": number, **fields, "source_file": path(name)}
        for name, case in CASES.items()
        for number, fields in enumerate(case.delivered, 1)
    ]
    raw = [{"path": path(name), "header": ",".join(case.header)} for name, case in CASES.items()]
    bronze, landed = frame_of("bronze_titles", *rows), frame_of("raw_titles", *raw)
    known = frame_of("bronze_category", *({"show_id": id_} for id_ in KNOWN))
    found = rejoined(bronze, landed, known, TITLES).collect()
    found.sort(key=lambda row: int(row["record_number"]))
    return {name: [row for row in found if row["source_file"] == path(name)] for name in CASES}


@pytest.mark.parametrize("name", CASES)
def test_split_records(outcome: Mapping[str, list[Row]], name: str) -> None:
    """A split title loses its id, and with it every row of the lookups; a wrong join invents a title."""
    case = CASES[name]
    rows = outcome[name]
    expected = [dict.fromkeys(COLUMNS) | _declared(fields) for fields in case.expected]
    assert [{column: row[column] for column in COLUMNS} for row in rows] == expected
    reasons = {n: [SECOND_HALF] for n in case.second_halves} | {n: [UNPROVED] for n in case.unproved}
    assert [row[REASONS] for row in rows] == [reasons.get(number, []) for number in range(1, len(rows) + 1)]


def path(name: str) -> str:
    """Return the landed file of a case."""
    return f"files/titles/{list(CASES).index(name)}.csv"


def _declared(fields: Fields) -> dict[str, str | int | None]:
    return {column: value for column, value in fields.items() if column in COLUMNS}
