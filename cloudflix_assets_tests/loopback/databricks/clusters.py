"""The clusters of a workspace: the check of their specs, their states, and their starts."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from databricks.sdk.service.compute import ClusterSpec

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Call, Json, Refused, Route
from cloudflix_assets_tests.loopback.databricks.shapes import check

NODE_TYPES = {"Standard_D4ds_v5": (4.0, 16_384), "Standard_E8ds_v5": (8.0, 65_536)}
"""The node types, with cores and memory in MB."""
VERSIONS = {
    "15.4.x-scala2.12": "15.4 LTS (includes Apache Spark 3.5.0, Scala 2.12)",
    "16.4.x-scala2.13": "16.4 LTS (includes Apache Spark 3.5.2, Scala 2.13)",
    "17.3.x-scala2.13": "17.3 LTS (includes Apache Spark 4.0.0, Scala 2.13)",
}
"""The names of the runtimes; whatever the runtime, a driver has the Spark that this project pins."""
USUAL = {"spark_version": "17.3.x-scala2.13", "node_type_id": "Standard_D4ds_v5", "num_workers": 1,
         "data_security_mode": "SINGLE_USER"}  # fmt: skip
STANDARD = {"USER_ISOLATION", "DATA_SECURITY_MODE_STANDARD", "DATA_SECURITY_MODE_AUTO"}
"""The access modes without a SparkContext and without `/dbfs`."""
UNDONE = {"docker_image", "init_scripts", "ssh_public_keys", "workload_type"}
"""Settings that would change what runs, but that the loopback does not support, and refuses."""


@dataclass
class Cluster:
    """A cluster: a job's own (`JOB`), or one that people share (`UI`)."""

    cluster_id: str
    spec: Json
    source: Literal["JOB", "UI"]
    state: Literal["PENDING", "RUNNING", "TERMINATED"] = "TERMINATED"

    @property
    def is_standard(self) -> bool:
        """Whether the cluster has a standard access mode."""
        return self.spec.get("data_security_mode") in STANDARD

    @property
    def runtime(self) -> str:
        """The version of the runtime, such as 17.3."""
        return ".".join(self.spec["spark_version"].split(".")[:2])


@dataclass(frozen=True)
class Start:
    """A start of a cluster, which costs minutes and money on the service."""

    cluster_id: str
    source: Literal["JOB", "UI"]
    run_id: int


@dataclass
class Clusters:
    """The clusters of a workspace.

    Attributes:
        starts: the starts of clusters, in order.
        pools: the names of instance pools by id.
        policies: the definitions of cluster policies, as JSON text, by id.
    """

    by_id: dict[str, Cluster] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    pools: dict[str, str] = field(default_factory=lambda: {"pool-1": "warm nodes"})
    policies: dict[str, str] = field(default_factory=lambda: {"policy-1": "{}"})
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def routes(self) -> Sequence[Route]:
        """Return the routes that read clusters; no route makes or ends one."""
        return [
            Route("GET", r"/api/2\.[01]/clusters/get", self._get, {"cluster_id": str}),
            Route("GET", r"/api/2\.[01]/clusters/list-node-types", _node_types, {}),
            Route("GET", r"/api/2\.[01]/clusters/spark-versions", _versions, {}),
            Route("GET", r"/api/2\.0/instance-pools/get", self._pool, {"instance_pool_id": str}),
            Route("GET", r"/api/2\.0/policies/clusters/get", self._policy, {"policy_id": str}),
        ]

    def add(self, spec: Json | None = None, source: Literal["JOB", "UI"] = "UI") -> Cluster:
        """Add a cluster that is not running yet; `spec` overrides the usual spec of a shared cluster."""
        number = next(self.numbers)
        full = {**USUAL, **(spec or {})} if source == "UI" else dict(spec or {})
        cluster = Cluster(f"1126-000000-loop{number:04}", full, source)
        self.by_id[cluster.cluster_id] = cluster
        return cluster

    def start(self, cluster: Cluster, run_id: int) -> None:
        """Start a cluster unless it runs, and record the start."""
        if cluster.state != "RUNNING":
            cluster.state = "RUNNING"
            self.starts.append(Start(cluster.cluster_id, cluster.source, run_id))

    def existing(self, cluster_id: str) -> Cluster:
        """Return the cluster with an id; raise `Refused` (400) if there is none."""
        if cluster_id not in self.by_id:
            raise Refused(400, BAD, f"Cluster {cluster_id} does not exist")
        return self.by_id[cluster_id]

    def check(self, spec: Json) -> None:
        """Refuse a spec from which the service cannot make a cluster of a job.

        Raises:
            Refused: 400 with the reason.
        """
        check(spec, ClusterSpec, "new_cluster")
        is_single, has_kind = spec.get("is_single_node", False), "kind" in spec
        mode = spec.get("data_security_mode", "NONE")
        node, pool, policy = (spec.get(name) for name in ("node_type_id", "instance_pool_id", "policy_id"))
        reasons = {
            f"The loopback does not do {', '.join(sorted(UNDONE & set(spec)))}": bool(UNDONE & set(spec)),
            "Missing required field: spark_version": not spec.get("spark_version"),
            f"Invalid spark version {spec.get('spark_version')}.": spec.get("spark_version") not in VERSIONS,
            "Missing required field: node_type_id": not (node or pool or policy),
            "Exactly one of node_type_id, instance_pool_id may be given": bool(node and pool),
            f"Node type {node} is not supported": bool(node) and node not in NODE_TYPES,
            f"Can't find an instance pool with id: {pool}": bool(pool) and pool not in self.pools,
            f"Can't find a cluster policy with id: {policy}": bool(policy) and policy not in self.policies,
            "Exactly one of num_workers, autoscale must be given": not is_single
            and ("num_workers" in spec) == ("autoscale" in spec),
            "is_single_node can only be used when kind = CLASSIC_PREVIEW": is_single and not has_kind,
            f"{mode} can only be used when kind = CLASSIC_PREVIEW": mode.startswith("DATA_SECURITY_MODE_")
            and not has_kind,
        }
        for reason, is_so in reasons.items():
            if is_so:
                raise Refused(400, BAD, reason)

    def _get(self, call: Call) -> Json:
        cluster = self.existing(call["cluster_id"])
        told = {"cluster_id": cluster.cluster_id, "state": cluster.state, "cluster_source": cluster.source}
        return {**cluster.spec, **told}

    def _pool(self, call: Call) -> Json:
        if (found := call["instance_pool_id"]) not in self.pools:
            raise Refused(400, BAD, f"Can't find an instance pool with id: {found}.")
        named = {"instance_pool_id": found, "instance_pool_name": self.pools[found]}
        return {**named, "node_type_id": next(iter(NODE_TYPES)), "state": "ACTIVE"}

    def _policy(self, call: Call) -> Json:
        if (found := call["policy_id"]) not in self.policies:
            raise Refused(400, BAD, f"Can't find a cluster policy with id: {found}.")
        return {"policy_id": found, "name": found, "definition": self.policies[found]}


def _node_types(call: Call) -> Json:
    return {
        "node_types": [
            {"node_type_id": name, "instance_type_id": name, "num_cores": cores, "memory_mb": memory,
             "description": name, "category": "General Purpose"}
            for name, (cores, memory) in NODE_TYPES.items()
        ]
    }  # fmt: skip


def _versions(call: Call) -> Json:
    return {"versions": [{"key": key, "name": name} for key, name in VERSIONS.items()]}
