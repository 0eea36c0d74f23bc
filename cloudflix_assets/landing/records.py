"""The records of landed files: parsed on this machine, or by a stream's workers."""

from collections.abc import Iterator, Sequence
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.landing import stream
from cloudflix_assets.landing.stream import Arrivals
from spark.datasets import DATASETS, Dataset
from spark.delivery import parser
from spark.delivery.dialect import dialect_of
from spark.delivery.headers import Drift
from spark.delivery.workers import BinaryFile


def records(raw: DataFrame, stage: Staging, week: date, *, engine: str, drift: Drift) -> DataFrame:
    """Every record of the landed files of one raw table; equal bytes are one file."""
    rows = raw.select("path", "sha256", "records", "longest_record").collect()
    files = tuple(BinaryFile(row[0], stage.lake.uri(f"raw/{row[0]}"), *row[1:]) for row in sorted(set(rows)))
    (dataset,) = (dataset for dataset in DATASETS if files[0].address.startswith(f"files/{dataset.name}/"))
    added = _added(stage.lake, dataset, files) if drift is Drift.EVOLVE else ()
    if dataset.incremental and (finds := stream.streams(engine, stage.session)):
        return Arrivals(stage.lake, stage.session, dataset, week, files, finds, added).records()
    return stage.write_batches(parser.schema_of(dataset, added), _parsed(stage.lake, dataset, files, added))


def _added(lake: Lake, dataset: Dataset, files: Sequence[BinaryFile]) -> tuple[str, ...]:
    """Columns that the files add to the table, by name: of several files, those of any."""
    found: set[str] = set()
    for file in files:
        with lake.open_landed(f"raw/{file.address}") as source:
            found.update(parser.added_columns(source, dataset, file.address, dialect_of(file.address)))
    return tuple(sorted(found))


def _parsed(
    lake: Lake, dataset: Dataset, files: Sequence[BinaryFile], added: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        dialect = dialect_of(file.address)
        with lake.open_landed(f"raw/{file.address}") as source:
            yield from parser.record_batches(
                source, dataset, file.address, file.longest_record, dialect=dialect, added=added
            )
