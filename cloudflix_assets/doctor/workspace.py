"""Findings about the Databricks workspace: sign-in, cluster, hand-over, secrets, a probe run."""

import json
import re
import time
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.compute import ClusterDetails
from databricks.sdk.service.jobs import Run

from cloudflix_assets.databricks import run_states
from cloudflix_assets.databricks.calls import explain_refusals, patiently
from cloudflix_assets.databricks.cluster import cluster
from cloudflix_assets.databricks.handover import RUNS, Handover
from cloudflix_assets.databricks.staging_area import area
from cloudflix_assets.databricks.submissions import run_name, submit
from cloudflix_assets.databricks.workspace import client_of, credentials, staging_of
from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.lake.waiting import waiting_for
from cloudflix_assets.settings.environment import Environment

SECONDS = 2.0
"""Pause between two queries for the state of the probe's run."""
PATIENCE = 20
"""Seconds to wait for an answer; a run would retry for minutes."""
_SIGN_IN = "/oidc/.well-known/oauth-authorization-server"
"""A path that every workspace answers without a credential."""


def workspace(settings: Environment) -> Finding:
    """Examine whether the workspace answers and accepts the credential."""
    given = credentials(settings)
    if trouble := _trouble(given.host):
        return Finding("workspace", "fail", trouble, "check DATABRICKS_HOST, and the way there")
    with explain_refusals(given.host):
        me = patiently(_client(settings).current_user.me)
    who = me.user_name or me.display_name
    return Finding("workspace", "ok", f"{given.host} lets {who} in ({given.kind})")


def _trouble(host: str) -> str | None:
    """Why the host is not a reachable workspace, or None if it is one."""
    try:
        with waiting_for(urlsplit(host).netloc):
            answer = httpx.get(f"{host}{_SIGN_IN}", timeout=PATIENCE)
    except httpx.TransportError as error:
        return f"nothing answers at {host} ({type(error).__name__})"
    if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
        return f"{host} answers, but not as a Databricks workspace does (status {answer.status_code})"
    return None


def _client(settings: Environment) -> WorkspaceClient:
    return client_of(credentials(settings), retry_timeout_seconds=PATIENCE)


def cluster_of(settings: Environment) -> Finding:
    """Examine the named cluster, or whether the workspace can create the one that the settings describe."""
    cluster(settings)
    with explain_refusals(str(settings.databricks_host)):
        client = _client(settings)
        if settings.databricks_cluster:
            details = patiently(lambda: client.clusters.get(str(settings.databricks_cluster)))
            return _existing_cluster(client, details)
        return _new_cluster(client, settings)


def _existing_cluster(client: WorkspaceClient, details: ClusterDetails) -> Finding:
    state = details.state.value.lower() if details.state else "in an unknown state"
    seen = f"{details.cluster_name or details.cluster_id} is {state}, {details.spark_version}"
    return _version_finding(seen, _runtimes(client).get(details.spark_version or ""))


def _new_cluster(client: WorkspaceClient, settings: Environment) -> Finding:
    parts = [str(settings.databricks_runtime)]
    if pool := settings.databricks_pool:
        found = patiently(lambda: client.instance_pools.get(pool))
        parts.append(f"pool {found.instance_pool_name}")
    if policy := settings.databricks_policy:
        parts.append(f"policy {patiently(lambda: client.cluster_policies.get(policy)).name}")
    if node_type := settings.databricks_node_type:
        types = patiently(client.clusters.list_node_types).node_types or []
        if node_type not in {entry.node_type_id for entry in types}:
            return Finding(
                "cluster", "fail", f"the workspace has no node type {node_type}", "choose one that it has"
            )
        parts.append(node_type)
    runtime = str(settings.databricks_runtime)
    if runtime not in (known := _runtimes(client)):
        return Finding("cluster", "fail", f"the workspace has no runtime {runtime}", "choose one that it has")
    return _version_finding(f"a new one for each step: {', '.join(parts)}", known[runtime])


def _runtimes(client: WorkspaceClient) -> dict[str, str | None]:
    """The version of Spark in each runtime: `17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)`."""
    known = patiently(client.clusters.spark_versions).versions or []
    found = {entry.key or "": re.search(r"Apache Spark (\d+\.\d+)", entry.name or "") for entry in known}
    return {key: version[1] if version else None for key, version in found.items()}


def _version_finding(seen: str, spark: str | None) -> Finding:
    pinned = version("pyspark").rpartition(".")[0]
    if spark is None:
        return Finding("cluster", "warn", f"{seen}, with a Spark that the workspace does not name")
    if spark.split(".")[0] != pinned.split(".")[0]:
        remedy = f"choose a runtime with Spark {pinned.split('.')[0]}"
        return Finding("cluster", "fail", f"{seen}, Spark {spark}; this version is for {pinned}", remedy)
    if spark != pinned:
        return Finding("cluster", "warn", f"{seen}, Spark {spark}; this version was tested with {pinned}")
    return Finding("cluster", "ok", f"{seen}, Spark {spark}")


def probe_hand_over(settings: Environment) -> Finding:
    """Write a file to the hand-over's folder, read it and remove it."""
    staging = staging_of(settings)
    path = f"{RUNS}/.doctor-{uuid4().hex}"
    with explain_refusals(str(settings.databricks_host)):
        place = area(_client(settings), staging)
        place.put(path, b"writable")
        found = place.get(path)
        place.remove(path)
    if found != b"writable":
        return Finding("hand-over", "fail", f"{staging} gives back other bytes", "choose another place")
    return Finding("hand-over", "ok", f"{staging} can be written, read and emptied")


def _keys(client: WorkspaceClient, scope: str) -> set[str | None]:
    return {entry.key for entry in client.secrets.list_secrets(scope)}


def secrets(settings: Environment) -> Finding:
    """Look for each secret that the cluster is to read."""
    missing: list[str] = []
    with explain_refusals(str(settings.databricks_host)):
        client = _client(settings)
        for scope in sorted({secret.scope for secret in settings.databricks_secrets}):
            keys = patiently(partial(_keys, client, scope))
            of_scope = [secret for secret in settings.databricks_secrets if secret.scope == scope]
            missing += [f"{scope}/{secret.key}" for secret in of_scope if secret.key not in keys]
    if missing:
        return Finding(
            "secrets",
            "fail",
            f"missing: {', '.join(missing)}",
            "put them with `databricks secrets put-secret`",
        )
    named = ", ".join(secret.variable for secret in settings.databricks_secrets)
    return Finding("secrets", "ok", named or "none is named: the cluster reaches the lake by itself")


def launch_probe(settings: Environment) -> Iterator[Finding]:
    """Run a probe on the cluster, which may have to start, and yield what the probe found."""
    with explain_refusals(str(settings.databricks_host)):
        client = _client(settings)
        place = area(client, staging_of(settings))
        handover = Handover(place, f"{uuid4()}-doctor-0")
        handover.give(settings, None)
        try:
            yield from _probe(client, settings, handover)
        finally:
            handover.remove()


def _probe(client: WorkspaceClient, settings: Environment, handover: Handover) -> Iterator[Finding]:
    number = submit(client, settings, handover, run_name("-", "doctor"))
    try:
        run, state = _wait_until_ended(client, number)
    except BaseException:  # nobody waits for the run any more, so it must not go on costing money
        patiently(lambda: client.jobs.cancel_run(number))
        raise
    reported = handover.reported()
    if reported is None:
        error = run_states.error(client, run)
        yield Finding("launch", "fail", error[0] if error else state.message, f"see {run.run_page_url}")
        return
    yield Finding("launch", "ok", f"run {number} ended; see {run.run_page_url}")
    for entry in json.loads(reported):
        yield Finding(**entry)


def _wait_until_ended(client: WorkspaceClient, number: int) -> tuple[Run, run_states.State]:
    while True:
        run = patiently(lambda: client.jobs.get_run(number))
        if (state := run_states.state(run)).ended:
            return run, state
        time.sleep(SECONDS)
