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

# Half the time of the defaults, which are for what is kept. The JVM knows the first alone.
_READ_ONCE = {"compression": "snappy", "dictionary_enabled": "false"}
_RUN_ID = len("00000000-0000-0000-0000-000000000000")


def folder_of(path: str, step: str) -> str:
    """Where a step stages what it judges for a table."""
    return f"{path.partition('/')[0]}/staging/{step}-{path.rpartition('/')[2]}"


@dataclass(frozen=True)
class Staging:
    """A folder of one step; `lake` is the one that it publishes to."""

    lake: Lake
    session: SparkSession
    folder: str

    def materialized(self, name: str, frame: DataFrame) -> DataFrame:
        """Compute a frame once."""
        path = f"{self.folder}/{name}"
        frame.write.mode("append").options(**_READ_ONCE).parquet(self.lake.scratch.uri(path))
        return self._read(path, frame)

    @property
    def records(self) -> str | None:
        """The folder that `batches` filled, to be published as it is; None if it did not."""
        return self._records if self.lake.scratch.names(self._records) else None

    def batches(self, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> DataFrame:
        """A frame of record batches, streamed to a file that may be published."""
        with (
            self.lake.scratch.writing(f"{self._records}/part.parquet") as file,
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
        """An empty frame leaves no Parquet behind, so its columns come from the frame."""
        if not parquet.parquet_files(self.lake.scratch, path):
            return self.session.createDataFrame([], frame.schema)
        # Else every query of it reads its footers once more.
        return self.session.read.schema(frame.schema).parquet(self.lake.scratch.uri(path))


def _writer(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # A dictionary for one file name; of other columns it costs twice the time.
    return pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=[ADDRESS[0]])


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same, the next one parsed while this one is written: neither holds Python's lock."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch


@contextmanager
def removing_on_failure(lake: Lake, path: str, step: str) -> Iterator[None]:
    """Remove what a step staged if it cannot be stored: Dagster does not tell the step, which waits."""
    try:
        yield
    except BaseException:
        lake.scratch.remove(folder_of(table_of(path), step))
        raise


@contextmanager
def staging(lake: Lake, session: SparkSession, folder: str) -> Iterator[Staging]:
    """An empty staging folder that is gone afterwards, also after a failure."""
    lake.scratch.remove(folder)  # a step that was killed leaves its own
    try:
        yield Staging(lake, session, folder)
    finally:
        lake.scratch.remove(folder)


def remove_dead_staging(lake: Lake, is_over: Callable[[str], bool]) -> list[str]:
    """Remove what steps of runs that are over left behind: killed, or interrupted while the engine wrote.

    `is_over` tells it of a run id; of a run that it does not know it must say no.
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
