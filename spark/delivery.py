"""Delivered bytes to record batches with their address: the only parser, and what it takes for CSV.

RFC 4180 in the dialect of the source. A defect of the *file* (quotes, encoding, header) refuses it:
`inspected` finds those with Python's strict reader. A *ragged record* is kept as text in `malformed`:
`record_batches` reads with pyarrow. Two readers, so that each counts the records for the other.
"""

import csv
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import pyarrow as pa
import pyarrow.csv as pc

from spark.batches import MALFORMED, RESCUED, Layout, record_numbers
from spark.counting import counted
from spark.datasets import Dataset
from spark.dialect import PLAIN, Dialect
from spark.headers import Drift, Header, HeaderDefect, listed, resolved
from spark.lines import REMEDY, DeliveryDefect, Lines, NotAgreed, is_unmistakably_utf_8
from spark.table import ADDRESS

__all__ = [
    "MALFORMED",
    "REMEDY",
    "RESCUED",
    "Contents",
    "DeliveryDefect",
    "NotAgreed",
    "added_columns",
    "inspected",
    "record_batches",
    "schema_of",
]

MAX_RECORD_BYTES = 64 * 2**20
MIN_BLOCK_BYTES = 4 * 2**20
RESERVED = frozenset({RESCUED, MALFORMED, *ADDRESS, "week"})
"""Names of columns that bronze adds to those of a file."""


@dataclass(frozen=True)
class Contents:
    """What a sound file holds: records after the header, its header, its longest record in bytes.

    `undeclared` names the columns that its dataset does not declare.
    """

    records: int
    header: tuple[str, ...]
    longest_record: int
    undeclared: tuple[str, ...] = ()


def inspected(
    source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect = PLAIN, drift: Drift = Drift.RESCUE
) -> Contents:
    """Read a file to its end with a strict reader.

    Raises:
        DeliveryDefect: the file is empty, not CSV, holds NUL, misses or repeats a declared column, has
            no records, a record over 64 MB or of a million fields, an unclosed quote, or text after one.
        NotAgreed: another dialect would read it, or it has undeclared columns and they are to fail.
    """
    with _unlimited_fields():
        header, length = _checked_header(source, dataset, file, dialect)
        undeclared = tuple(header.undeclared)
        if undeclared and drift is Drift.FAIL:
            columns = f"undeclared column{'s' if len(undeclared) > 1 else ''} {listed(undeclared)}"
            raise NotAgreed(f"{file}: the header has the {columns}", Drift.RESCUE)
        found = counted(source, MAX_RECORD_BYTES, dialect)
        records, longest = found or _counted_or_refused(source, file, dialect)
    if not records:
        raise DeliveryDefect(f"{file} holds a header and no records")
    if dialect.encoding != "utf-8":
        _refuse_utf_8(source, file, dialect)
    return Contents(records, header.names, max(longest, length), undeclared)


def added_columns(source: BinaryIO, dataset: Dataset, source_file: str, dialect: Dialect) -> tuple[str, ...]:
    """Undeclared columns that can be columns of a table, by the names they have there.

    Raises:
        DeliveryDefect: the header lacks a column that was declared after the file was landed.
    """
    return tuple(_header_passed(source, dataset, source_file, dialect).own_columns(RESERVED))


def schema_of(dataset: Dataset, added: Collection[str] = ()) -> pa.Schema:
    """Columns as delivered and those `added`, all text, then `rescued`, `malformed` and the address."""
    return Layout(dict.fromkeys((*dataset.columns, *added)), {}, "").schema


def record_batches(
    source: BinaryIO,
    dataset: Dataset,
    source_file: str,
    longest_record: int,
    *,
    dialect: Dialect = PLAIN,
    added: Collection[str] = (),
) -> pa.RecordBatchReader:
    """Parse a sound, seekable file into batches of `schema_of(dataset, added)`.

    Absent and empty text is null. Undeclared columns are kept as JSON in `rescued`, unless they are
    among those `added` to the table; ragged records are kept as text in `malformed`.
    Batches are in the order of the file; ragged records come last.

    Raises:
        DeliveryDefect: its header lacks a column that was declared after it was landed.
    """
    header = _header_passed(source, dataset, source_file, dialect)
    own = header.own_columns(RESERVED)
    places = {name: own.get(name) for name in added}
    rescued = {name: at for name, at in header.undeclared.items() if at not in places.values()}
    layout = Layout({**header.declared, **places}, rescued, source_file)
    batches = _batches(source, layout, len(header.names), longest_record, dialect)
    return pa.RecordBatchReader.from_batches(layout.schema, batches)


def _batches(
    source: BinaryIO, layout: Layout, fields: int, longest_record: int, dialect: Dialect
) -> Iterator[pa.RecordBatch]:
    ragged: list[tuple[int, str]] = []

    def keep_ragged(row: pc.InvalidRow) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    # pyarrow decodes what it is not told to be "utf8"; a character of one byte has up to three in UTF-8.
    encoding, widest = ("utf8", 1) if dialect.encoding == "utf-8" else (dialect.encoding, 3)
    positions = [str(position) for position in range(fields)]
    reader = pc.open_csv(
        source,
        read_options=pc.ReadOptions(
            use_threads=False,
            block_size=max(MIN_BLOCK_BYTES, widest * longest_record + 1),
            column_names=positions,
            encoding=encoding,
        ),
        parse_options=pc.ParseOptions(
            delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=keep_ragged
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    following = 1
    for batch in reader:
        numbers = record_numbers(following, batch.num_rows, [number for number, _ in ragged])
        following = int(numbers[-1]) + 1 if len(numbers) else following
        yield layout.batch(batch, numbers)
    if ragged:
        yield layout.ragged(ragged)


def _checked_header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> tuple[Header, int]:
    """The header and its bytes, leaving `source` at the first record."""
    try:
        return _header(source, dataset, file, dialect)
    except DeliveryDefect as defect:
        for other in dialect.alternatives:
            source.seek(0)
            if _has_header(source, dataset, file, other):
                raise NotAgreed(defect.defect, other) from defect
        raise


def _header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> tuple[Header, int]:
    lines = Lines(source, file, dialect, MAX_RECORD_BYTES)
    try:
        names = next((row for row in _rows(lines) if row), None)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    if names is None:
        raise DeliveryDefect(f"{file} is empty")
    try:
        return resolved(names, dataset), lines.length
    except HeaderDefect as defect:
        raise DeliveryDefect(f"{file}: the header {defect}") from None


def _has_header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> bool:
    try:
        _header(source, dataset, file, dialect)
    except DeliveryDefect:
        return False
    return True


def _header_passed(source: BinaryIO, dataset: Dataset, source_file: str, dialect: Dialect) -> Header:
    """The header, leaving `source` at the first record."""
    lines = Lines(source, source_file, dialect, MAX_RECORD_BYTES)
    names = next(row for row in _rows(lines) if row)
    source.seek(lines.length)
    try:
        return resolved(names, dataset)
    except HeaderDefect as defect:
        remedy = "declare the column as optional in spark/datasets.py, or run the week with its publication"
        raise DeliveryDefect(f"raw/{source_file}: the header {defect}", remedy) from None


def _rows(lines: Lines) -> Iterator[list[str]]:
    return csv.reader(lines, strict=True, delimiter=lines.dialect.delimiter)


def _counted_or_refused(source: BinaryIO, file: str, dialect: Dialect) -> tuple[int, int]:
    """Records and the longest, read line by line from the beginning, so that a defect has its record."""
    source.seek(0)
    lines = Lines(source, file, dialect, MAX_RECORD_BYTES)
    try:
        for row in _rows(lines):
            lines.finish_record(blank=not row)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    return lines.record - 1, lines.longest


def _refuse_quotes(error: csv.Error, lines: Lines) -> NoReturn:
    message = str(error)
    if "unexpected end of data" in message:
        lines.refuse("opens a quote that is never closed")
    if "expected after" in message:
        lines.refuse("has text after a closing quote")
    if "new-line character" in message:
        lines.refuse("has a bare carriage return outside quotes")
    lines.refuse(f"cannot be read ({message})")


def _refuse_utf_8(source: BinaryIO, file: str, dialect: Dialect) -> None:
    source.seek(0)
    if is_unmistakably_utf_8(source):
        defect = f"{file} is UTF-8 and not {dialect.encoding.upper()}"
        raise NotAgreed(defect, Dialect(dialect.delimiter))


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    before = csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
