"""Delivered bytes to record batches with their address: the only parser, the only CSV dialect.

RFC 4180 in UTF-8 with or without BOM. A defect of the *file* (quotes, encoding, header) refuses it:
`inspected` finds those with Python's strict reader. A *ragged record* is kept as text in `malformed`:
`record_batches` reads with pyarrow. Two readers, so that each counts the records for the other.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from spark.counting import MAX_COMMAS, counted
from spark.datasets import Dataset
from spark.formats import other_than_csv

MAX_RECORD_BYTES = 64 * 2**20
MIN_BLOCK_BYTES = 4 * 2**20
RESCUED = "rescued"
MALFORMED = "malformed"
REMEDY = "have the publisher deliver it again, then rerun the week; nothing was landed"


class DeliveryDefect(ValueError):
    """A file that must not be landed; the message says what, where and what to do."""


@dataclass(frozen=True)
class Contents:
    """What a sound file holds: records after the header, its header, its longest record in bytes."""

    records: int
    header: tuple[str, ...]
    longest_record: int


def inspected(source: BinaryIO, dataset: Dataset, file: str) -> Contents:
    """Read a file to its end with a strict reader.

    Raises:
        DeliveryDefect: the file is empty, not CSV, not UTF-8, holds NUL, misses or repeats a declared
            column, has no records, a record over 64 MB or of a million fields, an unclosed quote,
            or text after one.
    """
    with _unlimited_fields():
        header, length = _checked_header(source, dataset, file)
        records, longest = counted(source, MAX_RECORD_BYTES) or _counted_or_refused(source, file)
    if not records:
        raise DeliveryDefect(f"{file} holds a header and no records: {REMEDY}.")
    return Contents(records, header, max(longest, length))


def schema_of(dataset: Dataset) -> pa.Schema:
    """Columns as delivered, all text, then `rescued`, `malformed` and the address."""
    text = (*dataset.columns, RESCUED, MALFORMED, "source_file")
    return pa.schema([*((name, pa.string()) for name in text), ("record_number", pa.int64())])


def record_batches(
    source: BinaryIO, dataset: Dataset, source_file: str, longest_record: int
) -> Iterator[pa.RecordBatch]:
    """Parse a sound, seekable file into batches of `schema_of(dataset)`.

    Absent and empty text is null. Undeclared columns are kept as JSON in `rescued`, ragged records
    as text in `malformed`. Batches are in the order of the file; ragged records come last.
    """
    header = _header_passed(source)
    ragged: list[tuple[int, str]] = []

    def keep_ragged(row: pc.InvalidRow) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    positions = [str(position) for position in range(len(header))]
    reader = pc.open_csv(
        source,
        read_options=pc.ReadOptions(
            use_threads=False,
            block_size=max(MIN_BLOCK_BYTES, longest_record + 1),
            column_names=positions,
        ),
        parse_options=pc.ParseOptions(newlines_in_values=True, invalid_row_handler=keep_ragged),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    following = 1
    for batch in reader:
        numbers = _record_numbers(following, batch.num_rows, [number for number, _ in ragged])
        following = int(numbers[-1]) + 1 if len(numbers) else following
        yield _addressed(batch, header, dataset, source_file, numbers)
    if ragged:
        yield _ragged_batch(ragged, dataset, source_file)


class _Lines:
    """Decoded lines of a file that know in which record they stand (0 is the header)."""

    def __init__(self, source: BinaryIO, file: str) -> None:
        self.source, self.file = source, file
        self.record = 0
        self.longest = 0
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        encoding = "utf-8-sig"
        while line := self.source.readline(MAX_RECORD_BYTES + 1):
            if self.record == 0 and (defect := other_than_csv(line)):
                raise DeliveryDefect(f"{self.file} {defect}: {REMEDY}.")
            self.length += len(line)
            if self.length > MAX_RECORD_BYTES:
                self.refuse("is over 64 MB (is a quote never closed?)")
            if line.count(b",") > MAX_COMMAS:
                self.refuse("holds over a million commas in one line (are the line breaks lost?)")
            if b"\0" in line:
                self.refuse("holds a NUL byte")
            try:
                yield line.decode(encoding)
            except UnicodeDecodeError:
                self.refuse("is not UTF-8")
            encoding = "utf-8"

    def finish_record(self, *, blank: bool) -> None:
        if not blank:
            self.record += 1
            self.longest = max(self.longest, self.length)
        self.length = 0

    def refuse(self, defect: str) -> NoReturn:
        where = f"record {self.record}" if self.record else "the header"
        raise DeliveryDefect(f"{self.file}: {where} {defect}: {REMEDY}.")


def _checked_header(source: BinaryIO, dataset: Dataset, file: str) -> tuple[tuple[str, ...], int]:
    """The header and its bytes, leaving `source` at the first record."""
    lines = _Lines(source, file)
    try:
        header = next((row for row in csv.reader(lines, strict=True) if row), None)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    if header is None:
        raise DeliveryDefect(f"{file} is empty: {REMEDY}.")
    _check_header(tuple(header), dataset, file)
    return tuple(header), lines.length


def _counted_or_refused(source: BinaryIO, file: str) -> tuple[int, int]:
    """Records and the longest, read line by line from the beginning, so that a defect has its record."""
    source.seek(0)
    lines = _Lines(source, file)
    try:
        for row in csv.reader(lines, strict=True):
            lines.finish_record(blank=not row)
    except csv.Error as error:
        _refuse_quotes(error, lines)
    return lines.record - 1, lines.longest


def _refuse_quotes(error: csv.Error, lines: _Lines) -> NoReturn:
    message = str(error)
    if "unexpected end of data" in message:
        lines.refuse("opens a quote that is never closed")
    if "expected after" in message:
        lines.refuse("has text after a closing quote")
    if "new-line character" in message:
        lines.refuse("has a bare carriage return outside quotes")
    lines.refuse(f"cannot be read ({message})")


def _check_header(header: tuple[str, ...], dataset: Dataset, file: str) -> None:
    for column in dataset.columns:
        if (times := header.count(column)) != 1:
            defect = f"repeats the column {column}" if times else f"misses the column {column}"
            raise DeliveryDefect(f"{file}: the header {defect}: {REMEDY}.")


def _header_passed(source: BinaryIO) -> tuple[str, ...]:
    """The header's names, leaving `source` at the first record."""
    lines = _Lines(source, "")
    header = next(row for row in csv.reader(lines) if row)
    source.seek(lines.length)
    return tuple(header)


def _record_numbers(first: int, count: int, ragged: list[int]) -> np.ndarray:
    """The next `count` record numbers that no ragged record holds."""
    span = np.arange(first, first + count + len(ragged))
    return span[~np.isin(span, ragged)][:count]


def _addressed(
    batch: pa.RecordBatch,
    header: tuple[str, ...],
    dataset: Dataset,
    source_file: str,
    numbers: np.ndarray,
) -> pa.RecordBatch:
    declared = [batch.column(header.index(column)) for column in dataset.columns]
    undeclared = {
        name if header.count(name) == 1 else f"{name}#{position + 1}": batch.column(position)
        for position, name in enumerate(header)
        if name not in dataset.columns
    }
    rows = batch.num_rows
    columns = [
        *declared,
        _as_json(undeclared, rows),
        pa.nulls(rows, pa.string()),
        pa.repeat(source_file, rows),
        pa.array(numbers, pa.int64()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema_of(dataset))


def _as_json(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    if not columns:
        return pa.nulls(rows, pa.string())
    values = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    present = ({n: v for n, v in zip(columns, row, strict=True) if v is not None} for row in values)
    texts = (json.dumps(row, ensure_ascii=False, sort_keys=True) if row else None for row in present)
    return pa.array(texts, pa.string())


def _ragged_batch(ragged: list[tuple[int, str]], dataset: Dataset, source_file: str) -> pa.RecordBatch:
    rows = [{MALFORMED: text, "source_file": source_file, "record_number": number} for number, text in ragged]
    return pa.RecordBatch.from_pylist(rows, schema=schema_of(dataset))


@contextmanager
def _unlimited_fields() -> Iterator[None]:
    before = csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(before)
