"""Read the records of landed files, parsed by this process or by the workers of a stream."""

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from hashlib import sha256
from typing import BinaryIO

import pyarrow as pa
from pyspark.sql import DataFrame

from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.landing import stream
from cloudflix_assets.landing.stream import Arrivals
from spark.datasets import DATASETS, Dataset
from spark.delivery import parser
from spark.delivery.dialect import dialect_of
from spark.delivery.headers import Drift
from spark.delivery.workers import BinaryFile

CHUNK_BYTES = 1 << 20


class Hashed(io.RawIOBase):
    """A file whose bytes are hashed while it is read from beginning to end, each once, also if read again."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._hash, self._hashed = source, sha256(), 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in what was read."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """Return the place that is read next."""
        return self._source.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # mypy knows no narrower buffer
        """Read into `buffer`, and hash what was not read before."""
        at = self._source.tell()
        content = self._source.read(len(buffer))
        buffer[: len(content)] = content
        self._hash.update(content[max(0, self._hashed - at) :])
        self._hashed = max(self._hashed, at + len(content))
        return len(content)

    def sha256(self) -> str:
        """Read what is left, and return the hash of the whole file."""
        self._source.seek(self._hashed)
        while content := self._source.read(CHUNK_BYTES):
            self._hash.update(content)
        return self._hash.hexdigest()


def landed_hash(lake: Lake, path: str) -> str | None:
    """Return the hash of a landed file's bytes as they are now, or None if it is gone."""
    with suppress(LakeRefused), lake.open_landed(path) as source:
        return Hashed(source).sha256()
    return None


def parse_records(raw: DataFrame, stage: Staging, week: date, *, engine: str, drift: Drift) -> DataFrame:
    """Parse every record of the files that a raw table lists; files with equal bytes are parsed once.

    Args:
        raw: the rows of the raw table, one for each file.
        stage: where the records are staged.
        week: the week that is built.
        engine: the engine of the settings.
        drift: whether undeclared columns are added to the table.

    Returns:
        One row per record, with the file and the record number.

    Raises:
        LakeRefused: a landed file is gone, or holds other bytes than were landed.
        FileUnparsed: a stream could not parse a file.
    """
    rows = raw.select("path", "sha256", "records", "longest_record").collect()
    files = tuple(BinaryFile(row[0], stage.lake.uri(f"raw/{row[0]}"), *row[1:]) for row in sorted(set(rows)))
    (dataset,) = (dataset for dataset in DATASETS if files[0].address.startswith(f"files/{dataset.name}/"))
    added = _added_columns(stage.lake, dataset, files) if drift is Drift.EVOLVE else ()
    if dataset.incremental and (finds := stream.streams(engine, stage.session)):
        return Arrivals(stage.lake, stage.session, dataset, week, files, finds, added).parse_records()
    return stage.write_batches(parser.schema_of(dataset, added), _parse(stage.lake, dataset, files, added))


def _added_columns(lake: Lake, dataset: Dataset, files: Sequence[BinaryFile]) -> tuple[str, ...]:
    """Return the columns that any of the files adds to the table, sorted by name."""
    found: set[str] = set()
    for file in files:
        with lake.open_landed(f"raw/{file.address}") as source:
            found.update(parser.added_columns(source, dataset, file.address, dialect_of(file.address)))
    return tuple(sorted(found))


def _parse(
    lake: Lake, dataset: Dataset, files: Sequence[BinaryFile], added: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        dialect = dialect_of(file.address)
        with lake.open_landed(f"raw/{file.address}") as opened:
            hashed = Hashed(opened)
            try:
                yield from parser.record_batches(
                    io.BufferedReader(hashed, CHUNK_BYTES),
                    dataset,
                    file.address,
                    file.longest_record,
                    records=sum(file.records for file in files),
                    dialect=dialect,
                    added=added,
                )
            except Exception as error:  # of whatever kind: if bytes were altered, that is its cause
                if hashed.sha256() != file.sha256:
                    raise lake.altered(f"raw/{file.address}") from error
                raise
            if hashed.sha256() != file.sha256:
                raise lake.altered(f"raw/{file.address}")
