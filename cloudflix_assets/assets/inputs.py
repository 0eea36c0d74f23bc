"""From a table's parameters to Dagster's inputs, and from loaded inputs to the frames of one week."""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.delta import read
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.landing.manifest import LandedFile, Manifest
from cloudflix_assets.landing.records import records
from cloudflix_assets.names import asset_key
from cloudflix_assets.partitions import WEEK
from spark.delivery.headers import Drift
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
        stored = open_cached(lake, parent.path)
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
