"""The cluster that a step runs on, existing or new, as the Jobs API describes it."""

from typing import Any

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.settings.databricks import DatabricksSettings


class ClusterMissing(CloudflixError):
    """The settings name no cluster, two of them, or not all that a new one needs."""


def cluster(settings: DatabricksSettings) -> dict[str, Any]:
    """Return the cluster part of a task for the Jobs API: `existing_cluster_id` or `new_cluster`.

    Raises:
        ClusterMissing: the settings name no cluster, two, or not all that a new one needs.
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
        return {"existing_cluster_id": settings.databricks_cluster}
    if settings.databricks_node_type and settings.databricks_pool:
        raise ClusterMissing(
            "CLOUDFLIX_DATABRICKS_POOL has nodes of its own, and CLOUDFLIX_DATABRICKS_NODE_TYPE names "
            "others: unset one of the two."
        )
    if not settings.databricks_runtime or not (settings.databricks_node_type or settings.databricks_pool):
        raise ClusterMissing(
            "CLOUDFLIX_DEPLOYMENT=databricks needs a cluster: set CLOUDFLIX_DATABRICKS_CLUSTER to the id of "
            "one, or CLOUDFLIX_DATABRICKS_RUNTIME with CLOUDFLIX_DATABRICKS_POOL or _NODE_TYPE for new ones."
        )
    return {"new_cluster": _new(settings)}


def _new(settings: DatabricksSettings) -> dict[str, Any]:
    user = settings.databricks_single_user
    options = {
        "spark_version": settings.databricks_runtime,
        "num_workers": settings.databricks_workers,
        "instance_pool_id": settings.databricks_pool,
        "node_type_id": settings.databricks_node_type,
        "policy_id": settings.databricks_policy,
        "single_user_name": user,
        "data_security_mode": "SINGLE_USER" if user else None,
    }
    return {name: value for name, value in options.items() if value is not None}
