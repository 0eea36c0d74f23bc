"""The inputs of a step: as Dagster declares them, as frames of one week, and as names of files."""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.assets.context import Context
from cloudflix_assets.delta import read
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.landing.manifest import LandedFile, Manifest
from cloudflix_assets.landing.records import landed_hash, parse_records
from cloudflix_assets.names import asset_key
from cloudflix_assets.partitions import WEEK
from spark.delivery.headers import Drift
from spark.table import PUBLICATION, Table


def asset_ins(table: Table, tables: Mapping[str, Table]) -> dict[str, dg.AssetIn]:
    """Declare a step's inputs, one per upstream table; one that is read a week back too spans both weeks."""
    read_back = {wanted.table for wanted in table.read if wanted.weeks_back}
    both_weeks = dg.TimeWindowPartitionMapping(-1, 0, allow_nonexistent_upstream_partitions=True)
    return {
        parent: dg.AssetIn(key=PUBLICATION)
        if parent == PUBLICATION
        else dg.AssetIn(
            key=asset_key(tables[parent].path), partition_mapping=both_weeks if parent in read_back else None
        )
        for parent in dict.fromkeys(wanted.table for wanted in table.read)
    }


def prepare_frames(
    context: Context, table: Table, loaded: Mapping[str, DataFrame], stage: Staging, week: date
) -> Mapping[str, DataFrame]:
    """Parse records, and return the frames that the table's function and its foreign keys read, by parameter.

    Args:
        context: of the lakehouse.
        table: to build.
        loaded: what the IO manager loaded, by table, with a column `week`.
        stage: the step's staging.
        week: to build.
    """
    found: dict[str, DataFrame] = {}
    for wanted in table.read:
        frame = loaded[wanted.table]
        if wanted.table == PUBLICATION:
            found[wanted.parameter] = frame
        elif wanted.as_records:
            found[wanted.table] = _of(frame, week)
            found[wanted.parameter] = parse_records(
                found[wanted.table], stage, week, engine=context.engine, drift=Drift(context.mode.drift)
            )
        else:
            found[wanted.parameter] = _of(frame, week - wanted.weeks_back * WEEK)
    return found


def files_read(context: Context, table: Table, week: date) -> list[str]:
    """List what a step reads: lines of the manifest, names of files of tables, hashes of landed files."""
    lake, found = context.lake, list[str]()
    for wanted in table.read:
        if wanted.table == PUBLICATION:
            found += [file.model_dump_json(exclude={"origin"}) for file in _landed(lake, week)]
            continue
        parent = context.tables[wanted.table]
        of = week - wanted.weeks_back * WEEK
        stored = open_cached(lake, parent.path) if context.weeks.has_partition_key(str(of)) else None
        files = read.files_of_week(stored, parent.path, of) if stored else ()
        found += [f"{wanted.parameter} {file.path}" for file in files]
        if wanted.as_records:
            paths = [f"raw/{file.path}" for file in _landed(lake, week) if file.dataset == parent.name]
            found += [f"{path} {landed_hash(lake, path)}" for path in paths]
    return found


def _landed(lake: Lake, week: date) -> Sequence[LandedFile]:
    manifest = Manifest.of(lake, week)
    return manifest.files if manifest else ()


def _of(frame: DataFrame, week: date) -> DataFrame:
    return frame.where(F.col("week") == F.lit(week)).drop("week")
