"""Frames that a step materializes once, as Parquet in the scratch lake, and removes when it ends."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from cloudflix_assets.lake import parquet
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.names import table_of
from spark.table import ADDRESS, Layer

# Twice as fast as the defaults, which suit files that are kept. The JVM ignores the second.
_READ_ONCE = {"compression": "snappy", "dictionary_enabled": "false"}
_RUN_ID = len("00000000-0000-0000-0000-000000000000")


def folder_of(path: str, attempt: str) -> str:
    """Return the staging folder of an attempt, `<run>-<retry>`, at the table at `path`."""
    return f"{path.partition('/')[0]}/staging/{attempt}-{path.rpartition('/')[2]}"


@dataclass(frozen=True)
class Staging:
    """The staging folder of one step in the scratch of `lake`, to which the step publishes."""

    lake: Lake
    session: SparkSession
    folder: str

    def materialize(self, name: str, frame: DataFrame) -> DataFrame:
        """Write a frame to staging and return it as read from there, so that it is computed once."""
        path = f"{self.folder}/{name}"
        frame.write.mode("append").options(**_READ_ONCE).parquet(self.lake.scratch.uri(path))
        return self._read(path, frame)

    @property
    def records(self) -> str | None:
        """The folder that `write_batches` filled, which may be published as it is; None if it is empty."""
        return self._records if self.lake.scratch.names(self._records) else None

    def write_batches(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> DataFrame:
        """Stream record batches to one staged file and return it as a frame."""
        with (
            self.lake.scratch.write_locally(f"{self._records}/part.parquet") as file,
            _writer(file, schema) as writer,
        ):
            for batch in _ahead(batches):
                writer.write_batch(batch)
        return self.session.read.schema(from_arrow_schema(schema)).parquet(
            self.lake.scratch.uri(self._records)
        )

    @property
    def _records(self) -> str:
        return f"{self.folder}/records"

    def _read(self, path: str, frame: DataFrame) -> DataFrame:
        """Read back a staged frame; of an empty one no Parquet file exists, so its columns are `frame`'s."""
        if not parquet.parquet_files(self.lake.scratch, path):
            return self.session.createDataFrame([], frame.schema)
        # Without the schema every query would read the footers again.
        return self.session.read.schema(frame.schema).parquet(self.lake.scratch.uri(path))


def _writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # The column with the file name has one value; dictionaries of other columns double the time.
    return pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=[ADDRESS[0]])


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same batches, parsing the next while one is written: neither holds the GIL."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


@contextmanager
def remove_on_failure(lake: Lake, path: str, attempt: str) -> Iterator[None]:
    """Remove what an attempt staged if the block fails to store it: the waiting step is not told."""
    try:
        yield
    except BaseException:
        lake.scratch.remove(folder_of(table_of(path), attempt))
        raise


@contextmanager
def open_staging(lake: Lake, session: SparkSession, folder: str) -> Iterator[Staging]:
    """Yield an empty staging folder, which is removed after the block, also if it fails."""
    lake.scratch.remove(folder)  # a killed step left its own
    try:
        yield Staging(lake, session, folder)
    finally:
        lake.scratch.remove(folder)


def remove_dead_staging(lake: Lake, is_over: Callable[[str], bool]) -> list[str]:
    """Remove the staging folders of runs that ended without removing them: killed, or interrupted in a write.

    Args:
        lake: whose scratch is searched.
        is_over: whether the run with this id has ended; False for a run that it does not know.

    Returns:
        The removed folders.
    """
    folders = (
        f"{layer.value}/staging/{name}"
        for layer in Layer
        for name in lake.scratch.names(f"{layer.value}/staging")
    )
    left = [folder for folder in folders if is_over(folder.rpartition("/")[2][:_RUN_ID])]
    for folder in left:
        lake.scratch.remove(folder)
    return left
