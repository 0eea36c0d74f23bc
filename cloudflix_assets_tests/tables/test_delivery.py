"""A defect of a file is reported with its record; what only looks like a defect passes."""

import csv
import io
from collections.abc import Iterator

import pytest

from cloudflix_assets_tests.datasets import CAST
from spark.delivery import inspection
from spark.delivery.inspection import Contents, inspect_file
from spark.delivery.lines import MAX_RECORD_BYTES, REMEDY, DeliveryDefect

FILE = CAST.file
MEGABYTE = 2**20

DEFECTS = {
    "empty file": (b"", "is empty"),
    "BOM alone": (b"\xef\xbb\xbf", "is empty"),
    "line breaks alone": (b"\n\r\n\n", "is empty"),
    "header only": (b"cast,show_id\r\n", "holds a header and no records"),
    "header and blank lines": (b"cast,show_id\n\n\r\n", "holds a header and no records"),
    # Every defect of a header is in test_headers.py.
    "missing column": (b"cast,id\nAnn,1\n", "the header misses the column show_id"),
    "no header": (b"Ann,1\nBob,2\n", "the file has no header: its first line looks like a record (Ann, 1)"),
    "unclosed quote": (b'cast,show_id\nAnn,1\n"Bob,2\nCid,3\n', "record 2 opens a quote that is never"),
    "unclosed quote in the header": (b'cast,"show_id\nAnn,1\n', "the header opens a quote that is never"),
    "text after a quote": (b'cast,show_id\nAnn,1\n"Bob"x,2\n', "record 2 has text after a closing quote"),
    "blank after a quote": (b'cast,show_id\n"Ann" ,1\n', "record 1 has text after a closing quote"),
    "quotes after backslashes": (
        b'cast,show_id\nAnn,1\n"Bob \\"B\\"",2\n',
        "record 2 has text after a closing quote (is a quote escaped by a backslash? CSV writes it twice)",
    ),
    "NUL": (b"cast,show_id\nAnn,1\nB\0b,2\n", "record 2 holds a NUL byte"),
    "NUL in the header": (b"cast,show\0_id\nAnn,1\n", "the header holds a NUL byte"),
    "UTF-16, little end first": ("cast,show_id\nAnn,1\n".encode("utf-16"), "is UTF-16 and must be UTF-8"),
    "UTF-16, big end first": (b"\xfe\xff" + "cast,show_id\n".encode("utf-16-be"), "is UTF-16 and must be"),
    "UTF-32": ("cast,show_id\nAnn,1\n".encode("utf-32"), "is UTF-32 and must be UTF-8"),
    "a list in JSON": (b'[{"cast": "Ann", "show_id": 1}]', "is JSON, not CSV"),
    "a note between blank lines": (
        b"\n# exported by x\n\ncast,show_id\nAnn,1\n",
        "the header stands in line 4, below “# exported by x”",
    ),
    "UTF-16-LE without BOM": (
        "cast,show_id\nAnn,1\n".encode("utf-16-le"),
        "is UTF-16 without a byte order mark",
    ),
    "UTF-16-BE without BOM": (
        "cast,show_id\nAnn,1\n".encode("utf-16-be"),
        "is UTF-16 without a byte order mark",
    ),
    "title line": (
        b"Cast of 2026\ncast,show_id\nAnn,1\n",
        "the header stands in line 2, below “Cast of 2026”",
    ),
    "notes above": (
        b"\xef\xbb\xbf# exported by x\n# 2 rows,of cast\n\ncast,show_id\nAnn,1\n",
        "the header stands in line 4, below “# exported by x”: have it delivered without the lines above it",
    ),
    "Latin-1": ("cast,show_id\nAnn,1\n\nRené,2\n".encode("latin-1"), "record 2 is not UTF-8"),
    "a character torn at the end": ("cast,show_id\nAnn,1\nBob,é".encode()[:-1], "record 2 is not UTF-8"),
    "bare CR": (b"cast,show_id\nAnn,1\nBob\rCid,2\n", "record 2 has a bare carriage return outside quotes"),
    "CR as line ends": (b"cast,show_id\rAnn,1\r", "the header has a bare carriage return outside quotes"),
}


@pytest.mark.parametrize(("content", "sentence"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_of_the_file_is_reported_with_its_record(content: bytes, sentence: str) -> None:
    """A torn file that passes makes orphans; a message that names no record does not help to repair it."""
    with pytest.raises(DeliveryDefect) as refusal:
        inspect_file(io.BytesIO(content), CAST, FILE)
    told = str(refusal.value)
    assert told.startswith(FILE)
    assert sentence in told
    assert told.endswith((f": {REMEDY}.", f", else {REMEDY}."))


SOUND = {
    "CRLF": b"cast,show_id\r\nAnn,1\r\nBob,2\r\n",
    "LF": b"cast,show_id\nAnn,1\nBob,2\n",
    "no line break at the end": b"cast,show_id\nAnn,1\nBob,2",
    "BOM": b"\xef\xbb\xbfcast,show_id\nAnn,1\nBob,2\n",
    "BOM and quoted header": b'\xef\xbb\xbf"cast","show_id"\nAnn,1\nBob,2\n',
    "blank lines": b"\n\ncast,show_id\n\nAnn,1\r\n\r\nBob,2\n\n",
    "quoted line breaks": b'cast,show_id\n"Ann\nLee",1\n"Bob\r\nLee",2\n',
    "quoted bare CR": b'cast,show_id\n"Ann\rLee",1\nBob,2\n',
    "doubled quotes": b'cast,show_id\n"""Ann"" Lee",1\nBob,2\n',
    "quote inside a field": b'cast,show_id\nAnn "Lee",1\nBob,2\n',
    "ragged records": b"cast,show_id\nAnn,1,x\nBob\n",
    "nothing but commas": b"cast,show_id\n,\n,\n",
    "separators that end no line": "cast,show_id\nAn\u2028n,1\nBo\x0b\x85b,2\n".encode(),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_a_sound_file_is_counted(content: bytes) -> None:
    """What RFC 4180 allows, and what only makes a record ragged, is no defect of the file."""
    contents = inspect_file(io.BytesIO(content), CAST, FILE)
    assert (contents.records, contents.header) == (2, ("cast", "show_id"))


def test_the_header_may_be_reordered_and_hold_more() -> None:
    """The publisher may add a column and move others; the declared ones are found by name."""
    contents = inspect_file(io.BytesIO(b"show_id,born,cast\n1,1970,Ann\n"), CAST, FILE)
    header = ("show_id", "born", "cast")
    assert contents == Contents(1, header, len(b"show_id,born,cast\n"), undeclared=("born",))


NOTICES: dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]] = {
    "untidy": (b"cast, show_id\nAnn,1\n", (), ("the header has ' show_id', read as show_id",)),
    "an index": (b",cast,show_id\n0,Ann,1\n", ("column 1, which has no name",), ()),
    "an empty column": (b"cast,show_id,\nAnn,1,\n", (), ("one empty column without a name (3)",)),
    "empty columns": (
        b"cast,show_id,,,\nAnn,1,,,\nBob\n",
        (),
        ("3 empty columns without a name (3 to 5)",),
    ),
    "one that is not empty": (
        b"cast,show_id,,,\nAnn,1,,,\nBob,2,,x,\n",
        ("column 4, which has no name",),
        ("2 empty columns without a name (3, 5)",),
    ),
}


@pytest.mark.parametrize(("content", "undeclared", "notices"), NOTICES.values(), ids=NOTICES)
def test_what_a_header_has_beside_its_columns_is_told(
    content: bytes, undeclared: tuple[str, ...], notices: tuple[str, ...]
) -> None:
    """What nobody is told of is wondered at later; what is told at length hides what matters."""
    contents = inspect_file(io.BytesIO(content), CAST, FILE)
    assert (contents.undeclared, contents.notices) == (undeclared, notices)


def test_the_longest_record_is_in_bytes_with_its_line_breaks() -> None:
    """It becomes the block size of the second reader, which fails on a longer record."""
    record = 'Zoë "née\r\nLi",1\r\n'.replace('"née', '""née').replace("Zoë", '"Zoë').replace('Li"', 'Li"""')
    content = f"cast,show_id\r\n\r\nAnn,1\r\n{record}\r\nBob,2\r\n".encode()
    assert inspect_file(io.BytesIO(content), CAST, FILE).longest_record == len(record.encode())


def test_a_field_over_python_s_limit_of_characters_is_no_defect() -> None:
    """`csv` stops at 131,072 characters in a field unless told otherwise."""
    content = b"cast,show_id\n" + b"x" * 200_000 + b",1\n"
    assert inspect_file(io.BytesIO(content), CAST, FILE).records == 1


def test_the_limit_of_fields_is_put_back_after_a_defect() -> None:
    """The limit of `csv` belongs to the whole process: other code in it relies on it."""
    before = csv.field_size_limit()
    with pytest.raises(DeliveryDefect):
        inspect_file(io.BytesIO(b""), CAST, FILE)
    assert csv.field_size_limit() == before


def record_of(size: int) -> Iterator[bytes]:
    """A header, a short record, and a record of so many bytes: quoted fields of one megabyte."""
    yield from (b"cast,show_id\n", b"Ann,1\n")
    line = b'","'.ljust(MEGABYTE - 1, b"x") + b"\n"
    yield line[2:]
    written = len(line) - 2
    while size - written > MEGABYTE:
        yield line
        written += len(line)
    yield b'"\n'.rjust(size - written, b"y")


def test_a_record_of_exactly_64_mb_passes() -> None:
    """The limit itself is allowed: an off-by-one would refuse a sound file."""
    source = io.BytesIO(b"".join(record_of(MAX_RECORD_BYTES)))
    assert inspect_file(source, CAST, FILE).longest_record == 64 * MEGABYTE


def test_a_record_of_one_byte_more_is_rejected() -> None:
    """A quote that is never closed takes in the rest of the file; without a limit it fills the memory."""
    source = io.BytesIO(b"".join(record_of(MAX_RECORD_BYTES + 1)))
    with pytest.raises(DeliveryDefect, match=r"record 2 is over 64 MB \(is a quote never closed\?\)"):
        inspect_file(source, CAST, FILE)


def test_the_size_of_a_record_is_no_sum_over_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """A length that is summed over short records or blank lines would reject a sound file."""
    monkeypatch.setattr(inspection, "MAX_RECORD_BYTES", 16)
    content = b"cast,show_id\n" + b"Ann,1\n\n" * 50
    assert inspect_file(io.BytesIO(content), CAST, FILE).records == 50
