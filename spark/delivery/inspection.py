"""Decide whether a delivered file is sound, by reading it to its end with a strict reader.

Lines and their defects are in `lines`, the quick count in `counting`, the header in `headers`.
Reading the records of a file that has passed is done in `parser`.
"""

import csv
import io
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from spark.datasets import Dataset
from spark.delivery.counting import counted
from spark.delivery.dialect import PLAIN, Dialect
from spark.delivery.header_defects import HeaderDefect, resolved
from spark.delivery.headers import LONGEST_NAME, Drift, Header, listed, places
from spark.delivery.lines import (
    MAX_RECORD_BYTES,
    REMEDY,
    DeliveryDefect,
    Lines,
    NotAgreed,
    is_unmistakably_utf_8,
    rows,
    unlimited_fields,
    utf_8_defect,
)

LONGEST_HEADER = 2**16
"""Bytes in which another header than the declared one is looked for."""

MOST_LINES_ABOVE = 10
"""Lines of a title or a note below which a header is looked for."""


@dataclass(frozen=True)
class Contents:
    """The contents of a sound file.

    Args:
        records: their number, without the header.
        header: its names as delivered.
        longest_record: bytes, the header included.
        undeclared: the columns that its dataset does not declare and that hold something, as they are told.
        notices: what else is to be told of the file, each as the rest of a sentence.
    """

    records: int
    header: tuple[str, ...]
    longest_record: int
    undeclared: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def inspect_file(
    source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect = PLAIN, drift: Drift = Drift.RESCUE
) -> Contents:
    """Read a file to its end with a strict reader, and return what it holds.

    Raises:
        DeliveryDefect: the file is empty, not CSV, holds NUL, misses or repeats a declared column, has
            no records, has a record over 64 MB or a line of more than a million delimiters, an unclosed
            quote, or text after a closing quote.
        NotAgreed: another dialect would read it, or it has undeclared columns and `drift` is FAIL.
    """
    with unlimited_fields():
        header, length = _checked_header(source, dataset, file, dialect)
        if header.undeclared and drift is Drift.FAIL:
            columns = f"undeclared column{'s' if len(header.undeclared) > 1 else ''} {listed(header.told())}"
            raise NotAgreed(f"{file}: the header has the {columns}", Drift.RESCUE)
        found = counted(source, MAX_RECORD_BYTES, dialect)
        records, longest = found or _counted_or_refused(source, file, dialect)
        empty = _empty_columns(source, header, file, dialect) if header.unnamed else []
    if not records:
        raise DeliveryDefect(f"{file} holds a header and no records")
    if dialect.encoding != "utf-8":
        source.seek(0)
        if is_unmistakably_utf_8(source):
            raise utf_8_defect(file, dialect)
    notices = (*header.tidied, *_about_empty(empty))
    return Contents(records, header.names, max(longest, length), header.told(empty), notices)


def _checked_header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> tuple[Header, int]:
    """Return the header and its length in bytes, leaving `source` at the first record."""
    try:
        return _header(source, dataset, file, dialect)
    except NotAgreed:
        raise
    except DeliveryDefect as defect:
        source.seek(0)
        start = source.read(LONGEST_HEADER)
        for other in dialect.alternatives:
            if _has_header(io.BytesIO(start), dataset, file, other):
                told = f"{file}: its fields are parted by {other.marks}, not {dialect.marks}"
                raise NotAgreed(told, other) from defect
        if lines := _lines_above_header(start, dataset, file, dialect):
            told = f"{file}: the header stands in line {lines + 1}, below “{_shown_line(start)}”"
            raise DeliveryDefect(
                told, f"have it delivered without the lines above it, else {REMEDY}"
            ) from defect
        raise


def _header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> tuple[Header, int]:
    lines = Lines(source, file, dialect, MAX_RECORD_BYTES)
    try:
        names = next((row for row in rows(lines) if row), None)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    if names is None:
        raise DeliveryDefect(f"{file} is empty")
    try:
        return resolved(names, dataset), lines.length
    except HeaderDefect as defect:
        remedy = f"{defect.remedy}, else {REMEDY}" if defect.remedy else REMEDY
        raise DeliveryDefect(f"{file}: {defect}", remedy) from None


def _has_header(source: BinaryIO, dataset: Dataset, file: str, dialect: Dialect) -> bool:
    try:
        _header(source, dataset, file, dialect)
    except DeliveryDefect:
        return False
    return True


def _lines_above_header(start: bytes, dataset: Dataset, file: str, dialect: Dialect) -> int:
    """Return how many lines of a title or a note stand above the header; 0 where none is found below."""
    lines = start.splitlines(keepends=True)
    below = [number for number, line in enumerate(lines[: MOST_LINES_ABOVE + 1]) if number and line.strip()]
    starts = ((number, io.BytesIO(b"".join(lines[number:]))) for number in below)
    return next((number for number, rest in starts if _has_header(rest, dataset, file, dialect)), 0)


def _shown_line(start: bytes) -> str:
    first = start.removeprefix(BOM_UTF8).strip().splitlines()[0].decode(errors="replace").strip()
    return first if len(first) <= LONGEST_NAME else f"{first[:LONGEST_NAME]}…"


def _counted_or_refused(source: BinaryIO, file: str, dialect: Dialect) -> tuple[int, int]:
    """Count records and the bytes of the longest line by line, so that a defect is told with its record."""
    source.seek(0)
    lines = Lines(source, file, dialect, MAX_RECORD_BYTES)
    try:
        for row in rows(lines):
            lines.finish_record(blank=not row)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    return lines.record - 1, lines.longest


def _empty_columns(source: BinaryIO, header: Header, file: str, dialect: Dialect) -> list[int]:
    """Return the positions of the columns without a name in which no record has anything."""
    source.seek(0)
    records = rows(Lines(source, file, dialect, MAX_RECORD_BYTES))
    next(row for row in records if row)
    empty = header.unnamed
    for row in records:
        empty = [position for position in empty if not row[position : position + 1] or not row[position]]
    return empty


def _about_empty(columns: list[int]) -> list[str]:
    match columns:
        case []:
            return []
        case [column]:
            return [f"one empty column without a name ({column + 1})"]
        case _:
            return [f"{len(columns)} empty columns without a name ({places(columns)})"]


def _refuse_quotes(error: csv.Error, lines: Lines) -> NoReturn:
    message = str(error)
    escaped = " (is a quote escaped by a backslash? CSV writes it twice)" if lines.escapes else ""
    if "unexpected end of data" in message:
        lines.refuse(f"opens a quote that is never closed{escaped}")
    if "expected after" in message:
        lines.refuse(f"has text after a closing quote{escaped}")
    if "new-line character" in message:
        lines.refuse("has a bare carriage return outside quotes")
    lines.refuse(f"cannot be read ({message})")
