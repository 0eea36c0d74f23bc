"""Parse landed files on the workers of an engine that streams.

`parser.record_batches` does the parsing; this module checks the bytes before it and returns a defect
as a row. 2026-11-23: a Python worker that ends before it has read large content can crash the JVM of
Spark 4.2. So nothing raises here, and large content is not sent: the worker opens that file itself.
"""

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from typing import BinaryIO, cast

import pyarrow as pa

from spark.datasets import Dataset
from spark.delivery.dialect import dialect_of
from spark.delivery.layout import MALFORMED
from spark.delivery.parser import record_batches, schema_of

DEFECT = 0
"""Record number of a row that is no record: its `malformed` says why the file could not be parsed."""


@dataclass(frozen=True)
class BinaryFile:
    """A landed file.

    Args:
        address: its path relative to raw, the `source_file` of its records.
        place: where a worker opens it.
        sha256: hash of its bytes, hexadecimal.
        records: their number without the header, as `inspection` counted them.
        longest_record: bytes.
    """

    address: str
    place: str
    sha256: str
    records: int
    longest_record: int


def parsed(
    batches: Iterator[pa.RecordBatch],
    *,
    dataset: Dataset,
    files: Mapping[str, BinaryFile],
    opened: Callable[[str], BinaryIO],
    records: int,
    added: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Parse rows of `path` and `content` into batches of `schema_of(dataset, added)`.

    A file that cannot be parsed gives a row with the record number `DEFECT`.

    Args:
        batches: rows of `path` and `content`, which is null where a file is too large to be sent.
        dataset: declares the columns.
        added: undeclared columns that have a column of their own in the table.
        files: by the last component of their path.
        opened: opens a place; called for a file whose content is null.
        records: of the week, in all its files of the dataset.
    """
    for batch in batches:
        for path, content in zip(batch.column("path"), batch.column("content"), strict=True):
            file, bytes_ = files[path.as_py().rpartition("/")[2]], content.as_py()
            try:
                with opened(file.place) if bytes_ is None else io.BytesIO(bytes_) as source:
                    yield from _parsed(source, file, dataset, added, records)
            except Exception as error:  # noqa: BLE001  # whatever it is, the driver reports it
                yield _defect(str(error) or type(error).__name__, file, dataset, added)


def _parsed(
    source: BinaryIO, file: BinaryFile, dataset: Dataset, added: Collection[str], records: int
) -> Iterator[pa.RecordBatch]:
    # The name of a landed file contains its hash, and its records are cached by that name.
    if file_digest(cast("io.BufferedReader", source), "sha256").hexdigest() != file.sha256:
        yield _defect("its bytes are not those that were landed", file, dataset, added)
        return
    source.seek(0)
    dialect = dialect_of(file.address)
    yield from record_batches(
        source,
        dataset,
        file.address,
        file.longest_record,
        records=records,
        dialect=dialect,
        added=added,
    )


def _defect(text: str, file: BinaryFile, dataset: Dataset, added: Collection[str]) -> pa.RecordBatch:
    row = {MALFORMED: text, "source_file": file.address, "record_number": DEFECT}
    return pa.RecordBatch.from_pylist([row], schema=schema_of(dataset, added))
