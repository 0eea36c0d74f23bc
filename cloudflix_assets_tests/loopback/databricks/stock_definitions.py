"""A code location for the stock launcher of dagster-databricks; its test copies it to another folder."""

import os
import sys
from pathlib import Path

import dagster as dg
from dagster_databricks import databricks_pyspark_step_launcher

CLUSTER = "DATABRICKS_RUNTIME_VERSION" in os.environ


@dg.asset(required_resource_keys={"step_launcher"})
def counted(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Count rows on the ambient Spark session."""
    from pyspark.sql import SparkSession  # noqa: PLC0415  # the cluster's

    context.log.info("counting on the cluster" if CLUSTER else "counting here")
    rows = SparkSession.builder.getOrCreate().range(7).count()
    return dg.MaterializeResult(
        metadata={
            "rows": rows,
            "sent": os.environ.get("SENT", ""),
            "key": os.environ.get("KEY", ""),
            "on_cluster": CLUSTER,
            "main": sys.argv[0],
        }
    )


def _launcher() -> dg.ResourceDefinition:
    if CLUSTER:
        return dg.ResourceDefinition.none_resource()
    settings = {
        "run_config": {"run_name": "stock", "cluster": {"existing": os.environ["STOCK_CLUSTER"]}},
        "databricks_host": os.environ["STOCK_HOST"],
        "databricks_token": os.environ["STOCK_TOKEN"],
        "local_dagster_job_package_path": str(Path(__file__).parent),
        "env_variables": {"SENT": "sent"},
        "secrets_to_env_variables": [{"name": "KEY", "key": "key", "scope": "lake"}],
        "poll_interval_sec": 0.2,
    }
    return databricks_pyspark_step_launcher.configured(settings)


defs = dg.Definitions(
    assets=[counted],
    jobs=[dg.define_asset_job("stock", executor_def=dg.in_process_executor)],
    resources={"step_launcher": _launcher()},
)
