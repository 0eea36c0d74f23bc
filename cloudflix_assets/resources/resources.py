"""The resources of the definitions, and the executor of their steps."""

from collections.abc import Mapping

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import types as T

from cloudflix_assets.databricks.forkserver import AT_ONCE, IMPORTED
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.instance.failures import as_failure
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.names import STEP_LAUNCHER
from cloudflix_assets.resources.io_managers import DeltaIOManager, ManifestIOManager
from cloudflix_assets.settings.environment import Environment

RETRIES = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL)
"""The retries of a launched step, whose cluster may fail for reasons of its own."""


def executor(environment: Environment) -> dg.ExecutorDefinition:
    """Choose the executor: steps run in this process, launched ones wait in a process each.

    Measured: twenty small steps take 3 s in one process, and 46 s with a process each.
    """
    if not environment.launches:
        return dg.in_process_executor
    forked = {"forkserver": {"preload_modules": list(IMPORTED)}}
    return dg.multiprocess_executor.configured({"start_method": forked, "max_concurrent": AT_ONCE})


def resources(
    environment: Environment, lake: Lake, stored: Mapping[str, T.StructType]
) -> dict[str, dg.ResourceDefinition]:
    """Define the resources, by key: session, IO managers of tables and manifests, step launcher."""

    @dg.resource(description=f"Spark session, engine {environment.engine}")
    def spark(_: dg.InitResourceContext) -> LazyPySparkResource:
        return start_engine(environment)

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
    """Define the step launcher; none on this machine, and none on a cluster, where a step runs in place."""
    if not environment.launches:
        return dg.ResourceDefinition.none_resource("Steps run in this process")

    @dg.resource(description="Steps run as Databricks jobs")
    def step_launcher(context: dg.InitResourceContext) -> dg.StepLauncher:
        # Imported here, because Databricks' libraries are slow to import.
        from cloudflix_assets.databricks.launcher import Launcher

        with as_failure(context.instance, context.run.run_id if context.run else None):
            return Launcher(environment)

    return step_launcher
