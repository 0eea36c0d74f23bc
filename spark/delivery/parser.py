"""Delivered bytes to record batches with their address: the only parser, and what it takes for CSV.

RFC 4180 in the dialect of the source. A defect of the *file* (quotes, encoding, header) refuses it:
`inspected` finds those with Python's strict reader. A *ragged record* is kept as text in `malformed`:
`record_batches` reads with pyarrow. Two readers, so that each counts the records for the other.
"""

from collections.abc import Collection, Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pc

from spark.datasets import Dataset
from spark.delivery.dialect import PLAIN, Dialect
from spark.delivery.headers import Header, HeaderDefect, resolved
from spark.delivery.layout import MALFORMED, RESCUED, Layout, record_numbers
from spark.delivery.lines import (
    MAX_RECORD_BYTES,
    DeliveryDefect,
    Lines,
    rows,
)
from spark.table import ADDRESS

MIN_BLOCK_BYTES = 4 * 2**20
RESERVED = frozenset({RESCUED, MALFORMED, *ADDRESS, "week"})
"""Names of columns that bronze adds to those of a file."""


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


def _header_passed(source: BinaryIO, dataset: Dataset, source_file: str, dialect: Dialect) -> Header:
    """The header, leaving `source` at the first record."""
    lines = Lines(source, source_file, dialect, MAX_RECORD_BYTES)
    names = next(row for row in rows(lines) if row)
    source.seek(lines.length)
    try:
        return resolved(names, dataset)
    except HeaderDefect as defect:
        remedy = "declare the column as optional in spark/datasets.py, or run the week with its publication"
        raise DeliveryDefect(f"raw/{source_file}: the header {defect}", remedy) from None
