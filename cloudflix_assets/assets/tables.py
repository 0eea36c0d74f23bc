"""The assets of a table: the table, its quarantine and its contract check, as Dagster declares them.

What their step does is in step.py.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from cloudflix_assets.assets import contract_check, inputs, refused_records, upstream
from cloudflix_assets.assets.context import Context
from cloudflix_assets.assets.description import (
    asset_text,
    code_references,
    code_version,
    column_lineage,
    column_schema,
    quarantine_schema,
    quarantine_text,
    table_text,
)
from cloudflix_assets.assets.receipts import Read, key_of, receipt_of, refuse_damaged
from cloudflix_assets.assets.step import Event, Step
from cloudflix_assets.automation.conditions import WHEN_CHANGED
from cloudflix_assets.delta.committer import ASKED
from cloudflix_assets.delta.table import refuse_unusable
from cloudflix_assets.engines.remote import engine_of
from cloudflix_assets.instance.events import notice
from cloudflix_assets.instance.failures import as_failure
from cloudflix_assets.lake.staging import folder_of, open_staging
from cloudflix_assets.names import (
    DATASET_TAG,
    FORCE,
    GROUPS,
    LAYER_TAG,
    QUARANTINE,
    STEP_LAUNCHER,
    asset_key,
    quarantine_of,
    quarantine_path,
    table_name,
)
from cloudflix_assets.partitions import week_of
from spark.delivery.headers import Drift
from spark.table import Table


def table_assets(given: Context, table: Table) -> dg.AssetsDefinition:
    """Create a table's assets: one step per week yields the table, its quarantine and its contract check."""
    version = _version(table, given.mode.drift)

    @dg.multi_asset(
        name=table.identifier,
        outs=_outs(given, table, version),
        ins=inputs.asset_ins(table, given.tables),
        partitions_def=given.weeks,
        check_specs=[contract_check.spec(table, given.weeks), *upstream.checks(table, given.weeks)],
        required_resource_keys={"spark", STEP_LAUNCHER},
        retry_policy=given.retries,
    )
    def step(context: dg.AssetExecutionContext, **loaded: DataFrame) -> Iterator[Event]:
        attempt = f"{context.run.run_id}-{context.retry_number}"
        week, folder, lake = week_of(context.partition_key), folder_of(table.path, attempt), given.lake
        with as_failure(context.instance, context.run.run_id), lake.storage_errors(table.path):
            session = context.resources.spark.spark_session
            with open_staging(lake, session, folder) as stage:
                refuse_unusable(lake, table.path)
                if table.first.as_records and (moved := lake.agree_on(given.mode)):
                    yield notice(context, moved, asset_key(table.path))
                computes = engine_of(session) if given.engine in ASKED else given.engine
                force = context.run.tags.get(FORCE) == "true"
                if not force:
                    refuse_damaged(lake, table.path, week, receipt_of(lake, table.path, week))
                read = upstream.inputs_of(given, table, week)
                upstream.refuse_altered(lake, session, read)
                key = key_of(computes, version, inputs.files_read(given, table, week))
                judged = Read(key, upstream.digests(given, table, week, read))
                doubts = upstream.told_doubts(given, table, week)
                for sentence in doubts:
                    yield notice(context, sentence, asset_key(table.path))
                yield from Step(given, table, week, stage, judged, attempt, force).run(loaded)
                yield from upstream.results(table, doubts)
                if table.has_quarantine:
                    refused_records.remove(lake, table, week)

    return step


def _version(table: Table, drift: str) -> str:
    """The code version; for a table of records it includes the drift mode, which also decides its content."""
    version = code_version(table)
    return f"{version}-{drift}" if drift == Drift.EVOLVE and table.first.as_records else version


def _outs(context: Context, table: Table, version: str) -> dict[str, dg.AssetOut]:
    tables = context.tables
    code = {"dagster/code_references": code_references(table.build, context.code_url)}
    shared: dict[str, Any] = {
        "group_name": GROUPS[table.layer],
        "kinds": {"deltalake", "pyspark"},
        "tags": {LAYER_TAG: table.layer.value, DATASET_TAG: table.name},
        "owners": list(table.owners),
        "code_version": version,
        "automation_condition": WHEN_CHANGED,
    }
    outs = {
        table.identifier: dg.AssetOut(
            key=asset_key(table.path),
            description=asset_text(table_text(table), uri := context.lake.uri(table.path), context.code_url),
            metadata={
                "dagster/uri": uri,
                "dagster/table_name": table_name(table.path),
                "dagster/column_schema": column_schema(table, tables),
                "dagster/column_lineage": column_lineage(table, tables),
                **code,
            },
            **shared,
        )
    }
    if table.has_quarantine:
        path = quarantine_path(table)
        outs[quarantine_of(table.identifier)] = dg.AssetOut(
            key=asset_key(path),
            description=asset_text(quarantine_text(table), uri := context.lake.uri(path), context.code_url),
            metadata={
                "dagster/uri": uri,
                "dagster/table_name": table_name(path),
                "dagster/column_schema": quarantine_schema(),
                **code,
            },
            **{**shared, "group_name": GROUPS[QUARANTINE]},
        )
    return outs
