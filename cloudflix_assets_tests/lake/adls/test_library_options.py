"""One account, told to each library in its own words: all reach the same blobs, as the same person."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from deltalake.fs import DeltaStorageHandler

from cloudflix_assets.lake.adls import library_options
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls import library_process
from cloudflix_assets_tests.lake.adls.credential_cases import GARBAGE, credentials, lake, new_names, variables
from cloudflix_assets_tests.lake.adls.library_process import WRITERS
from cloudflix_assets_tests.loopback.azure import az
from cloudflix_assets_tests.loopback.azure.app_service import serve_tokens
from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.loopback.azure.entra import ASSERTION, SECRET, Entra

KINDS = {
    "account_key": "AccountKey",
    "sas": "SharedAccessSignature",
    "service_principal": "ServicePrincipal",
    "workload_identity": "WorkloadIdentity",
    "managed_identity": "ManagedIdentity",
    "azure_cli": "AzureCli",
    "app_service": "ManagedIdentity",
}
CHOSEN = [kind for kind in KINDS if kind != "app_service"]
WITHOUT_TLS = {"account_key", "sas"}


@pytest.fixture(scope="session")
def reached(
    azurite: Azurite,
    azurite_tls: Azurite,
    entra_server: Entra,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Any]]:
    """What came of each kind, with garbage for all others in the environment."""
    folder = tmp_path_factory.mktemp("dialects")
    path = az.first_on_path(az.install(folder / "az", entra_server.token()))
    endpoint, wrong = (azurite_tls.endpoint, azurite.endpoint), list[str]()
    with serve_tokens(entra_server, wrong) as app_service:
        told = {**credentials(entra_server, folder), "app_service": app_service}
        cases = {kind: _case(kind, folder, endpoint[kind in WITHOUT_TLS], told[kind]) for kind in KINDS}
        found = library_process.results(cases, folder / "cases.json", authority, PATH=path)
    assert (wrong, entra_server.wrong) == ([], [])
    assert all(asked in az.KNOWN for asked in az.read_calls(folder / "az"))
    return found


def _case(kind: str, folder: Path, endpoint: str, told: Mapping[str, str]) -> dict[str, str]:
    garbage = dict(GARBAGE)
    if kind == "app_service":  # of several identities it would name another
        del garbage["AZURE_CLIENT_ID"]
    chosen = "managed_identity" if kind == "app_service" else kind
    own = lake(folder / kind, endpoint, new_names(), CLOUDFLIX_AZURE_CREDENTIAL=chosen)
    return {**garbage, **own, **told}


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_every_library_reaches_the_same_blobs_with_the_chosen_credential_alone(
    reached: dict[str, dict[str, Any]], kind: str
) -> None:
    """A library that takes another credential from the environment writes as somebody else, or not at all."""
    rows = [{"week": "one", "id": 1}]
    written = dict.fromkeys(WRITERS, "None")
    read = {f"{writer} → {reader}": rows for writer in WRITERS for reader in WRITERS}
    moved = [["refused"], "dropped"]
    expected = {"credential": KINDS[kind], "moved": moved, **written, **read}
    assert {what: found for what, found in reached[kind].items() if found != expected[what]} == {}
    assert set(reached[kind]) == set(expected)


@pytest.mark.both_engines
def test_no_secret_stands_on_a_command_line(reached: dict[str, dict[str, Any]]) -> None:
    """Options of a JVM's start do, for all users of the machine to read."""
    lines = reached["processes"]
    assert ("java" in lines) == (Environment().engine == "spark")
    secrets = {KEY, quote(KEY), SECRET, ASSERTION, *GARBAGE.values()} - {"true"}
    assert [secret for secret in secrets if secret in " ".join(lines.values())] == []
    assert not re.search(r"sig=|fs\.azure", " ".join(lines.values()))


def account(kind: str, endpoint: str | None = None, **more: Any) -> Account:
    """As settings make it, of credentials that nobody accepts."""
    told: dict[str, Any] = {
        "azure_account": "lake1",
        "azure_key": "a2V5",
        "azure_sas": "sig=x",
        "azure_client": "c",
    }
    told |= {"azure_tenant": "t", "azure_client_secret": "s", "azure_token_file": Path("/token")}
    with variables({}):
        chosen = {**told, "deployment": "azure", "azure_credential": kind, "azure_endpoint": endpoint}
        return Account.of(Environment(**chosen, **more))


CLOUDS = {
    None: ("lake1.dfs.core.windows.net", None),
    "https://lake1.blob.core.windows.net/": ("lake1.dfs.core.windows.net", None),
    "https://lake1.blob.core.chinacloudapi.cn": (
        "lake1.dfs.core.chinacloudapi.cn",
        "https://lake1.blob.core.chinacloudapi.cn",
    ),
    "https://lake1.z7.blob.storage.azure.net": (
        "lake1.z7.dfs.storage.azure.net",
        "https://lake1.z7.blob.storage.azure.net",
    ),
    "https://127.0.0.1:1/lake1": ("lake1.dfs.core.windows.net", "https://127.0.0.1:1/lake1"),
}


@pytest.mark.parametrize("endpoint", CLOUDS)
def test_another_cloud_is_told_to_each_library_as_it_takes_it(endpoint: str | None) -> None:
    """A JVM goes where the address leads; Sail and delta-rs refuse all but the public cloud's."""
    host, told = CLOUDS[endpoint]
    jvm, sail = account("account_key", endpoint, engine="spark"), account("account_key", endpoint)
    public = "abfss://bronze@lake1.dfs.core.windows.net/cast"
    assert jvm.uri("bronze/cast") == f"abfss://bronze@{host}/cast"
    assert (sail.uri("bronze/cast"), jvm.delta_uri("bronze/cast")) == (public, public)
    assert library_options.prepare_hadoop_options(jvm)[f"fs.azure.account.key.{host}"] == "a2V5"
    assert library_options.prepare_hadoop_options(jvm).get("fs.azure.abfs.endpoint") == (
        "127.0.0.1:1" if endpoint and "127.0.0.1" in endpoint else None
    )
    assert library_options.storage_options(jvm).get("azure_storage_endpoint") == told


def test_delta_rs_asks_the_other_cloud() -> None:
    """Its address names the public one."""
    other = account("account_key", "https://lake1.blob.cloud.invalid")
    options = {**library_options.storage_options(other), "max_retries": "0"}
    files = DeltaStorageHandler(other.delta_uri("bronze/"), options)
    with pytest.raises(OSError, match=r"https://lake1\.blob\.cloud\.invalid/bronze"):
        files.get_file_info(["a"])


@pytest.mark.parametrize("kind", CHOSEN)
def test_no_library_is_told_of_two_credentials(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two, each library would choose in an order of its own."""
    monkeypatch.setattr(library_options, "serve_tokens", lambda *_: "http://127.0.0.1:1/secret")
    of = account(kind)
    hadoop, options = library_options.prepare_hadoop_options(of), library_options.storage_options(of)
    parts = {
        "account_key": {"account_key"},
        "sas": {"sas_token"},
        "service_principal": {
            "azure_tenant_id", "azure_client_id", "azure_authority_host", "azure_client_secret"
        },
        "workload_identity": {
            "azure_tenant_id", "azure_client_id", "azure_authority_host", "azure_federated_token_file"
        },
        "managed_identity": {"azure_client_id", "azure_msi_endpoint"},
        "azure_cli": {"azure_use_azure_cli"},
    }[kind]  # fmt: skip
    assert set(options) == {"account_name", *parts}
    assert {name.removesuffix(".lake1.dfs.core.windows.net") for name in hadoop} >= HADOOP[kind]
    ways = [name for name in hadoop if ".account.key" in name or "sas.fixed" in name or "provider" in name]
    assert len(ways) == 1


OAUTH = {"fs.azure.account.auth.type", "fs.azure.account.oauth.provider.type"}
HADOOP = {
    "account_key": {"fs.azure.account.key"},
    "sas": {"fs.azure.account.auth.type", "fs.azure.sas.fixed.token"},
    "service_principal": OAUTH,
    "workload_identity": OAUTH,
    "managed_identity": OAUTH,
    "azure_cli": OAUTH,
}


@pytest.mark.parametrize("kind", CHOSEN)
def test_the_process_keeps_the_chosen_credential_and_no_other(kind: str) -> None:
    """What is left is what Sail takes; and a worker that reads its settings again must choose the same."""
    with variables({**GARBAGE, "CLOUDFLIX_AZURE_CREDENTIAL": kind, "AZURE_STORAGE_ACCOUNT": "lake1"}):
        before = Account.of(Environment(deployment="azure"))
        library_options.tell_process(before)
        again = Account.of(Environment(deployment="azure"))
        left = {name: value for name, value in os.environ.items() if name.startswith("AZURE_STORAGE_")}
    assert again == before
    own = {"account_key": "AZURE_STORAGE_ACCOUNT_KEY", "sas": "AZURE_STORAGE_SAS_TOKEN"}.get(kind)
    named = {"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_KEY"}
    assert set(left) == named | ({own} if own else set())


def test_a_foreign_authority_is_not_looked_up_in_the_public_cloud() -> None:
    """Closed networks have no way there."""
    china = "login.chinacloudapi.cn/"
    with variables({"AZURE_AUTHORITY_HOST": china}):
        assert Environment().azure_authority == "https://login.chinacloudapi.cn"
    assert library_options._authority_options("https://login.chinacloudapi.cn")["disable_instance_discovery"]
    assert not library_options._authority_options(Environment().azure_authority)["disable_instance_discovery"]
