"""Assemble the Dagster definitions from an environment; no table is a special case."""

import warnings
from collections.abc import Sequence

import dagster as dg
from pyspark.sql import types as T

from cloudflix_assets import partitions
from cloudflix_assets.assets.context import Context
from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.assets.publication import publication_asset
from cloudflix_assets.assets.tables import table_assets
from cloudflix_assets.automation import alerts, freshness, jobs, schedules, sensors, switches
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.names import asset_key
from cloudflix_assets.resources.resources import RETRIES, executor, resources
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Source, source_of
from cloudflix_assets.sources.agreement import Agreement
from spark.registry import TABLES
from spark.table import Layer, Table

__all__ = ["build_defs"]

# 2026-11-23: data versions of outputs (beta) and partitions of checks (preview) in 1.13. Drop once stable.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build_defs(
    environment: Environment, *, tables: Sequence[Table] = TABLES, source: Source | None = None
) -> dg.Definitions:
    """Build the definitions: the publication, every table, jobs, schedule, sensors, resources.

    Args:
        environment: the settings.
        tables: the tables to build assets for.
        source: where publications come from; None for the source that the settings name.
    """
    lake, agreement = lake_of(environment), Agreement.of(environment)
    source = source or source_of(environment)
    context = Context(
        lake=lake,
        tables={table.identifier: table for table in tables},
        weeks=partitions.weekly(environment.first_week),
        engine=environment.engine,
        mode=agreement.mode,
        retries=RETRIES if environment.launches else None,
        code_url=environment.code_url,
    )
    gold = [asset_key(table.path) for table in tables if table.layer is Layer.GOLD]
    deadlines = freshness.Deadlines(gold, environment.first_week)
    check = freshness.check(deadlines)
    return dg.Definitions(
        assets=[
            publication_asset(context, source, agreement),
            *(table_assets(context, table) for table in tables),
        ],
        asset_checks=[check],
        jobs=jobs.jobs(check),
        schedules=[schedules.weekly(environment.deployment)],
        sensors=_sensors(environment, lake, tables, source, deadlines),
        resources=resources(environment, lake, _stored(tables)),
        executor=executor(environment),
    )


def _stored(tables: Sequence[Table]) -> dict[str, T.StructType]:
    """Columns of every Delta table, quarantines included, by path."""
    return {path: columns for table in tables for path, columns in stored_fields(table).items()}


def _sensors(
    environment: Environment,
    lake: Lake,
    tables: Sequence[Table],
    source: Source,
    deadlines: freshness.Deadlines,
) -> list[dg.SensorDefinition]:
    deployment = environment.deployment
    steps = {table.identifier: table.path for table in tables}
    return [
        sensors.publication_sensor(source, deployment),
        sensors.landing_sensor(source, lake, environment.first_week, deployment),
        switches.on_changes(deployment),
        freshness.sensor(deadlines, deployment),
        alerts.sensor(environment.alert_webhook, environment.web_ui, steps, deadlines, deployment),
    ]
