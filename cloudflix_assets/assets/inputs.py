"""From a table's parameters to Dagster's inputs, and from loaded inputs to the frames of one week."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.assets.description import asset_key
from cloudflix_assets.delta import read
from cloudflix_assets.delta.table import looked_at
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.landing import stream
from cloudflix_assets.landing.manifest import LandedFile, Manifest
from cloudflix_assets.landing.stream import Arrivals
from cloudflix_assets.partitions import WEEK
from spark import delivery
from spark.binary_files import BinaryFile
from spark.datasets import DATASETS, Dataset
from spark.dialect import dialect_of
from spark.headers import Drift
from spark.table import BEFORE, PUBLICATION, RECORDS, Table, upstream


def asset_ins(table: Table, tables: Mapping[str, Table]) -> dict[str, dg.AssetIn]:
    """One input per upstream table; one that is read a week back too spans both weeks."""
    names = _names(table)
    found: dict[str, dg.AssetIn] = {}
    for parent in dict.fromkeys(map(upstream, names)):
        if parent == PUBLICATION:
            found[parent] = dg.AssetIn(key=PUBLICATION)
        elif f"{parent}{BEFORE}" in names:
            both = dg.TimeWindowPartitionMapping(-1, 0, allow_nonexistent_upstream_partitions=True)
            found[parent] = dg.AssetIn(key=asset_key(tables[parent].path), partition_mapping=both)
        else:
            found[parent] = dg.AssetIn(key=asset_key(tables[parent].path))
    return found


def frames(
    table: Table, loaded: Mapping[str, DataFrame], stage: Staging, week: date, *, engine: str, drift: Drift
) -> Mapping[str, DataFrame]:
    """The frames that the table's function and its foreign keys name."""
    found: dict[str, DataFrame] = {}
    for name in _names(table):
        frame = loaded[upstream(name)]
        if name == PUBLICATION:
            found[name] = frame
        elif name.endswith(BEFORE):
            found[name] = _of(frame, week - WEEK)
        else:
            found[upstream(name)] = _of(frame, week)
            if name.endswith(RECORDS):
                found[name] = records(_of(frame, week), stage, week, engine=engine, drift=drift)
    return found


def files_read(table: Table, tables: Mapping[str, Table], lake: Lake, week: date) -> list[str]:
    """Names of all that a step reads: lines of the manifest, and files of tables, which never change."""
    found: list[str] = []
    for name in _names(table):
        if name == PUBLICATION:
            found += [file.model_dump_json(exclude={"origin"}) for file in _landed(lake, week)]
            continue
        parent = tables[upstream(name)]
        stored = looked_at(lake, parent.path)
        of_week = week - WEEK if name.endswith(BEFORE) else week
        found += [f"{name} {file}" for file in read.files_of(stored, of_week)] if stored else []
        if name.endswith(RECORDS):
            paths = [f"raw/{file.path}" for file in _landed(lake, week) if file.dataset == parent.name]
            found += [f"{path} {lake.size(path)}" for path in paths]
    return found


def _landed(lake: Lake, week: date) -> Sequence[LandedFile]:
    manifest = Manifest.of(lake, week)
    return manifest.files if manifest else ()


def _names(table: Table) -> tuple[str, ...]:
    return (*table.parameters, *(foreign.parent for foreign in table.foreign_keys))


def _of(frame: DataFrame, week: date) -> DataFrame:
    return frame.where(F.col("week") == F.lit(week)).drop("week")


def records(raw: DataFrame, stage: Staging, week: date, *, engine: str, drift: Drift) -> DataFrame:
    """Every record of the landed files of one raw table; equal bytes are one file."""
    rows = raw.select("path", "sha256", "records", "longest_record").collect()
    files = tuple(BinaryFile(row[0], stage.lake.uri(f"raw/{row[0]}"), *row[1:]) for row in sorted(set(rows)))
    (dataset,) = (dataset for dataset in DATASETS if files[0].address.startswith(f"files/{dataset.name}/"))
    added = _added(stage.lake, dataset, files) if drift is Drift.EVOLVE else ()
    if dataset.incremental and (finds := stream.streams(engine, stage.session)):
        return Arrivals(stage.lake, stage.session, dataset, week, files, finds, added).records()
    return stage.batches(delivery.schema_of(dataset, added), _parsed(stage.lake, dataset, files, added))


def _added(lake: Lake, dataset: Dataset, files: Sequence[BinaryFile]) -> tuple[str, ...]:
    """Columns that the files add to the table, by name: of several files, those of any."""
    found: set[str] = set()
    for file in files:
        with lake.open(f"raw/{file.address}") as source:
            found.update(delivery.added_columns(source, dataset, file.address, dialect_of(file.address)))
    return tuple(sorted(found))


def _parsed(
    lake: Lake, dataset: Dataset, files: Sequence[BinaryFile], added: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    for file in files:
        dialect = dialect_of(file.address)
        with lake.open(f"raw/{file.address}") as source:
            yield from delivery.record_batches(
                source, dataset, file.address, file.longest_record, dialect=dialect, added=added
            )
