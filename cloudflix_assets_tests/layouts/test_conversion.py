"""The files that are made of a delivered one, record by record."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloudflix_assets.layouts.conversion import convert
from cloudflix_assets.layouts.declaration import TWELVE_COLUMNS, DeliveredFile, layout_of
from cloudflix_assets_tests.lakehouse import csv_bytes
from spark.datasets import IN_ONE
from spark.delivery.dialect import PLAIN, Dialect
from spark.delivery.lines import DeliveryDefect

FIRST = dict(
    zip(
        IN_ONE,
        (
            *("s1", "Movie", "The Lake", "Ana Reyes", "Bo Lind, Cy Ode", "Japan", " August 4, 2017"),
            *("2017", "PG", "90 min", "Dramas, Comedies", "A film."),
        ),
        strict=True,
    )
)
TITLE = ["90", "", "Movie", "The Lake", "8/4/2017", "2017", "PG", "A film.", "1"]


def delivered(*changes: Mapping[str, str]) -> bytes:
    return csv_bytes(IN_ONE, [[*{**FIRST, **change}.values()] for change in changes])


def made(
    content: bytes, folder: Path, records: int = 1, dialect: Dialect = PLAIN
) -> dict[str, list[list[str]]]:
    """The records of the made files, header first, by dataset."""
    layout = layout_of(TWELVE_COLUMNS)
    assert layout
    (file,) = layout.files
    assert isinstance(file, DeliveredFile)
    found = convert(io.BytesIO(content), file, dialect, records, folder)
    read = {}
    for one in found:
        with one.path.open(encoding="utf-8", newline="") as opened:
            read[one.dataset.name] = [*csv.reader(opened, strict=True)]
        assert len(read[one.dataset.name]) - 1 == one.records
    return read


def test_a_record_makes_one_of_each_kind(tmp_path: Path) -> None:
    files = made(delivered({}), tmp_path)
    assert files["titles"][1:] == [TITLE]
    assert files["cast"] == [["cast", "show_id"], ["Bo Lind", "1"], ["Cy Ode", "1"]]
    assert files["category"] == [["listed_in", "show_id"], ["Dramas", "1"], ["Comedies", "1"]]
    assert files["countries"] == [["country", "show_id"], ["Japan", "1"]]
    assert files["directors"] == [["director", "show_id"], ["Ana Reyes", "1"]]


LISTS = {
    "": [],
    " ": [],
    ",": [],
    "A,B": ["A", "B"],
    " A ,  B,": ["A", "B"],
    "United States, ": ["United States"],
    ", France, Algeria": ["France", "Algeria"],
    "A, A": ["A", "A"],
    "Bo  Lind": ["Bo  Lind"],
    "Bo\nLind,\nCy": ["Bo\nLind", "Cy"],
    'Bo "B" Lind': ['Bo "B" Lind'],
    "\N{NO-BREAK SPACE}A\N{NO-BREAK SPACE}": ["A"],
}


@pytest.mark.parametrize("text", LISTS)
def test_several_values_in_a_field_are_as_many_records(tmp_path: Path, text: str) -> None:
    """A blank is trimmed and an empty value none; what silver tidies or calls a duplicate is left to it."""
    files = made(delivered({"cast": text}), tmp_path)
    assert files["cast"][1:] == [[value, "1"] for value in LISTS[text]]
    assert files["titles"][1:] == [TITLE]


def test_a_title_is_a_record_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    """Silver says what is wrong, by the number of the record in the delivered file."""
    wrong = (
        {"show_id": "x1"},
        {"rating": "74 min", "duration": ""},
        {"duration": "1 Season", "type": "TV Show"},
        {"duration": "ninety"},
        {"date_added": "sometime"},
        dict.fromkeys(IN_ONE, ""),
    )
    content = delivered(*wrong) + b"\r\ns9,too,short\r\n"
    assert made(content, tmp_path, records=7)["titles"][1:] == [
        [*TITLE[:-1], "x1"],
        ["", "", *TITLE[2:6], "74 min", *TITLE[7:]],
        ["", "1", "TV Show", *TITLE[3:]],
        ["ninety", "ninety", *TITLE[2:]],
        [*TITLE[:4], "sometime", *TITLE[5:]],
        [""] * 9,
        ["s9", "too", "short"],
    ]


def test_a_ragged_record_stays_one(tmp_path: Path) -> None:
    """One with as many fields as a made file has would be read as a sound record of it."""
    files = made(delivered({}) + b"a,b,c,d,e,f,g,h,i\r\ns2,Movie\r\n", tmp_path, records=3)
    assert files["titles"][2:] == [[*"abcdefghi", ""], ["s2", "Movie"]]
    assert files["cast"] == made(delivered({}), tmp_path)["cast"]


def test_undeclared_columns_go_where_a_record_is_a_record(tmp_path: Path) -> None:
    """Bronze keeps them, as it keeps those of five files; a name that is taken there is told apart."""
    header = [*IN_ONE, "Studio", "Duration_Minutes"]
    files = made(csv_bytes(header, [[*FIRST.values(), "A24", "91"]]), tmp_path)
    assert files["titles"][0][-2:] == ["Studio", "Duration_Minutes (delivered)"]
    assert files["titles"][1] == [*TITLE, "A24", "91"]
    assert files["cast"][0] == ["cast", "show_id"]


def test_a_column_that_is_not_there_is_empty(tmp_path: Path) -> None:
    """Absent is null; a file without it would be rejected."""
    (tmp_path / "mine.toml").write_text("[cast.columns]\ncast = { from = 'role' }\nshow_id = { from = '' }\n")
    layout = layout_of(str(tmp_path / "mine.toml"))
    assert layout
    (file,) = (file for file in layout.files if isinstance(file, DeliveredFile))
    assert file.columns == ("role",)
    content = io.BytesIO(csv_bytes(["role"], [["Ana"]]))
    (made,) = convert(content, file, PLAIN, 1, tmp_path)
    assert made.path.read_bytes() == b"cast,show_id\r\nAna,\r\n"


def test_columns_are_found_by_name_in_the_declared_dialect(tmp_path: Path) -> None:
    """The made files are UTF-8 with commas, so that one dialect is enough from there on."""
    names = [*FIRST][::-1]
    row = [(FIRST | {"cast": "José, Zoë"})[name] for name in names]
    text = "\r\n".join(";".join(fields) for fields in (map(str.title, names), row)) + "\r\n"
    files = made(text.encode("cp1252"), tmp_path, dialect=Dialect(";", "cp1252"))
    assert files["titles"][1:] == [TITLE]
    assert files["cast"][1:] == [["José", "1"], ["Zoë", "1"]]


def test_two_readers_that_differ_are_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryDefect, match=r"has 3 records by one reader and 2 by another: report it"):
        made(delivered({}, {}), tmp_path, records=3)
