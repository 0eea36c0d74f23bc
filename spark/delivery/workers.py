"""Binary files to records, on the workers of an engine that streams: each file whole, defects as rows.

`delivery.record_batches` parses them; here is what a worker adds to it. 2026-11-23: a Python worker
that ends before it has read large content can take Spark 4.2's JVM with it. So nothing raises here,
and large content is not sent: the worker opens that file itself.
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
"""Record number of the row that says, in `malformed`, why a file could not be parsed."""


@dataclass(frozen=True)
class BinaryFile:
    """A landed file.

    Args:
        address: what its records are addressed by.
        place: where a worker opens it.
        records: after the header, as another reader counted them.
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
    added: Collection[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Parse rows of `path` and `content` into batches of `schema_of(dataset, added)`.

    `files` are by the last component of their path; one whose content is null is opened at its place.
    """
    for batch in batches:
        for path, content in zip(batch.column("path"), batch.column("content"), strict=True):
            file, bytes_ = files[path.as_py().rpartition("/")[2]], content.as_py()
            try:
                with opened(file.place) if bytes_ is None else io.BytesIO(bytes_) as source:
                    yield from _parsed(source, file, dataset, added)
            except Exception as error:  # noqa: BLE001  # whatever it is, the driver tells it
                yield _defect(str(error) or type(error).__name__, file, dataset, added)


def _parsed(
    source: BinaryIO, file: BinaryFile, dataset: Dataset, added: Collection[str]
) -> Iterator[pa.RecordBatch]:
    # What is parsed once and remembered by a name must be that name's bytes.
    if file_digest(cast("io.BufferedReader", source), "sha256").hexdigest() != file.sha256:
        yield _defect("its bytes are not those that were landed", file, dataset, added)
        return
    source.seek(0)
    dialect = dialect_of(file.address)
    yield from record_batches(
        source, dataset, file.address, file.longest_record, dialect=dialect, added=added
    )


def _defect(text: str, file: BinaryFile, dataset: Dataset, added: Collection[str]) -> pa.RecordBatch:
    row = {MALFORMED: text, "source_file": file.address, "record_number": DEFECT}
    return pa.RecordBatch.from_pylist([row], schema=schema_of(dataset, added))
