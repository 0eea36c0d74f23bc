"""Definitions from an environment. No special case for any table."""

import warnings
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.step_launcher import StepLauncher
from dagster_pyspark import LazyPySparkResource

from cloudflix_assets import partitions
from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.assets.publication import publication_asset
from cloudflix_assets.assets.tables import STEP_LAUNCHER, table_assets
from cloudflix_assets.automation import alerts, jobs, schedules, sensors, switches
from cloudflix_assets.databricks.forkserver import AT_ONCE, IMPORTED
from cloudflix_assets.engines.choice import spark_resource
from cloudflix_assets.errors import told
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.resources.io_managers import DeltaIOManager, ManifestIOManager
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Source, source_of
from cloudflix_assets.sources.agreement import Agreement
from spark.registry import TABLES
from spark.table import Table

# 2026-11-23: data versions of outputs (beta) and partitions of checks (preview) in 1.13. Drop once stable.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build_defs(
    environment: Environment, *, tables: Sequence[Table] = TABLES, source: Source | None = None
) -> dg.Definitions:
    """Everything that Dagster runs: the publication, every table, jobs, schedule, sensors, resources."""
    lake = lake_of(environment)
    weeks = partitions.weekly(environment.first_week)
    source = source or source_of(environment)
    agreement = Agreement.of(environment)
    by_name = {table.identifier: table for table in tables}
    return dg.Definitions(
        assets=[
            publication_asset(lake, source, weeks, agreement),
            *(
                table_assets(
                    table,
                    by_name,
                    lake,
                    weeks,
                    environment.engine,
                    drift=agreement.drift,
                    retries=_RETRIES if environment.launches else None,
                )
                for table in tables
            ),
        ],
        jobs=jobs.jobs(),
        schedules=[schedules.weekly(environment.deployment)],
        sensors=_sensors(environment, lake, tables, source),
        resources=_resources(environment, lake, tables),
        executor=_executor(environment),
    )


_RETRIES = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL)
"""Of a launched step, whose cluster may fail without a fault of the step's."""


def _executor(environment: Environment) -> dg.ExecutorDefinition:
    """Twenty small steps take 3 s in one process, and 46 s with a process each; launched ones only wait."""
    if not environment.launches:
        return dg.in_process_executor
    forked = {"forkserver": {"preload_modules": list(IMPORTED)}}
    return dg.multiprocess_executor.configured({"start_method": forked, "max_concurrent": AT_ONCE})


def _sensors(
    environment: Environment, lake: Lake, tables: Sequence[Table], source: Source
) -> list[dg.SensorDefinition]:
    deployment = environment.deployment
    steps = {table.identifier: table.path for table in tables}
    return [
        sensors.publication_sensor(source, deployment),
        sensors.landing_sensor(source, lake, environment.first_week, deployment),
        switches.on_changes(deployment),
        alerts.sensor(environment.alert_webhook, environment.web_ui, steps, deployment),
    ]


def _resources(
    environment: Environment, lake: Lake, tables: Sequence[Table]
) -> dict[str, dg.ResourceDefinition]:
    stored = {path: columns for table in tables for path, columns in stored_fields(table).items()}

    @dg.resource(description=f"Spark session, engine {environment.engine}")
    def spark(_: dg.InitResourceContext) -> LazyPySparkResource:
        return spark_resource(environment)

    @dg.io_manager(required_resource_keys={"spark"}, description="Weeks of Delta tables")
    def io_manager(context: dg.InitResourceContext) -> DeltaIOManager:
        return DeltaIOManager(lake, stored, context.resources.spark, environment.engine)

    @dg.io_manager(required_resource_keys={"spark"}, description="Manifests of publications")
    def manifest_io_manager(context: dg.InitResourceContext) -> ManifestIOManager:
        return ManifestIOManager(lake, context.resources.spark)

    return {
        "spark": spark,
        "io_manager": io_manager,
        "manifest_io_manager": manifest_io_manager,
        STEP_LAUNCHER: _launcher(environment),
    }


def _launcher(environment: Environment) -> dg.ResourceDefinition:
    """On a cluster too a step runs where it is."""
    if not environment.launches:
        return dg.ResourceDefinition.none_resource("Steps run in this process")

    @dg.resource(description="Steps run as Databricks jobs")
    def step_launcher(_: dg.InitResourceContext) -> StepLauncher:
        from cloudflix_assets.databricks.launcher import (
            Launcher,  # Databricks' libraries take a while to import
        )

        with told():
            return Launcher(environment)

    return step_launcher
