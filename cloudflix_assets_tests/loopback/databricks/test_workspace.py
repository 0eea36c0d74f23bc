"""Tests of the API of clusters, secrets and permissions."""

from collections.abc import Callable

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.iam import AccessControlRequest, PermissionLevel
from databricks.sdk.service.jobs import JobAccessControlRequest, JobPermissionLevel

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.runs import NOT_RUN, RunPlan
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks


def test_clusters_are_described(emulator: Emulator, client: WorkspaceClient) -> None:
    found = client.clusters.get(emulator.cluster_id)
    assert found.state
    assert (found.state.value, found.spark_version) == ("TERMINATED", "17.3.x-scala2.13")
    nodes = client.clusters.list_node_types().node_types or []
    assert "Standard_D4ds_v5" in {node.node_type_id for node in nodes}
    versions = client.clusters.spark_versions().versions or []
    assert "17.3.x-scala2.13" in {version.key for version in versions}
    assert client.instance_pools.get("pool-1").instance_pool_name == "warm nodes"
    assert client.cluster_policies.get("policy-1").definition == "{}"


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda client: client.clusters.get("other"), "Cluster other does not exist"),
        (lambda client: client.instance_pools.get("other"), "Can't find an instance pool with id: other"),
        (lambda client: client.cluster_policies.get("other"), "Can't find a cluster policy with id: other"),
    ],
)
def test_what_there_is_none_of_is_refused(
    client: WorkspaceClient, ask: Callable[[WorkspaceClient], object], told: str
) -> None:
    with pytest.raises(DatabricksError, match=told):
        ask(client)


def test_secrets_are_listed_and_got(emulator: Emulator, client: WorkspaceClient) -> None:
    emulator.secrets["lake"] = {"key": "s3cret"}
    assert [scope.name for scope in client.secrets.list_scopes()] == ["lake"]
    assert [secret.key for secret in client.secrets.list_secrets("lake")] == ["key"]
    assert client.dbutils.secrets.get("lake", "key") == "s3cret"
    with pytest.raises(NotFound, match="Secret does not exist with scope: lake and key: other"):
        client.secrets.get_secret("lake", "other")
    with pytest.raises(NotFound, match="Scope sea does not exist!"):
        next(iter(client.secrets.list_secrets("sea")))


def test_rights_are_granted_to_what_is_there(
    emulator: Emulator, client: WorkspaceClient, tasks: Tasks
) -> None:
    emulator.plans.append(RunPlan(outcome=NOT_RUN))
    run = tasks.run()
    grant = JobAccessControlRequest(group_name="ops", permission_level=JobPermissionLevel.CAN_VIEW)
    client.jobs.update_permissions(str(run.job_id), access_control_list=[grant])
    level = PermissionLevel.CAN_RESTART
    of_cluster = AccessControlRequest(user_name="ana@example.org", permission_level=level)
    client.permissions.update("clusters", emulator.cluster_id, access_control_list=[of_cluster])
    found = client.permissions.get("jobs", str(run.job_id)).access_control_list or []
    assert [entry.group_name for entry in found] == ["ops"]
    assert emulator.people.grants[f"clusters/{emulator.cluster_id}"][0]["user_name"] == "ana@example.org"
    with pytest.raises(NotFound, match="Job 7 does not exist"):
        client.jobs.update_permissions("7", access_control_list=[grant])


def test_a_right_that_is_none_is_refused(emulator: Emulator, client: WorkspaceClient) -> None:
    grant = AccessControlRequest(user_name="ana", permission_level=PermissionLevel.CAN_QUERY)
    with pytest.raises(DatabricksError, match="permission_level must be one of"):
        client.permissions.update("clusters", emulator.cluster_id, access_control_list=[grant])
    emulator.wrong.clear()
