"""Table to assets: the table, its quarantine and its contract check, in one step per week.

Read, build, judge, publish, in that order; nothing is published that was not judged.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from cloudflix_assets.assets import contract_check, inputs, refusals
from cloudflix_assets.assets.description import (
    asset_key,
    check_text,
    code_version,
    column_lineage,
    column_schema,
    quarantine_path,
    quarantine_schema,
    quarantine_text,
    table_name,
    table_text,
)
from cloudflix_assets.delta import Judged, WeekOfTable
from cloudflix_assets.delta_table import checked
from cloudflix_assets.errors import storing, told
from cloudflix_assets.lake import Lake
from cloudflix_assets.layers import GROUPS
from cloudflix_assets.partitions import week_of
from cloudflix_assets.staging import Staging, folder_of, staging
from spark import digest, quality
from spark.rules import fields
from spark.table import Table

FORCE = "cloudflix/force"
"""Run tag: commit even what is unchanged."""

Event = dg.AssetCheckResult | dg.Output[Any]


def table_assets(
    table: Table, tables: Mapping[str, Table], lake: Lake, weeks: dg.PartitionsDefinition[str]
) -> dg.AssetsDefinition:
    """One step per week that yields the contract check, the quarantine and the table."""

    @dg.multi_asset(
        name=table.identifier,
        outs=_outs(table, tables),
        ins=inputs.asset_ins(table, tables),
        partitions_def=weeks,
        check_specs=[
            dg.AssetCheckSpec(
                contract_check.NAME,
                asset=asset_key(table.path),
                blocking=True,
                partitions_def=weeks,
                description=check_text(table),
            )
        ],
        required_resource_keys={"spark"},
    )
    def step(context: dg.AssetExecutionContext, **loaded: DataFrame) -> Iterator[Event]:
        folder = folder_of(table.path, f"{context.run.run_id}-{context.retry_number}")
        session = context.resources.spark.spark_session
        with told(), storing(lake.uri(table.path)), staging(lake, session, folder) as stage:
            checked(lake, table.path)
            frames = inputs.frames(table, loaded, stage, week_of(context.partition_key))
            yield from _judged_and_published(context, table, frames, stage)

    return step


def _judged_and_published(
    context: dg.AssetExecutionContext, table: Table, frames: Mapping[str, DataFrame], stage: Staging
) -> Iterator[Event]:
    started = time.monotonic()
    built = table.build(*(frames[name] for name in table.parameters))
    staged = quality.judged(table, built, frames)
    if table.has_quarantine:  # the others hand on what is materialized already
        staged = stage.materialized("judged", staged)
    verdict = quality.verdict(table, staged)
    contract_check.conserved(table, verdict, frames)
    samples = quality.samples(staged) if table.has_quarantine and any(verdict.broken.values()) else {}
    refused = quality.refused(staged, frames[table.parameters[0]]) if verdict.refused else None
    failure = contract_check.failure(table, verdict, context.partition_key)
    examples = refusals.examples(table, refused) if failure and refused is not None else None
    yield contract_check.result(table, verdict, samples, examples)
    if failure:
        raise failure
    week = WeekOfTable(
        path=table.path,
        fields=fields(table),
        week=week_of(context.partition_key),
        frame=quality.accepted(table, staged) if verdict.accepted else None,
        rows=verdict.accepted,
        digest=verdict.digest,
        step=f"{context.run.run_id}-{context.retry_number}",
        force=context.run.tags.get(FORCE) == "true",
    )
    if table.has_quarantine:
        quarantine = _quarantine(table, week, verdict, stage, refused)
        told = {}
        if quarantine.frame is not None:
            told["samples"] = dg.MetadataValue.md(refusals.examples(table, quarantine.frame))
        yield _output(f"{table.identifier}_quarantine", quarantine, quarantine, started, told)
        counts = {"quarantined": verdict.refused}
        yield _output(table.identifier, week, Judged(week, quarantine), started, counts)
    else:
        yield _output(table.identifier, week, week, started)


def _quarantine(
    table: Table, week: WeekOfTable, verdict: quality.Verdict, stage: Staging, refused: DataFrame | None
) -> WeekOfTable:
    """The refused rows as a week of their own; most weeks have none, which costs nothing."""
    frame, found = None, digest.empty(quality.QUARANTINE)
    if refused is not None:
        frame = stage.materialized("quarantine", refused)
        found = digest.digest(frame, quality.QUARANTINE)
    return replace(
        week,
        path=quarantine_path(table),
        fields=quality.QUARANTINE,
        frame=frame,
        rows=verdict.refused,
        digest=found,
    )


def _output(
    name: str, week: WeekOfTable, value: object, started: float, extra: Mapping[str, Any] | None = None
) -> dg.Output[Any]:
    """`seconds` is the time from the loaded inputs to here: build and judgement."""
    metadata = {**(extra or {}), "seconds": round(time.monotonic() - started, 3)}
    return dg.Output(value, output_name=name, data_version=dg.DataVersion(week.digest), metadata=metadata)


def _outs(table: Table, tables: Mapping[str, Table]) -> dict[str, dg.AssetOut]:
    shared: dict[str, Any] = {
        "group_name": GROUPS[table.layer],
        "kinds": {"deltalake", "pyspark"},
        "owners": list(table.owners),
        "code_version": code_version(table),
    }
    outs = {
        table.identifier: dg.AssetOut(
            key=asset_key(table.path),
            description=table_text(table),
            metadata={
                "dagster/table_name": table_name(table.path),
                "dagster/column_schema": column_schema(table, tables),
                "dagster/column_lineage": column_lineage(table, tables),
            },
            **shared,
        )
    }
    if table.has_quarantine:
        path = quarantine_path(table)
        outs[f"{table.identifier}_quarantine"] = dg.AssetOut(
            key=asset_key(path),
            description=quarantine_text(table),
            metadata={"dagster/table_name": table_name(path), "dagster/column_schema": quarantine_schema()},
            **shared,
        )
    return outs
