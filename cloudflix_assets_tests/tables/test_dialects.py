"""Files in a declared dialect are read; others are rejected, with the setting that would allow them."""

import csv
import io
import re
from dataclasses import replace
from itertools import product
from typing import Any, Literal, get_args

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from cloudflix_assets_tests.datasets import CAST
from spark.datasets import Dataset
from spark.delivery import parser
from spark.delivery.dialect import PLAIN, Delimiter, Dialect, Encoding, dialect_of
from spark.delivery.headers import Drift
from spark.delivery.inspection import inspect_file
from spark.delivery.lines import REMEDY, DeliveryDefect, NotAgreed
from spark.delivery.parser import added_columns, record_batches, schema_of

SEMICOLON = Dialect(";")
CP1252 = Dialect(encoding="cp1252")
EVERY = [Dialect(*both) for both in product(get_args(Delimiter), get_args(Encoding))]


def read(
    content: bytes, dialect: Dialect = PLAIN, drift: Drift = Drift.RESCUE, dataset: Dataset = CAST
) -> list[dict[str, Any]]:
    """Read a file with both readers, and return its rows in the order of its records."""
    found = inspect_file(io.BytesIO(content), dataset, dataset.file, dialect, drift)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parser, "MIN_BLOCK_BYTES", 1)
        added = added_columns(io.BytesIO(content), dataset, "f", dialect) if drift is Drift.EVOLVE else ()
        batches = record_batches(
            io.BytesIO(content), dataset, "f", found.longest_record, records=0, dialect=dialect, added=added
        )
        rows: list[dict[str, Any]] = batches.read_all().to_pylist()
    assert len(rows) == found.records
    return sorted(rows, key=lambda row: int(row["record_number"]))


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.extension)
def test_a_file_of_each_dialect_is_read(dialect: Dialect) -> None:
    """Text between the delimiters comes out as it was written, ragged records with their numbers."""
    text = 'show_id;cast;x\r\n1;Zoë, née;2\r\n2;a\r\n3;"b;""c""";ÿ\r\n'
    if dialect.delimiter == ",":
        text = text.replace(",", " -")
    text = text.replace(";", dialect.delimiter)
    rows = read(text.encode(dialect.encoding), dialect)
    first = "Zoë - née" if dialect.delimiter == "," else "Zoë, née"
    assert [(row["cast"], row["rescued"], row["malformed"]) for row in rows] == [
        (first, '{"x": "2"}', None),
        (None, None, f"2{dialect.delimiter}a"),
        (f'b{dialect.delimiter}"c"', '{"x": "ÿ"}', None),
    ]


TEXT = st.text(st.characters(codec="cp1252", exclude_characters="\0"), max_size=6)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=12)
WRITERS = st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)])


@settings(database=None, deadline=None, derandomize=True, max_examples=200)
@given(ROWS, WRITERS, st.sampled_from(get_args(Delimiter)), st.sampled_from(["utf-8", "cp1252"]))
def test_both_readers_agree_in_every_dialect(
    rows: list[list[str]], writer: tuple[str, Literal[0, 1]], delimiter: Delimiter, encoding: Encoding
) -> None:
    """A reader that kept to commas or to UTF-8 would count other records, or place them elsewhere."""
    text = io.StringIO(newline="")
    header, umlaut = ["cast", "show_id"], ["Zoë", "1"]  # not UTF-8 by chance
    lines = csv.writer(text, lineterminator=writer[0], quoting=writer[1], delimiter=delimiter)
    lines.writerows([header, umlaut, *rows])
    expected = csv.reader(io.StringIO(text.getvalue(), newline=""), strict=True, delimiter=delimiter)
    found = read(text.getvalue().encode(encoding), Dialect(delimiter, encoding))
    for row, fields in zip(found, [row for row in expected if row][1:], strict=True):
        if row["malformed"] is None:
            assert [row["cast"] or "", row["show_id"] or ""] == fields
        else:
            kept = csv.reader(io.StringIO(row["malformed"], newline=""), delimiter=delimiter)
            assert next(kept) == fields
            assert len(fields) != len(header)


def test_a_record_that_grows_in_utf_8_is_still_read_in_one_block() -> None:
    """The length of the longest record is in the file's bytes, and the block is in those of UTF-8."""
    text = "€" * 1000
    assert read(f"cast,show_id\n{text},1\n".encode("cp1252"), CP1252)[0]["cast"] == text


REFUSED: dict[str, tuple[bytes, Dialect, str, Dialect]] = {
    "semicolons": (b"cast;show_id\nAnn;1\n", PLAIN, "parted by semicolons, not commas", SEMICOLON),
    "semicolons and quotes": (
        b'"cast";"show_id"\n"Ann";"1"\n',
        PLAIN,
        "parted by semicolons, not commas",
        SEMICOLON,
    ),
    "commas under semicolons": (
        b"cast,show_id\nAnn,1\n",
        SEMICOLON,
        "parted by commas, not semicolons",
        PLAIN,
    ),
    "tabs": (b"cast\tshow_id\nAnn\t1\n", PLAIN, "parted by tabs, not commas", Dialect("\t")),
    "pipes": (b"cast|show_id\nAnn|1\n", PLAIN, "parted by pipes, not commas", Dialect("|")),
    "Excel's line": (
        b"\xef\xbb\xbfsep=;\r\ncast;show_id\r\nAnn;1\r\n",
        PLAIN,
        "begins with Excel's line sep=;: its fields are parted by semicolons, not commas",
        SEMICOLON,
    ),
    "cp1252": (
        "cast,show_id\nAnn,1\nZoë,2\n".encode("cp1252"),
        PLAIN,
        r"record 2 is not UTF-8 \(byte 0xEB\), and “Zoë” in CP1252",
        CP1252,
    ),
    "cp1252 in the header": (
        b'\xef\xbb\xbfcast,show_id,"ann\xe9e; 1"\nAnn,1,a\n',
        PLAIN,
        r"the header is not UTF-8 \(byte 0xE9\), and “année; 1” in CP1252",
        CP1252,
    ),
    "a UTF-8 mark under cp1252": (
        b"\xef\xbb\xbf" + b'"cast",show_id\nAnn,2\n',
        CP1252,
        "is UTF-8 and not CP1252",
        PLAIN,
    ),
    "UTF-8 under cp1252": ("cast,show_id\nZoë,2\n".encode(), CP1252, "is UTF-8 and not CP1252", PLAIN),
    "semicolons in cp1252": (
        "cast;show_id\nZoë;2\n".encode("cp1252"),
        CP1252,
        "parted by semicolons, not commas",
        Dialect(";", "cp1252"),
    ),
}


@pytest.mark.parametrize(("content", "dialect", "sentence", "admits"), REFUSED.values(), ids=REFUSED)
def test_another_dialect_is_rejected_and_named(
    content: bytes, dialect: Dialect, sentence: str, admits: Dialect
) -> None:
    """A guessed dialect might be wrong without notice; a message without the remedy costs a search."""
    with pytest.raises(NotAgreed, match=sentence) as refusal:
        read(content, dialect)
    assert refusal.value.admits == admits


OTHER_CODES: dict[str, tuple[str, str]] = {
    "cp1250": ("Michał Żebrowski", "cp1250"),
    "cp1250, at the start": ("Żebrowski", "cp1250"),
    "cp1251": ("Иван Петров", "cp1251"),
    "Mac": ("José Ramón", "mac_roman"),
    "cp850": ("Jos\u00e9 Mu\u00f1oz", "cp850"),
    "GBK": ("周星驰", "gbk"),
}


@pytest.mark.parametrize(("name", "encoding"), OTHER_CODES.values(), ids=OTHER_CODES)
def test_cp1252_is_not_named_where_it_makes_no_words(name: str, encoding: str) -> None:
    """Who followed that advice published `Micha³ ¯ebrowski`."""
    with pytest.raises(DeliveryDefect) as refusal:
        read(b"cast,show_id\nAnn,1\n" + f"{name},2\n".encode(encoding), PLAIN)
    assert not isinstance(refusal.value, NotAgreed)
    said = "and no words in CP1252: ask the publisher how it is encoded, and set CLOUDFLIX_ENCODING if that"
    assert said in str(refusal.value)


WORDS = [
    "naïve café",
    "créée",
    "¿Qué? ¡Olé!",
    "Þórður",
    "A — B",
    "the past—and",
    "L\u2019été",
    "“É”",
    "Nº 1",
    "Project Mc²",
    "50 €",
]


@pytest.mark.parametrize("text", WORDS)
def test_cp1252_is_named_where_it_makes_words(text: str) -> None:
    """Most files that are not UTF-8 are in it."""
    with pytest.raises(NotAgreed, match="in CP1252"):
        read(f"cast,show_id\n{text},2\n".encode("cp1252"), PLAIN)


MOJIBAKE: dict[str, tuple[bytes, Dialect, str]] = {
    "no cp1252": (
        b"Ann,1\nBob\x81,2\n",
        PLAIN,
        "record 2 is not UTF-8 (byte 0x81), and CP1252 has no letter",
    ),
    "no cp1252 later": (
        b"Zo\xeb,1\nBob\x81,2\n",
        PLAIN,
        "record 1 is not UTF-8 (byte 0xEB), and CP1252 has no",
    ),
    "UTF-8 before": (b"Zo\xc3\xab,1\nZo\xeb,2\n", PLAIN, "record 2 is not UTF-8 (byte 0xEB), although other"),
    "UTF-8 behind": (b"Zo\xeb,1\nZo\xc3\xab,2\n", PLAIN, "record 1 is not UTF-8 (byte 0xEB), although other"),
    "a gap of cp1252": (b"Bob\x81,2\n", CP1252, "record 1 is not CP1252 (byte 0x81)"),
}


@pytest.mark.parametrize(("records", "dialect", "sentence"), MOJIBAKE.values(), ids=MOJIBAKE)
def test_no_encoding_is_named_that_reads_other_letters(
    records: bytes, dialect: Dialect, sentence: str
) -> None:
    """Any file is iso-8859-1, and control characters in its place are no text; nor is `ZoÃ«`."""
    with pytest.raises(DeliveryDefect, match=re.escape(sentence)) as refusal:
        read(b"cast,show_id\n" + records, dialect)
    assert not isinstance(refusal.value, NotAgreed)
    assert str(refusal.value).endswith(f": {REMEDY}.")


@pytest.mark.parametrize(
    "content", [b"Ann;1\nBob;2\n", b"a;b\n1;2\n", b"cast:show_id\nAnn:1\n"], ids=["no header", "others", ":"]
)
def test_no_dialect_is_named_that_would_not_help(content: bytes) -> None:
    """A remedy after which the file is rejected again sends the operator in a circle."""
    with pytest.raises(DeliveryDefect, match="the header misses the columns cast") as refusal:
        read(content)
    assert not isinstance(refusal.value, NotAgreed)


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.extension)
@pytest.mark.parametrize("line", ["sep={}\r\n", '"sep={}"\n', "SEP={}\n"])
def test_the_line_of_excel_is_no_record_where_it_says_what_is_declared(line: str, dialect: Dialect) -> None:
    """Excel writes it for itself; a record number that counted it would point beside every record."""
    mark = dialect.delimiter
    content = f"{line.format(mark)}cast{mark}show_id\nAnn{mark}1\nBob\n".encode(dialect.encoding)
    first, ragged = read(content, dialect)
    assert (first["cast"], first["show_id"], first["record_number"]) == ("Ann", "1", 1)
    assert (ragged["malformed"], ragged["record_number"]) == ("Bob", 2)
    torn = f'{content.decode()}"x"y{mark}3\n'.encode()
    with pytest.raises(DeliveryDefect, match="record 3 has text after a closing quote"):
        read(torn, dialect)


def test_an_unknown_mark_in_the_line_of_excel_is_named() -> None:
    """No setting reads it."""
    with pytest.raises(DeliveryDefect, match="begins with Excel's line sep=:: have the") as refusal:
        read(b"sep=:\ncast:show_id\nAnn:1\n")
    assert not isinstance(refusal.value, NotAgreed)


@pytest.mark.parametrize("header", [b"cast,show_id", b'"cast","show_id"'])
def test_a_second_byte_order_mark_is_none_of_the_header(header: bytes) -> None:
    """A file that was saved twice has two, and nobody sees them."""
    (row,) = read(b"\xef\xbb\xbf" * 2 + header + b"\nAnn,1\n", drift=Drift.FAIL)
    assert (row["cast"], row["show_id"], row["rescued"]) == ("Ann", "1", None)


def test_ascii_is_ascii_in_every_encoding() -> None:
    """A file that holds only ASCII must not be reported as UTF-8."""
    content = b"cast,show_id\nAnn,1\n"
    assert read(content) == read(content, CP1252)


def test_a_million_semicolons_are_rejected_by_their_name() -> None:
    """Where semicolons delimit fields, a limit of commas would not protect the memory."""
    content = b"cast;show_id\n%b;1\n"
    with pytest.raises(DeliveryDefect, match="record 1 holds over a million semicolons in one line"):
        read(content % (b";" * 1_000_001), SEMICOLON)
    assert len(read(content % (b"," * 1_000_001), SEMICOLON)) == 1


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.extension)
def test_the_name_of_a_landed_file_tells_its_dialect(dialect: Dialect) -> None:
    """What was read once must be read the same after the setting has changed."""
    assert dialect_of(f"files/cast/0a1b.{dialect.extension}") == dialect


def test_a_plain_file_keeps_its_plain_name() -> None:
    """Its path is content of raw: another name would change every digest."""
    assert PLAIN.extension == "csv"


def test_columns_of_another_file_of_the_week_are_null() -> None:
    """The batches of all files of a week must have one schema."""
    batches = record_batches(
        io.BytesIO(b"cast,x,show_id\nAnn,2,1\n"), CAST, "f", 10, records=1, added=("born", "x")
    )
    assert batches.schema == schema_of(CAST, ("born", "x"))
    (row,) = batches.read_all().to_pylist()
    assert (row["born"], row["x"], row["rescued"]) == (None, "2", None)


def test_undeclared_columns_evolve_the_table() -> None:
    """A column of its own comes after the declared ones; a name that cannot be a column's is rescued."""
    content = b"Born,cast,week,show_id\n1970,Ann,x,1\n,Bob,,2\n"
    rows = read(content, drift=Drift.EVOLVE)
    assert list(rows[0]) == [*CAST.columns, "born", "rescued", "malformed", "source_file", "record_number"]
    assert [(row["born"], row["rescued"]) for row in rows] == [("1970", '{"week": "x"}'), (None, None)]


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"cast,show_id,born", "has the undeclared column born"),
        (b"x,cast,show_id,born", "has the undeclared columns x, born"),
    ],
)
def test_undeclared_columns_fail(header: bytes, told: str) -> None:
    """Where a source is agreed to the letter, a new column is a question to the publisher."""
    with pytest.raises(NotAgreed, match=told) as refusal:
        read(header + b"\n1,2,3,4\n", drift=Drift.FAIL)
    assert refusal.value.admits is Drift.RESCUE


def test_other_names_of_declared_columns_do_not_fail() -> None:
    """An alias is declared."""
    assert read(b"SHOW_ID,actor\n1,Ann\n", drift=Drift.FAIL)[0]["cast"] == "Ann"


def test_an_optional_column_that_is_absent_is_null() -> None:
    """Absent is null, in every record."""
    relaxed = replace(CAST, optional=frozenset({"cast"}))
    rows = read(b"show_id\n1\n2\n", dataset=relaxed)
    assert [(row["cast"], row["show_id"], row["malformed"]) for row in rows] == [
        (None, "1", None),
        (None, "2", None),
    ]


def test_a_column_declared_after_a_file_was_landed_is_reported() -> None:
    """When the code changes, an older file is parsed again: it may lack a column that is declared now."""
    later = replace(CAST, columns=(*CAST.columns, "role"))
    told = "raw/files/cast/0.csv: the header misses the column role; it has cast, show_id: declare the column"
    with pytest.raises(DeliveryDefect, match=told):
        record_batches(io.BytesIO(b"cast,show_id\nAnn,1\n"), later, "files/cast/0.csv", 10, records=1)
