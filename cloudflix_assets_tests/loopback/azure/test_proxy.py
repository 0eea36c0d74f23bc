"""Tests of the proxy: faults reach the client, and calls that the service does not know are recorded."""

import time
import urllib.request
from collections.abc import Iterator
from uuid import uuid4

import pytest
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import ContainerClient

from cloudflix_assets_tests.loopback.azure.azurite import KEY, NO_TRIES
from cloudflix_assets_tests.loopback.azure.calls import Call
from cloudflix_assets_tests.loopback.azure.faults import Fault, cut, latency, reset, status, timeout
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy, When


@pytest.fixture
def container(proxy: Proxy) -> Iterator[ContainerClient]:
    """A client of a new container behind the proxy; it does not retry."""
    name = f"c{uuid4().hex}"
    with ContainerClient(proxy.endpoint, name, KEY, **NO_TRIES) as client:
        client.create_container()
        yield client


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "fault", [status(503), status(412), reset, timeout(0.1)], ids=["503", "412", "reset", "timeout"]
)
def test_a_fault_is_seen_and_before_or_after_decides_what_the_server_has_done(
    proxy: Proxy, container: ContainerClient, fault: Fault, when: When
) -> None:
    """Guard against a fault that confuses a commit with a lost answer and a commit that never arrived."""
    proxy.fault(fault, kind="put-if-absent", path=r"log/0\.json$", when=when)
    with pytest.raises(AzureError):
        container.upload_blob("log/0.json", b"commit", overwrite=False)
    assert container.get_blob_client("log/0.json").exists() is (when == "after")
    put = next(call for call in proxy.calls if call.kind == "put-if-absent")
    assert put.served == (201 if when == "after" else None)


def test_a_refusal_looks_like_one_of_azure(proxy: Proxy, container: ContainerClient) -> None:
    """Guard against a refusal without Azure's error code, by which clients decide."""
    proxy.fault(status(409, "LeaseIdMissing"), kind="put")
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("a", b"", overwrite=True)
    assert (refused.value.status_code, getattr(refused.value, "error_code", None)) == (409, "LeaseIdMissing")


def test_a_body_can_be_cut_and_an_answer_late(proxy: Proxy, container: ContainerClient) -> None:
    """Guard against a client that takes half a file for a whole file."""
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
    """Guard against a callback that comes too early or too late for a test to kill the client."""
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
    """Guard against calls and parameters that Azurite ignores, although the service does not know them."""
    said = {"x-ms-version": "2025-11-05", "Authorization": "SharedKey a:b", **headers}
    _get(f"{proxy.endpoint}/{target}", {name: value for name, value in said.items() if value})
    assert [mistake in wrong for wrong in proxy.wrong] == [True]
    proxy.wrong.clear()


def test_a_misspelt_kind_is_an_error(proxy: Proxy) -> None:
    """Guard against a fault that never happens, and a test that passes without it."""
    with pytest.raises(ValueError, match="no call is of the kind putt"):
        proxy.fault(reset, kind="putt")  # type: ignore[arg-type]


def _get(url: str, headers: dict[str, str]) -> None:
    try:
        urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5).close()
    except urllib.error.HTTPError as error:
        error.close()
