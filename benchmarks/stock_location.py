"""Our definitions with the stock launcher of dagster-databricks, copied to where it ships code from."""

from pathlib import Path

import dagster as dg
from dagster_databricks import databricks_pyspark_step_launcher

from cloudflix_assets.build import build_defs
from cloudflix_assets.names import STEP_LAUNCHER
from cloudflix_assets.settings.environment import Environment, environment


def _location(settings: Environment) -> dg.Definitions:
    """Ours, but for who launches; on a cluster nobody does."""
    ours = build_defs(settings)
    if settings.on_cluster:
        return ours
    told: dict[str, object] = {
        "run_config": {"run_name": "stock", "cluster": {"existing": settings.databricks_cluster}},
        "databricks_host": settings.databricks_host,
        "databricks_token": settings.databricks_token.get_secret_value() if settings.databricks_token else "",
        "local_dagster_job_package_path": str(Path(__file__).parent),
        "env_variables": settings.for_cluster(),
        "secrets_to_env_variables": [],
    }
    launcher = databricks_pyspark_step_launcher.configured(told)
    return dg.Definitions(
        assets=ours.assets,
        jobs=ours.jobs,
        resources={**(ours.resources or {}), STEP_LAUNCHER: launcher},
        executor=ours.executor,
    )


defs = _location(environment())
