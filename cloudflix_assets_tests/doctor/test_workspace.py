"""`cloudflix doctor` of a workspace: each thing that can be wrong is seen, and told with its remedy."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloudflix_assets.doctor import workspace as checks
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.doctor.findings import found
from cloudflix_assets_tests.lakehouse import publication, put
from cloudflix_assets_tests.loopback.databricks import clusters
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.loopback.databricks.people import USER
from cloudflix_assets_tests.loopback.databricks.troubled import expired, without_dbfs

pytestmark = pytest.mark.usefixtures("no_engine", "no_workspace")

Variables = dict[str, str]
Arrange = Callable[[Emulator], Variables]
NEW = {"CLOUDFLIX_DATABRICKS_CLUSTER": "", "CLOUDFLIX_DATABRICKS_RUNTIME": "17.3.x-scala2.13"}
NODES = {**NEW, "CLOUDFLIX_DATABRICKS_NODE_TYPE": "Standard_D4ds_v5"}
TOKENLESS = {"DATABRICKS_TOKEN": ""}
REFUSED = "does not accept the credential, or it has expired: make a new one, and set DATABRICKS_TOKEN, or"


@pytest.fixture(autouse=True)
def as_at_the_start(workspace: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls that Databricks would not understand fail the test; nobody waits long."""
    monkeypatch.setattr(checks, "PATIENCE", 1)
    monkeypatch.setattr(checks, "SECONDS", 0.2)
    workspace.reset()
    yield
    assert workspace.wrong == []


def doctored(emulator: Emulator, folder: Path, changed: Variables, *options: str) -> Told:
    """What doctor says of a lake that a folder publishes for."""
    source = ("--source", str(put(folder / "netflix", publication())))
    env = {**emulator.variables, "CLOUDFLIX_LAKE": str(folder / "lake"), **changed}
    return cloudflix(folder / "home", "doctor", "--json", *source, *options, env=env)


def application(emulator: Emulator, **changed: str) -> Variables:
    tokens = emulator.tokens
    own = {"DATABRICKS_CLIENT_ID": tokens.client_id, "DATABRICKS_CLIENT_SECRET": tokens.client_secret}
    return {**TOKENLESS, **own, **changed}


def others(emulator: Emulator) -> Variables:
    """What a developer's machine has for Terraform and for the lake."""
    names = ("CLIENT_ID", "CLIENT_SECRET", "TENANT_ID")
    return {f"{kind}_{name}": "of-another" for kind in ("ARM", "AZURE") for name in names}


def no_such(name: str, value: str, emulator: Emulator) -> Variables:
    assert value not in {emulator.cluster_id, *emulator.clusters.pools, *emulator.clusters.policies}
    return {f"CLOUDFLIX_DATABRICKS_{name}": value}


def old_spark(emulator: Emulator) -> Variables:
    older = emulator.clusters.add({"spark_version": "15.4.x-scala2.12"})
    return {"CLOUDFLIX_DATABRICKS_CLUSTER": older.cluster_id}


def a_web_page(emulator: Emulator) -> Variables:
    emulator.faults.append(Fault(r"GET /oidc/", status=404, body=b"<html>not here</html>"))
    return {}


def no_right(emulator: Emulator) -> Variables:
    denied = {"status": 403, "code": "PERMISSION_DENIED", "message": "User has no CAN_ATTACH_TO."}
    emulator.faults.append(Fault(r"GET .*/clusters/get", **denied))  # type: ignore[arg-type]
    return {}


def silent(emulator: Emulator) -> Variables:
    emulator.faults.append(Fault(r"GET .*/Me", status=503, times=None))
    return {}


def with_secrets(told: str) -> Arrange:
    def arranged(emulator: Emulator) -> Variables:
        emulator.secrets["lake"] = {"key": "hidden-in-the-scope"}
        return {"CLOUDFLIX_DATABRICKS_SECRETS": told}

    return arranged


CASES: dict[str, tuple[Arrange, str, str, str]] = {
    "nobody answers": (
        lambda _: {"DATABRICKS_HOST": "http://127.0.0.1:9"},
        "workspace", "fail", "nothing answers at http://127.0.0.1:9 (ConnectError)",
    ),
    "no workspace": (a_web_page, "workspace", "fail", "but not as a Databricks workspace does (status 404)"),
    "silent": (silent, "workspace", "fail", "does not answer (Timed out after 0:00:01): check the network"),
    "no host": (lambda _: {"DATABRICKS_HOST": ""}, "workspace", "fail", "set DATABRICKS_HOST to its address"),
    "no credential": (lambda _: TOKENLESS, "workspace", "fail", "there is no credential for http://127"),
    "not the chosen credential": (
        lambda _: {"CLOUDFLIX_DATABRICKS_AUTH": "oauth"},
        "workspace", "fail", "CLOUDFLIX_DATABRICKS_AUTH=oauth: there is no credential for",
    ),
    "a good token": (lambda _: {}, "workspace", "ok", f"lets {USER} in (pat)"),
    "a wrong token": (lambda _: {"DATABRICKS_TOKEN": "other"}, "workspace", "fail", REFUSED),
    "an expired token": (expired, "workspace", "fail", REFUSED),
    "a token beside others": (others, "workspace", "ok", f"lets {USER} in (pat)"),
    "an application": (application, "workspace", "ok", f"lets {USER} in (oauth-m2m)"),
    "an application beside others": (
        lambda emulator: {**others(emulator), **application(emulator)},
        "workspace", "ok", f"lets {USER} in (oauth-m2m)",
    ),
    "an application's wrong secret": (
        lambda emulator: application(emulator, DATABRICKS_CLIENT_SECRET="other"),
        "workspace", "fail", REFUSED,
    ),
    "the chosen of two": (
        lambda emulator: {**application(emulator), "DATABRICKS_TOKEN": emulator.token,
                          "CLOUDFLIX_DATABRICKS_AUTH": "token"},
        "workspace", "ok", f"lets {USER} in (pat)",
    ),
    "a cluster that sleeps": (lambda _: {}, "cluster", "warn", "is terminated, 17.3.x-scala2.13, Spark 4.0"),
    "no such cluster": (
        lambda emulator: no_such("CLUSTER", "1126-none", emulator),
        "cluster", "fail", "does not have it (Cluster 1126-none does not exist): correct the setting",
    ),
    "a cluster that is not ours": (
        no_right, "cluster", "fail", "denies access (User has no CAN_ATTACH_TO): give this user",
    ),
    "an older Spark": (old_spark, "cluster", "fail", "Spark 3.5; this version is for 4.2"),
    "no cluster": (
        lambda _: {"CLOUDFLIX_DATABRICKS_CLUSTER": ""},
        "cluster", "fail", "needs a cluster: set CLOUDFLIX_DATABRICKS_CLUSTER",
    ),
    "new clusters": (
        lambda _: {**NODES, "CLOUDFLIX_DATABRICKS_POLICY": "policy-1"},
        "cluster", "warn", "a new one for each step: 17.3.x-scala2.13, policy policy-1, Standard_D4ds_v5, Sp",
    ),
    "new clusters of a pool": (
        lambda _: {**NEW, "CLOUDFLIX_DATABRICKS_POOL": "pool-1"},
        "cluster", "warn", "a new one for each step: 17.3.x-scala2.13, pool warm nodes, Spark 4.0; this vers",
    ),
    "no such runtime": (
        lambda emulator: {**NODES, **no_such("RUNTIME", "9.9.x", emulator)},
        "cluster", "fail", "the workspace has no runtime 9.9.x",
    ),
    "no such pool": (
        lambda emulator: {**NEW, **no_such("POOL", "pool-9", emulator)},
        "cluster", "fail", "does not accept it (Can't find an instance pool with id: pool-9): correct",
    ),
    "no such policy": (
        lambda emulator: {**NODES, **no_such("POLICY", "policy-9", emulator)},
        "cluster", "fail", "does not accept it (Can't find a cluster policy with id: policy-9): correct",
    ),
    "no such node type": (
        lambda emulator: {**NEW, **no_such("NODE_TYPE", "Huge", emulator)},
        "cluster", "fail", "the workspace has no node type Huge",
    ),
    "a volume": (lambda _: {}, "hand-over", "ok", "staging can be written, read and emptied"),
    "no such volume": (
        lambda emulator: no_such("STAGING", "/Volumes/main/cloudflix/none", emulator),
        "hand-over", "fail", "does not have it (Volume 'main.cloudflix.none' does not exist): correct",
    ),
    "nowhere to stage": (
        lambda _: {"CLOUDFLIX_DATABRICKS_STAGING": ""},
        "hand-over", "fail", "set CLOUDFLIX_DATABRICKS_STAGING to a volume, /Volumes/",
    ),
    "DBFS": (
        lambda _: {"CLOUDFLIX_DATABRICKS_STAGING": "dbfs:/cloudflix"},
        "hand-over", "ok", "dbfs:/cloudflix can be written, read and emptied",
    ),
    "DBFS is disabled": (without_dbfs, "hand-over", "fail", "because DBFS is disabled in this"),
    "no secrets": (lambda _: {}, "secrets", "ok", "none is named: the cluster reaches the lake by itself"),
    "a secret": (with_secrets("AZURE_STORAGE_KEY=lake/key"), "secrets", "ok", "AZURE_STORAGE_KEY"),
    "no such key": (
        with_secrets("AZURE_STORAGE_KEY=lake/key,GITHUB_TOKEN=lake/other"),
        "secrets", "fail", "missing: lake/other",
    ),
    "no such scope": (
        with_secrets("AZURE_STORAGE_KEY=pond/key"),
        "secrets", "fail", "does not have it (Scope pond does not exist!): correct the setting",
    ),
}  # fmt: skip
"""What is arranged; the check that must see it, as what, in which words."""


@pytest.mark.parametrize("case", CASES)
def test_a_doctor_names_what_is_wrong_in_a_workspace(case: str, workspace: Emulator, tmp_path: Path) -> None:
    """Whoever sets it up learns here, and not from the first run's stack trace, what is missing."""
    arrange, check, state, seen = CASES[case]
    told = doctored(workspace, tmp_path, arrange(workspace))
    finding = found(told)[check]
    assert (finding.state, seen in finding.seen) == (state, True), finding
    assert finding.remedy or state != "fail" or ": " in finding.seen
    assert told.code == (1 if state == "fail" else 0)
    assert "hidden-in-the-scope" not in told.stdout + told.stderr
    assert workspace.starts == []
    volume = workspace.storage.in_volume(workspace.volume)
    assert [path for path in volume.rglob("*") if path.is_file()] == []


def test_a_doctor_of_the_pinned_spark_has_nothing_to_say(
    workspace: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is always marked is not looked at."""
    monkeypatch.setitem(clusters.VERSIONS, "18.9.x-scala2.13", "18.9 (includes Apache Spark 4.2.0)")
    told = doctored(workspace, tmp_path, {**NODES, "CLOUDFLIX_DATABRICKS_RUNTIME": "18.9.x-scala2.13"})
    assert {finding.state for finding in found(told).values()} == {"ok"}
    assert found(told)["engine"].seen == "none on this machine: the cluster computes"


def test_a_workspace_that_lets_nobody_in_is_asked_nothing_more(workspace: Emulator, tmp_path: Path) -> None:
    """Four findings of one cause hide it."""
    told = doctored(workspace, tmp_path, {"DATABRICKS_TOKEN": "other"})
    assert list(found(told))[-1] == "workspace"
    assert {asked.path.rpartition("/")[2] for asked in workspace.requests} == {
        "oauth-authorization-server", "Me",
    }  # fmt: skip
