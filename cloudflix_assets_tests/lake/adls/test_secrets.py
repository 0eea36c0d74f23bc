"""No secret leaves the process: not in a file of Dagster's, not on the terminal, not in an exception."""

import gc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.core.pipeline.transport import HttpRequest, RequestsTransport

from cloudflix_assets.lake.adls import client
from cloudflix_assets.lake.adls.credentials import describe
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.adls.library_options import blob_credential
from cloudflix_assets.settings.environment import environment
from cloudflix_assets_tests.cli.command import Told
from cloudflix_assets_tests.lake.adls.credential_cases import (
    application,
    called,
    lake,
    made,
    new_names,
    signature,
    variables,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put
from cloudflix_assets_tests.leaks import leaks, whole
from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.loopback.azure.entra import SECRET, Entra
from cloudflix_assets_tests.loopback.azure.faults import Fault, cut, reset, status
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy

NOBODY = "http://127.0.0.1:9/devstoreaccount1"


def files(home: Path) -> dict[str, bytes]:
    """All that Dagster and we have written there."""
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def run(told: dict[str, str], tmp_path: Path, *options: str) -> Told:
    """A week, told of with its stack traces."""
    week = ("--week", str(WEEK_1), "--source", str(put(tmp_path / "netflix", publication())), "--debug")
    try:
        return called(told, "run", *week, *options)
    except Exception as error:  # noqa: BLE001  # what --debug shows
        return Told(1, "", whole(error))


def test_each_form_of_a_secret_is_seen() -> None:
    """A search that finds nothing must be able to."""
    token = "sv=2025&sig=a%2Fb%2Bc%3D&se=2026"
    for content in (b"xx sv=2025&sig=a%2Fb%2Bc%3D&se=2026", b"'a/b+c='", b"a%2Fb%2Bc%3D", b"a/b%2Bc%3D"):
        assert leaks({"file": content}, token) == ["file"]
    assert leaks({"file": b"sv=2025"}, token) == []


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of these gets better."""
    monkeypatch.setitem(client._SETTINGS, "retry_total", 0)


def wrong(token: str) -> str:
    """The same signature with another character in it."""
    head, _, tail = token.partition("sig=")
    return f"{head}sig={'A' if tail[0] != 'A' else 'B'}{tail[1:]}"


Arranged = tuple[str, dict[str, str], tuple[str, ...], bool]


def good_key(azurite: Azurite, proxy: Proxy) -> Arranged:
    return azurite.endpoint, {"AZURE_STORAGE_KEY": KEY}, (KEY,), True


def good_signature(azurite: Azurite, proxy: Proxy) -> Arranged:
    token = signature()
    return azurite.endpoint, {"AZURE_STORAGE_SAS_TOKEN": token}, (token,), True


def wrong_signature(azurite: Azurite, proxy: Proxy) -> Arranged:
    token = wrong(signature())
    return azurite.endpoint, {"AZURE_STORAGE_SAS_TOKEN": token}, (token,), False


def dead_endpoint(azurite: Azurite, proxy: Proxy) -> Arranged:
    token = signature()
    return NOBODY, {"AZURE_STORAGE_SAS_TOKEN": token}, (token,), False


def refused_in_the_middle(azurite: Azurite, proxy: Proxy) -> Arranged:
    """Sail and delta-rs tell the address that they asked."""
    token = signature()
    proxy.fault(status(403), kind="put", path=r"^(bronze|silver).*parquet", times=ALWAYS)
    proxy.fault(status(403), kind="put-if-absent", path=r"^(bronze|silver).*parquet", times=ALWAYS)
    return proxy.endpoint, {"AZURE_STORAGE_SAS_TOKEN": token}, (token,), False


def table_refused(azurite: Azurite, proxy: Proxy) -> Arranged:
    token = signature()
    proxy.fault(status(403), kind="list", path=r"^silver.*_delta_log", times=ALWAYS)
    return proxy.endpoint, {"AZURE_STORAGE_SAS_TOKEN": token}, (token,), False


ARRANGED = (
    good_key,
    good_signature,
    wrong_signature,
    dead_endpoint,
    refused_in_the_middle,
    table_refused,
)


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize("arrange", ARRANGED)
def test_a_run_leaves_no_secret_behind(
    arrange: Callable[[Azurite, Proxy], Arranged], azurite: Azurite, proxy: Proxy, tmp_path: Path
) -> None:
    """Event logs are read by many; addresses with a signature stand in the errors of libraries."""
    endpoint, credential, secrets, succeeds = arrange(azurite, proxy)
    names = new_names() if endpoint == NOBODY else made(azurite.endpoint, new_names())
    told = lake(tmp_path / "home", endpoint, names, **credential)
    # To the account's key a part of the flow is enough: it is told to the same libraries.
    ran = run(told, tmp_path, *(("--select", "+silver/cast") if arrange is good_key else ()))
    assert (ran.code == 0) == succeeds
    seen = {"stdout": ran.stdout.encode(), "stderr": ran.stderr.encode(), **files(tmp_path / "home")}
    began = arrange not in {wrong_signature, dead_endpoint}
    assert began == any(name.startswith("history/runs/index.db") for name in seen)
    assert leaks(seen, *secrets) == []


@pytest.mark.usefixtures("one_try")
@pytest.mark.parametrize("secret", [SECRET, "another-secret-that-is-wrong"])
def test_a_client_secret_is_told_to_entra_id_alone(  # noqa: PLR0917  # fixtures
    secret: str,
    azurite_tls: Azurite,
    entra: Entra,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor are the tokens that it hands out."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
    own = application(entra, AZURE_CLIENT_SECRET=secret)
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **own)
    called(told, "doctor", "--fix")
    doctored = called(told, "doctor", "--json")
    ran = run(told, tmp_path, "--select", "publication")
    assert ran.code == (0 if secret == SECRET else 1)
    seen = {"doctor": doctored.stdout.encode(), "stderr": ran.stderr.encode(), **files(tmp_path / "home")}
    assert leaks(seen, secret, entra.token().rpartition(".")[0]) == []


TROUBLES: dict[str, tuple[Fault, Any]] = {
    "refused": (status(403), {}),
    "reset": (reset, {}),
    "cut": (cut, {"when": "after", "kind": "get"}),
    "busy": (status(503), {}),
}


@pytest.mark.parametrize(
    ("trouble", "retries"), [("refused", 0), ("reset", 0), ("reset", 1), ("cut", 0), ("busy", 1)]
)
def test_no_exception_has_a_signature_in_it_or_behind_it(
    trouble: str, retries: int, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster stores an error with its whole chain; `requests` tells the address of each that failed."""
    monkeypatch.setitem(client._SETTINGS, "retry_total", retries)
    monkeypatch.setitem(client._SETTINGS, "initial_backoff", 0)
    monkeypatch.setitem(client._SETTINGS, "increment_base", 0)
    token = signature()
    names = made(proxy.endpoint, new_names())
    with variables(lake(tmp_path / "home", proxy.endpoint, names, AZURE_STORAGE_SAS_TOKEN=token)):
        stored = AdlsLake.of(environment())
        stored.write("raw/files/large", b"x" * 3_000_000)
        calls = _calls(stored)
        fault, arguments = TROUBLES[trouble]
        proxy.fault(fault, times=ALWAYS, **arguments)
        errors = [_raised(call) for call in calls]
        proxy.heal()
    assert [leaks({"error": whole(error).encode()}, token) for error in errors] == [[], [], []]
    errors.clear()
    with warnings.catch_warnings():  # the SDK does not close a download that was cut
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_an_address_in_an_error_of_the_transport_ends_before_its_query(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`requests` words some errors with the whole of it."""
    words = "Max retries exceeded with url: /raw/a?sv=2025&sig=c2VjcmV0 (Caused by a timeout)"

    def fails(*_: object, **__: object) -> None:
        raise ServiceRequestError(words, error=OSError(words))

    monkeypatch.setattr(RequestsTransport, "send", fails)
    with pytest.raises(ServiceRequestError) as raised:
        client.DiscreetTransport().send(HttpRequest("GET", "http://127.0.0.1:9/raw/a"))
    assert str(raised.value) == "Max retries exceeded with url: /raw/a?… (Caused by a timeout)"
    assert leaks({"error": whole(raised.value).encode()}, "sig=c2VjcmV0") == []


def _calls(stored: AdlsLake) -> list[Callable[[], object]]:
    (large,) = stored.files_below("raw/files")
    return [
        lambda: stored.read("raw/files/large"),
        lambda: stored.open("raw/files/large"),
        lambda: stored.random_access(large).read(),
    ]


def _raised(call: Callable[[], object]) -> Exception:
    with pytest.raises((AzureError, OSError)) as raised:
        call()
    return raised.value


def test_nothing_that_is_printed_shows_one(azurite: Azurite, tmp_path: Path) -> None:
    """Whoever debugs prints an environment."""
    token = signature()
    own = {"AZURE_STORAGE_KEY": KEY, "AZURE_STORAGE_SAS_TOKEN": token, "AZURE_CLIENT_SECRET": SECRET}
    for kind in ("account_key", "sas"):
        told = lake(tmp_path, azurite.endpoint, new_names(), CLOUDFLIX_AZURE_CREDENTIAL=kind, **own)
        with variables(told):
            settings = environment()
            stored = AdlsLake.of(settings)
            of = stored.account
            objects = [settings, of, stored, of.credential, client.BlobStorageResource.of(of).__dict__]
            objects += [client.blob_service(of), settings.model_dump(), settings.model_dump_json()]
            printed = {str(number): f"{it} {it!r}".encode() for number, it in enumerate(objects)}
            printed["named"] = describe(of.credential).encode()
            assert blob_credential(of)
        assert leaks(printed, KEY, token, SECRET) == []
