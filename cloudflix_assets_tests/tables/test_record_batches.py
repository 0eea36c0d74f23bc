"""Delivered bytes become rows with the right address, whatever stands between them."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import given, reject, settings
from pyarrow.csv import InvalidRow

from cloudflix_assets_tests.datasets import CAST, CATALOGUE
from spark.datasets import Dataset
from spark.delivery import parser
from spark.delivery.blocks import Blocks
from spark.delivery.dialect import PLAIN, Dialect
from spark.delivery.inspection import inspect_file
from spark.delivery.lines import DeliveryDefect
from spark.delivery.parser import record_batches
from spark.delivery.ragged import MAX_RAGGED, Ragged

CASTS, IDS = CAST.columns


@pytest.fixture(autouse=True)
def small_blocks() -> Iterator[None]:
    """Parse in blocks as small as the longest record, so that every file has many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "MIN_BLOCK_BYTES", 1)
        yield


def parsed(content: bytes) -> list[dict[str, Any]]:
    """Parse a file, and return its rows in the order of their addresses."""
    found = inspect_file(io.BytesIO(content), CAST, CAST.file)
    batches = record_batches(
        io.BytesIO(content), CAST, "cast/0.csv", found.longest_record, records=found.records
    )
    table = batches.read_all()
    assert [str(type_) for type_ in table.schema.types] == ["string"] * 5 + ["int64"]
    rows: list[dict[str, Any]] = table.to_pylist()
    return sorted(rows, key=lambda row: int(row["record_number"]))


def test_a_row_holds_text_and_its_address() -> None:
    """Bronze is the record as delivered: no type, no trimming."""
    assert parsed(b"cast,show_id\n Ann ,007\n") == [
        {
            "cast": " Ann ",
            "show_id": "007",
            "rescued": None,
            "malformed": None,
            "source_file": "cast/0.csv",
            "record_number": 1,
        }
    ]


def test_ragged_records_and_blank_lines_do_not_move_addresses() -> None:
    """With an address that is off by one, every quarantine after it names the wrong record."""
    lines = ["Ann,1", "", "Bob", "Cid,3", "", "", "Dan,4,x", "Eve,,5", "Fay,6"]
    rows = parsed("\r\n".join(["", "cast,show_id", "", *lines, ""]).encode())
    assert [(row["record_number"], row[CASTS], row["malformed"]) for row in rows] == [
        (1, "Ann", None),
        (2, None, "Bob"),
        (3, "Cid", None),
        (4, None, "Dan,4,x"),
        (5, None, "Eve,,5"),
        (6, "Fay", None),
    ]


def test_addresses_are_right_across_blocks() -> None:
    """Ragged records before, at and after the end of a block move the numbers of the rows after them."""
    lines = [f"Actor {i}" if i % 7 == 0 else f"Actor {i},{i}" for i in range(1, 501)]
    rows = parsed(("cast,show_id\n" + "\n".join(lines)).encode())
    assert [row["record_number"] for row in rows] == list(range(1, 501))
    assert all((row["malformed"] or row[CASTS]) == f"Actor {row['record_number']}" for row in rows)


def test_a_file_of_ragged_records_alone_is_read() -> None:
    """A file without any sound record must still have every record in bronze."""
    rows = parsed(b"cast,show_id\nAnn\nBob,2,x\n")
    assert [(row["record_number"], row["malformed"]) for row in rows] == [(1, "Ann"), (2, "Bob,2,x")]


def test_a_file_of_which_most_is_ragged_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 53 MB, 7.8 GB were made before the week was refused."""
    assert MAX_RAGGED == 10_000
    monkeypatch.setattr("spark.delivery.ragged.MAX_RAGGED", 100)
    with pytest.raises(DeliveryDefect) as refused:
        parsed(b"cast,show_id\nAnn,1\nBob,2\n" + b"Cid\n" * 200)
    assert str(refused.value).startswith(
        "raw/cast/0.csv: 101 of its first 103 records do not have the 2 fields of the header, and of the "
        "week's 202 at most 100 may; record 103 has 1: 'Cid': have the publisher deliver it again"
    )


@pytest.mark.parametrize(("sound", "accepted"), [(18, False), pytest.param(19, True, marks=pytest.mark.slow)])
def test_a_share_of_ragged_records_that_silver_would_refuse_is_refused(
    monkeypatch: pytest.MonkeyPatch, sound: int, accepted: bool
) -> None:
    """A share that may be published is counted over all records, not over those that came before."""
    monkeypatch.setattr("spark.delivery.ragged.MAX_RAGGED", 100)
    content = b"cast,show_id\n" + b"Eve\n" * 1_100 + b"Ann,1\n" * sound * 1_100
    if not accepted:
        with pytest.raises(DeliveryDefect, match="of the week's 20,900 at most 1,045 may"):
            parsed(content)
        return
    rows = parsed(content)
    assert [row["record_number"] for row in rows] == list(range(1, 20 * 1_100 + 1))
    assert [row["malformed"] for row in rows].count("Eve") == 1_100


def test_records_that_are_passed_over_while_others_are_taken_are_kept() -> None:
    """Pyarrow reads ahead in another thread: the step failed, or a record was lost."""
    ragged, taken, last, interval = Ragged(2, 10**7), set[int](), 50_000, sys.getswitchinterval()

    def pass_over() -> None:
        for number in range(1, last + 1):
            ragged.keep(InvalidRow(2, 1, number * 10, "Eve"))

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(1) as pool:
            passing = pool.submit(pass_over)
            while not passing.done():
                seen = ragged.numbers
                taken |= set(ragged.take(seen[-1] if seen else 0))
            passing.result()
    finally:
        sys.setswitchinterval(interval)
    taken |= set(ragged.take())
    assert taken == {number * 10 for number in range(1, last + 1)}


@pytest.mark.parametrize("field", ["", '""'], ids=["empty", "quoted empty"])
def test_absent_text_is_null(field: str) -> None:
    """In CSV an absent field and an empty text look alike: both are null, never ''."""
    assert parsed(f"cast,show_id\n{field},1\n".encode())[0][CASTS] is None


@pytest.mark.parametrize("text", ["NULL", "null", "NA", "nan", "N/A", "-", " ", "true", "1e3", "2019-01-01"])
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    """A reader that guesses types or nulls invents values."""
    assert parsed(f"cast,show_id\n{text},1\n".encode())[0][CASTS] == text


def test_declared_null_texts_are_null() -> None:
    """They are declared for a column, exactly as delivered: a director may be unknown, a film `Unknown`."""
    declared = replace(CAST, null_texts={"cast": ("NULL", "Not Given")})
    content = b'cast,show_id\nNULL,1\n"NULL",2\nNot Given,NULL\nnull,4\n NULL,5\n,6\nNULL\n'
    batches = record_batches(io.BytesIO(content), declared, "f", 100, records=7)
    assert [(row[CASTS], row[IDS], row["malformed"]) for row in batches.read_all().to_pylist()] == [
        (None, "1", None),
        (None, "2", None),
        (None, "NULL", None),
        ("null", "4", None),
        (" NULL", "5", None),
        (None, "6", None),
        (None, None, "NULL"),
    ]


def test_undeclared_columns_are_rescued_as_json() -> None:
    """Sorted, absent ones left out, all text: the same bytes give the same digest."""
    content = 'show_id,role,cast,"née, ""b"""\n1,"a ""b""",Ann,é\n2,x,Bob,\n3,,Cid,\n'
    assert [row["rescued"] for row in parsed(content.encode())] == [
        json.dumps({'née, "b"': "é", "role": 'a "b"'}, ensure_ascii=False),
        '{"role": "x"}',
        None,
    ]


def test_undeclared_columns_of_one_name_are_both_rescued() -> None:
    """Only declared columns may not repeat; of two undeclared ones neither may vanish."""
    assert parsed(b"cast,x,show_id,x\nAnn,a,1,b\n")[0]["rescued"] == '{"x#2": "a", "x#4": "b"}'


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_header_of_several_lines_is_skipped_whole(line_break: str) -> None:
    """The two readers must agree where the header ends."""
    content = f'cast,"the{line_break}role",show_id\nAnn,x,1\nBob,y,2\n'
    rows = parsed(content.encode())
    assert [(row["record_number"], row[CASTS], row[IDS]) for row in rows] == [
        (1, "Ann", "1"),
        (2, "Bob", "2"),
    ]


HEADER = list(CAST.columns)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
ROWS = st.lists(st.one_of(st.tuples(TEXT, TEXT), st.lists(TEXT, max_size=4)), max_size=12)
steadily = settings(database=None, deadline=None, derandomize=True, max_examples=200)


def assert_both_readers_agree(text: str, encoding: str) -> None:
    """Assert that `inspect_file` counts and `record_batches` returns what Python's `csv` reads."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    expected = [row for row in lines if row][1:]
    content = text.encode(encoding)
    assert inspect_file(io.BytesIO(content), CAST, CAST.file).records == len(expected)
    for block in (1, 16, 64, 4096):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parser, "MIN_BLOCK_BYTES", block)
            rows = parsed(content)
        assert [row["record_number"] for row in rows] == list(range(1, len(expected) + 1))
        for row, fields in zip(rows, expected, strict=True):
            if len(fields) == len(HEADER):
                assert row["malformed"] is None
                assert [row[CASTS] or "", row[IDS] or ""] == fields
            else:
                assert next(csv.reader(io.StringIO(row["malformed"], newline=""))) == fields


# With lines that end in LF alone, Python's writer leaves CR unquoted unless it quotes everything.
DIALECTS = st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)])


@steadily
@given(ROWS, DIALECTS, st.sampled_from(["utf-8", "utf-8-sig"]))
def test_both_readers_read_what_a_writer_wrote(
    rows: list[Sequence[str]], dialect: tuple[str, Literal[0, 1]], encoding: str
) -> None:
    """The number of records is checked by a second reader: one that only one of them reads fails the week."""
    text = io.StringIO(newline="")
    line_end, quoting = dialect
    csv.writer(text, lineterminator=line_end, quoting=quoting).writerows([HEADER, ["Ann", "1"], *rows])
    assert_both_readers_agree(text.getvalue(), encoding)


@steadily
@given(st.text('a ",\r\n\ufeff', max_size=30))
def test_both_readers_read_alike_whatever_passed(text: str) -> None:
    """Whatever text the strict reader accepts, the fast one must read the same."""
    delivered = f"cast,show_id\nAnn,1\n{text}"
    try:
        inspect_file(io.BytesIO(delivered.encode()), CAST, CAST.file)
    except DeliveryDefect:
        reject()
    assert_both_readers_agree(delivered, "utf-8")


def test_a_line_break_in_quotes_survives_the_edge_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pyarrow lost the line feed of one whose carriage return ended a block."""
    monkeypatch.setattr(parser, "MIN_BLOCK_BYTES", 64)
    for length in range(40, 80):
        rows = parsed(f'cast,show_id\r\n{"a" * length},1\r\n"first\r\nsecond",2\r\n'.encode())
        assert rows[-1][CASTS] == "first\r\nsecond"


def test_a_byte_order_mark_that_begins_the_first_record_is_text() -> None:
    """The reader starts after the header, and took it for a second mark of the file."""
    assert parsed("\ufeffcast,show_id\n\ufeffAnn,1\n".encode())[0][CASTS] == "\ufeffAnn"


@pytest.mark.parametrize("dialect", [PLAIN, Dialect(";", "cp1252")])
def test_a_value_that_was_read_otherwise_refuses_the_file(
    dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of records was the same on both sides, so nobody had noticed."""
    read = Blocks.read
    monkeypatch.setattr(Blocks, "read", lambda self, size: read(self, size).replace(b"\r\n", b"\r"))
    content = f'cast{dialect.delimiter}show_id\n"first\r\nsecond"{dialect.delimiter}1\n'
    with pytest.raises(DeliveryDefect) as refused:
        list(record_batches(io.BytesIO(content.encode()), CAST, "f", 100, records=1, dialect=dialect))
    assert "raw/f: its fields hold the byte 0x0A 1 times and read 0: report it" in str(refused.value)


@pytest.mark.parametrize("dataset", CATALOGUE, ids=lambda dataset: dataset.name)
def test_the_real_files_are_read_alike(real_files: Path, dataset: Dataset) -> None:
    """A difference between the readers on real files would lose or change real rows."""
    content = (real_files / dataset.file).read_bytes()
    contents = inspect_file(io.BytesIO(content), dataset, dataset.file)
    batches = list(record_batches(io.BytesIO(content), dataset, "f", 4 * 2**20, records=contents.records))
    table = pa.Table.from_batches(batches)
    expected = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert contents.records == table.num_rows == len(expected)
    for column in dataset.columns:
        assert [value or "" for value in table[column].to_pylist()] == [row[column] for row in expected]
