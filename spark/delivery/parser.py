"""Parse the records of a landed file with pyarrow: RFC 4180 in the dialect of its source.

A *ragged record* has too few or too many fields; it is kept as text in `malformed`. A defect of the
*file* (quotes, encoding, header) was found before it was landed, by `inspection`. That one reads with
Python's strict reader, so that each of the two readers checks the other's number of records.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from spark.datasets import Dataset
from spark.delivery.blocks import Blocks, Counts, content_of, counts, values_of
from spark.delivery.dialect import PLAIN, Dialect
from spark.delivery.header_defects import HeaderDefect, resolved
from spark.delivery.headers import Header
from spark.delivery.layout import RESERVED, Layout, record_numbers
from spark.delivery.lines import (
    MAX_RECORD_BYTES,
    DeliveryDefect,
    Lines,
    rows,
)
from spark.delivery.ragged import Ragged

MIN_BLOCK_BYTES = 4 * 2**20
"""pyarrow parses a file block by block; a block must hold at least one whole record."""

UNREADABLE = "have the publisher deliver it again, then rerun the week with its publication"


def added_columns(source: BinaryIO, dataset: Dataset, source_file: str, dialect: Dialect) -> tuple[str, ...]:
    """Return the names under which undeclared columns of a file can be columns of a table.

    Raises:
        DeliveryDefect: the header lacks a column that was declared after the file was landed.
    """
    return tuple(_header_passed(source, dataset, source_file, dialect).own_columns(RESERVED))


def schema_of(dataset: Dataset, added: Collection[str] = ()) -> pa.Schema:
    """Return the declared columns and the `added` ones, all text, `rescued`, `malformed`, the address."""
    return Layout(dict.fromkeys((*dataset.columns, *added)), {}, "").schema


def record_batches(
    source: BinaryIO,
    dataset: Dataset,
    source_file: str,
    longest_record: int,
    *,
    records: int,
    dialect: Dialect = PLAIN,
    added: Collection[str] = (),
) -> pa.RecordBatchReader:
    """Parse a sound, seekable file into batches of `schema_of(dataset, added)`.

    Absent and empty text is null, and so is what the dataset declares as `null_texts`. Undeclared columns
    are kept as JSON in `rescued`, unless they are among those `added` to the table; ragged records are kept
    as text in `malformed`.
    Batches are in the order of the file, except that ragged records come after the others of their block.

    Args:
        source: read from its current position, the beginning.
        dataset: declares the columns.
        dialect: of the file.
        source_file: by which the records are addressed.
        longest_record: bytes, as `inspection` found it.
        records: of the week, in all its files of the dataset.
        added: undeclared columns that have a column of their own in the table.

    Raises:
        DeliveryDefect: the header lacks a column that was declared after the file was landed, or too many
            records are ragged.
    """
    header = _header_passed(source, dataset, source_file, dialect)
    own = header.own_columns(RESERVED)
    places = {name: own.get(name) for name in added}
    rescued = {name: at for name, at in header.undeclared.items() if at not in places.values()}
    layout = Layout({**header.declared, **places}, rescued, source_file, dataset.null_texts)
    batches = _batches(source, layout, Ragged(len(header.names), records), longest_record, dialect)
    return pa.RecordBatchReader.from_batches(layout.schema, batches)


def _batches(
    source: BinaryIO, layout: Layout, ragged: Ragged, longest_record: int, dialect: Dialect
) -> Iterator[pa.RecordBatch]:
    blocks = Blocks(source, dialect, max(MIN_BLOCK_BYTES, longest_record + 1))
    values, following = counts(b""), 1
    try:
        for batch in _opened(blocks, ragged):
            numbers = record_numbers(following, batch.num_rows, ragged.numbers)
            following = int(numbers[-1]) + 1 if len(numbers) else following
            values += values_of(batch)
            yield layout.batch(batch, numbers)
            values += yield from _passed_over(layout, ragged.take(following), dialect)
        values += yield from _passed_over(layout, ragged.take(), dialect)
    except pa.ArrowInvalid:
        if not ragged.excess:
            raise
        raise DeliveryDefect(f"raw/{layout.source_file}: {ragged.excess}", UNREADABLE) from None
    _refuse_other_values(values, blocks.content, layout.source_file)


def _opened(blocks: Blocks, ragged: Ragged) -> pc.CSVStreamingReader:
    """Open the blocks as text columns that are named by their positions."""
    positions = [str(position) for position in range(ragged.fields)]
    return pc.open_csv(
        blocks,
        read_options=pc.ReadOptions(use_threads=False, block_size=blocks.most_bytes, column_names=positions),
        parse_options=pc.ParseOptions(
            delimiter=blocks.dialect.delimiter, newlines_in_values=True, invalid_row_handler=ragged.keep
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _passed_over(
    layout: Layout, ragged: Mapping[int, str], dialect: Dialect
) -> Generator[pa.RecordBatch, None, Counts]:
    """Yield ragged records, and return the characters of their fields."""
    if ragged:
        yield layout.ragged(ragged)
    return content_of("\n".join(ragged.values()).encode(), dialect.delimiter)


def _refuse_other_values(values: Counts, content: Counts, source_file: str) -> None:
    if differing := np.flatnonzero(values != content).tolist():
        bytes_ = ", ".join(
            f"0x{byte:02X} {content[byte]:,} times and read {values[byte]:,}" for byte in differing[:5]
        )
        raise DeliveryDefect(
            f"raw/{source_file}: its fields hold the byte{'s' if len(differing) > 1 else ''} {bytes_}",
            "report it with the file, which the two readers of this project read differently; nothing was "
            "published",
        )


def _header_passed(source: BinaryIO, dataset: Dataset, source_file: str, dialect: Dialect) -> Header:
    """Read the header, and leave `source` at the first record."""
    lines = Lines(source, source_file, dialect, MAX_RECORD_BYTES)
    names = next(row for row in rows(lines) if row)
    source.seek(lines.length)
    try:
        return resolved(names, dataset)
    except HeaderDefect as defect:
        remedy = "declare the column as optional in spark/datasets.py, or run the week with its publication"
        raise DeliveryDefect(f"raw/{source_file}: {defect}", remedy) from None
