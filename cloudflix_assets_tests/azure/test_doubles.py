"""The doubles do what tests rely on: faults are seen, wrong calls are caught, nothing is left running."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.filedatalake import FileSystemClient
from typer.testing import CliRunner, Result

from cloudflix_assets_tests.azure import serve
from cloudflix_assets_tests.azure.authority import Authority
from cloudflix_assets_tests.azure.azurite import KEY, LOCK, Azurite
from cloudflix_assets_tests.azure.calls import Call
from cloudflix_assets_tests.azure.entra import ASSERTION, EXPIRED_SECRET, Entra, Kind, Tokens
from cloudflix_assets_tests.azure.faults import Fault, cut, latency, reset, status, timeout
from cloudflix_assets_tests.azure.hierarchical import Hierarchical
from cloudflix_assets_tests.azure.proxy import ALWAYS, Proxy, When

NO_TRIES: dict[str, Any] = {"retry_total": 0, "read_timeout": 1}


@pytest.fixture
def container(proxy: Proxy) -> Iterator[ContainerClient]:
    """A new one, behind the proxy; its client does not try again."""
    name = f"c{uuid4().hex}"
    with ContainerClient(proxy.endpoint, name, KEY, **NO_TRIES) as client:
        client.create_container()
        yield client


@pytest.fixture
def files(hierarchical: Hierarchical) -> Iterator[FileSystemClient]:
    """A new file system of an account with a hierarchy."""
    name = f"c{uuid4().hex}"
    with FileSystemClient(hierarchical.endpoint, name, KEY, **NO_TRIES) as client:
        client.create_file_system()
        yield client


@pytest.fixture
def blobs(hierarchical: Hierarchical, files: FileSystemClient) -> Iterator[ContainerClient]:
    """The same by the other protocol."""
    with ContainerClient(hierarchical.endpoint, files.file_system_name, KEY, **NO_TRIES) as client:
        yield client


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault", [status(503), status(412), reset, timeout(0.1)], ids=["503", "412", "reset", "timeout"]
)
def test_a_fault_is_seen_and_before_or_after_decides_what_the_server_has_done(
    proxy: Proxy, container: ContainerClient, fault: Fault, when: When
) -> None:
    """A commit whose answer is lost is another case than one that never came."""
    proxy.fault(fault, kind="put-if-absent", path=r"log/0\.json$", when=when)
    with pytest.raises(AzureError):
        container.upload_blob("log/0.json", b"commit", overwrite=False)
    assert container.get_blob_client("log/0.json").exists() is (when == "after")
    put = next(call for call in proxy.calls if call.kind == "put-if-absent")
    assert put.served == (201 if when == "after" else None)


def test_a_refusal_looks_like_one_of_azure(proxy: Proxy, container: ContainerClient) -> None:
    """Clients decide by the code."""
    proxy.fault(status(409, "LeaseIdMissing"), kind="put")
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("a", b"", overwrite=True)
    assert (refused.value.status_code, getattr(refused.value, "error_code", None)) == (409, "LeaseIdMissing")


def test_a_body_can_be_cut_and_an_answer_late(proxy: Proxy, container: ContainerClient) -> None:
    """Half a file must not be taken for a file."""
    container.upload_blob("a", b"x" * 100_000)
    proxy.fault(cut, kind="get", when="after", times=ALWAYS)
    with pytest.raises(AzureError):
        container.download_blob("a").readall()
    proxy.heal()
    proxy.fault(latency(0.2), kind="get")
    started = time.monotonic()
    assert len(container.download_blob("a").readall()) == 100_000
    assert time.monotonic() - started > 0.2


def test_a_test_is_called_while_a_client_waits(proxy: Proxy, container: ContainerClient) -> None:
    """To kill the client there."""
    seen: list[Call] = []
    proxy.hold(seen.append, kind="put", when="after")
    container.upload_blob("a", b"", overwrite=True)
    assert [(call.path, call.served, call.status) for call in seen] == [("a", 201, 201)]


@pytest.mark.parametrize(
    ("target", "headers", "mistake"),
    [
        ("c?restype=container&comp=lost", {}, "is no call of the Blob service"),
        ("c/a?sort=name", {}, "has parameters that are not known"),
        ("c/a", {"x-ms-version": ""}, "says no x-ms-version"),
        ("c/a", {"Authorization": ""}, "is not signed"),
    ],
)
def test_a_call_that_the_service_does_not_know_is_caught(
    proxy: Proxy, target: str, headers: dict[str, str], mistake: str
) -> None:
    """Azurite ignores what it does not know."""
    said = {"x-ms-version": "2025-11-05", "Authorization": "SharedKey a:b", **headers}
    _get(f"{proxy.endpoint}/{target}", {name: value for name, value in said.items() if value})
    assert [mistake in wrong for wrong in proxy.wrong] == [True]
    proxy.wrong.clear()


def test_a_misspelt_kind_is_an_error(proxy: Proxy) -> None:
    """Its fault would never happen, and the test would be green."""
    with pytest.raises(ValueError, match="no call is of the kind putt"):
        proxy.fault(reset, kind="putt")  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["client secret", "federated", "managed identity"])
def test_who_signs_in_is_let_in(  # noqa: PLR0917 - fixtures
    way: Kind,
    entra: Entra,
    azurite_tls: Azurite,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real clients, over TLS, as in Azure."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.url)
    trust = _trusting(authority)
    with (
        _credential(way, entra, authority, tmp_path / "token") as credential,
        BlobServiceClient(azurite_tls.endpoint, credential=credential, **trust) as client,
    ):
        assert isinstance(list(client.list_containers()), list)
    assert entra.counted(way) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": "no"}, "AADSTS7000215"),
        ({"client_secret": EXPIRED_SECRET}, "AADSTS7000222"),
        ({"client_id": "44444444-4444-4444-4444-444444444444"}, "AADSTS700016"),
    ],
)
def test_who_does_not_is_told_why(
    change: dict[str, str], code: str, entra: Entra, authority: Authority
) -> None:
    """The codes are what operators look for."""
    who = {"tenant_id": entra.tenant, "client_id": entra.client, "client_secret": entra.secret, **change}
    with (
        ClientSecretCredential(**who, **_signing_in(entra, authority)) as credential,
        pytest.raises(ClientAuthenticationError, match=code),
    ):
        credential.get_token("https://storage.azure.com/.default")


@pytest.mark.parametrize("tokens", ["expired", "other audience"])
def test_a_bad_token_is_refused(
    tokens: Tokens, entra: Entra, azurite_tls: Azurite, authority: Authority
) -> None:
    """The account judges it, not who hands it out."""
    entra.tokens = tokens
    trust = _trusting(authority)
    with (
        ClientSecretCredential(
            entra.tenant, entra.client, entra.secret, **_signing_in(entra, authority)
        ) as credential,
        BlobServiceClient(azurite_tls.endpoint, credential=credential, retry_total=0, **trust) as client,
        pytest.raises(ClientAuthenticationError),
    ):
        list(client.list_containers())


def test_a_blob_has_directories_and_they_stay(files: FileSystemClient, blobs: ContainerClient) -> None:
    """On a flat account there are none, so code that meets them is never tested."""
    blobs.upload_blob("a/b/c.txt", b"1")
    assert [(path.name, path.is_directory) for path in files.get_paths()] == [
        ("a", True),
        ("a/b", True),
        ("a/b/c.txt", False),
    ]
    assert [blob.name for blob in blobs.walk_blobs()] == ["a/"]
    with pytest.raises(HttpResponseError, match="DirectoryIsNotEmpty"):
        blobs.delete_blob("a/b")
    blobs.delete_blob("a/b/c.txt")
    assert [blob.name for blob in blobs.list_blobs()] == ["a", "a/b"]


def test_a_file_is_appended_to_flushed_and_moved(files: FileSystemClient, blobs: ContainerClient) -> None:
    """By DFS, and seen by the Blob protocol."""
    file = files.create_file("x/y.bin")
    file.append_data(b"cd", 2)
    file.append_data(b"ab", 0)
    assert blobs.get_blob_client("x/y.bin").get_blob_properties().size == 0
    file.flush_data(4)
    files.get_directory_client("x").rename_directory(f"{files.file_system_name}/z")
    assert blobs.download_blob("z/y.bin").readall() == b"abcd"
    with pytest.raises(HttpResponseError, match="SourcePathNotFound"):
        file.rename_file(f"{files.file_system_name}/w")


def test_a_wrong_position_is_caught(hierarchical: Hierarchical, files: FileSystemClient) -> None:
    """Azure would leave a hole, or refuse."""
    with pytest.raises(HttpResponseError, match="InvalidFlushPosition"):
        files.create_file("a").flush_data(7)
    assert len(hierarchical.wrong) == 1
    hierarchical.wrong.clear()


def test_a_proxy_in_front_of_a_hierarchy_knows_a_rename(
    hierarchical: Hierarchical, files: FileSystemClient
) -> None:
    """Hadoop commits by one."""
    files.create_file("a")
    with Proxy(hierarchical.azurite, hierarchical=True).serving() as proxy:
        proxy.fault(reset, kind="rename", when="after")
        with (
            FileSystemClient(proxy.endpoint, files.file_system_name, KEY, **NO_TRIES) as client,
            pytest.raises(AzureError),
        ):
            client.get_file_client("a").rename_file(f"{files.file_system_name}/b")
        assert [path.name for path in files.get_paths()] == ["b"]
        assert proxy.wrong == []


def test_an_account_with_a_hierarchy_says_so(hierarchical: Hierarchical) -> None:
    """Clients ask, and behave otherwise."""
    with BlobServiceClient(hierarchical.endpoint, credential=KEY) as client:
        assert client.get_account_information().get("is_hns_enabled")


def test_no_mirror_is_named_by_the_lock() -> None:
    """Its users would be sent there."""
    text = LOCK.read_text(encoding="utf-8")
    assert '"integrity"' in text
    assert not re.search(r'"resolved"|\.tgz|registry', text)


def test_serve_writes_what_a_run_needs_and_stop_leaves_nothing(node: str, tmp_path: Path) -> None:
    """A file left behind would send the next run to nobody."""
    root = tmp_path / "with a blank"
    root.mkdir()
    try:
        assert "in memory" in _serve("start", root, "--port", "0").stdout
        told = _sourced(root / ".azurite.env")
        assert "runs already" in _serve("start", root).stdout
        with BlobServiceClient(
            told["CLOUDFLIX_AZURE_ENDPOINT"], credential=told["AZURE_STORAGE_KEY"]
        ) as client:
            assert [found.name for found in client.list_containers()] == ["bronze", "gold", "raw", "silver"]
    finally:
        assert "has ended" in _serve("stop", root).stdout
    assert told["CLOUDFLIX_DEPLOYMENT"] == "azure"
    assert told["CLOUDFLIX_HOME"] == str(root / ".cloudflix-azurite")
    assert told["AZURE_STORAGE_ACCOUNT"] == "devstoreaccount1"
    assert told["CLOUDFLIX_AZURE_FLAT_NAMESPACE"] == "true"
    assert list(root.iterdir()) == []
    assert "No Azurite" in _serve("stop", root).stdout


def test_serve_says_in_a_sentence_that_there_is_no_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in a stack trace."""
    monkeypatch.setenv("PATH", str(tmp_path))
    done = _serve("start", tmp_path)
    assert (done.exit_code, done.stderr) == (1, "Azurite needs Node.js, and this machine has no node\n")


def test_azurite_ends_with_a_test_run_that_is_killed(node: str) -> None:
    """It would run for ever."""
    code = (
        "from cloudflix_assets_tests.azure.azurite import running\n"
        "with running() as azurite: print(azurite.port, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        starter.stdout.readline()
        children = psutil.Process(starter.pid).children()
        os.kill(starter.pid, signal.SIGKILL)
    _, left = psutil.wait_procs(children, timeout=5)
    assert (len(children), left) == (1, [])


def _credential(
    way: Kind, entra: Entra, authority: Authority, file: Path
) -> ClientSecretCredential | WorkloadIdentityCredential | ManagedIdentityCredential:
    told = _signing_in(entra, authority)
    if way == "client secret":
        return ClientSecretCredential(entra.tenant, entra.client, entra.secret, **told)
    if way == "managed identity":
        return ManagedIdentityCredential()
    file.write_text(ASSERTION)
    who = {"tenant_id": entra.tenant, "client_id": entra.client, "token_file_path": str(file)}
    return WorkloadIdentityCredential(**who, **told)


def _signing_in(entra: Entra, authority: Authority) -> dict[str, Any]:
    return {"authority": entra.tls_url, "disable_instance_discovery": True, **_trusting(authority)}


def _trusting(authority: Authority) -> dict[str, Any]:
    return {"connection_verify": str(authority.ca)}


def _get(url: str, headers: dict[str, str]) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()


def _serve(command: str, root: Path, *options: str) -> Result:
    return CliRunner().invoke(serve.app, [command, "--root", str(root), *options])


def _sourced(file: Path) -> dict[str, str]:
    """As sh reads it."""
    script = 'set -a; . "$0"; env'
    done = subprocess.run(["sh", "-c", script, str(file)], capture_output=True, text=True, check=True, env={})
    return dict(line.split("=", 1) for line in done.stdout.splitlines())
