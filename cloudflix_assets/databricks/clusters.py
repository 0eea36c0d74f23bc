"""Where a step runs: an existing cluster, or a new one of the settings, in the words of the Jobs API."""

from typing import Any

from cloudflix_assets.databricks_settings import DatabricksSettings
from cloudflix_assets.errors import CloudflixError


class ClusterMissing(CloudflixError):
    """The settings name no cluster, or not all that a new one needs."""


def cluster(settings: DatabricksSettings) -> dict[str, Any]:
    """`cluster` of a submitted run, as dagster-databricks takes it.

    Raises:
        ClusterMissing: no cluster is named.
    """
    new = {
        "CLOUDFLIX_DATABRICKS_NODE_TYPE": settings.databricks_node_type,
        "CLOUDFLIX_DATABRICKS_POOL": settings.databricks_pool,
        "CLOUDFLIX_DATABRICKS_RUNTIME": settings.databricks_runtime,
    }
    named = [name for name, value in new.items() if value]
    if settings.databricks_cluster:
        if named:
            raise ClusterMissing(
                f"CLOUDFLIX_DATABRICKS_CLUSTER names an existing cluster, and {', '.join(named)} a new one: "
                "unset one of the two."
            )
        return {"existing": settings.databricks_cluster}
    if not settings.databricks_runtime or not (settings.databricks_node_type or settings.databricks_pool):
        raise ClusterMissing(
            "CLOUDFLIX_DEPLOYMENT=databricks needs a cluster: set CLOUDFLIX_DATABRICKS_CLUSTER to the id of "
            "one, or CLOUDFLIX_DATABRICKS_RUNTIME with CLOUDFLIX_DATABRICKS_POOL or _NODE_TYPE for new ones."
        )
    return {"new": _new(settings)}


def _new(settings: DatabricksSettings) -> dict[str, Any]:
    pool, node_type = settings.databricks_pool, settings.databricks_node_type
    options = {"policy_id": settings.databricks_policy, "single_user_name": settings.databricks_single_user}
    if settings.databricks_single_user:
        options["data_security_mode"] = "SINGLE_USER"
    return {
        "spark_version": settings.databricks_runtime,
        "size": {"num_workers": settings.databricks_workers},
        "nodes": {"instance_pool_id": pool} if pool else {"node_types": {"node_type_id": node_type}},
        **{name: value for name, value in options.items() if value},
    }
