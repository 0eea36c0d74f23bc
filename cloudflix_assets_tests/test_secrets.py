"""No secret is shown: the tables say how each is configured, and the tests search the sinks for it.

A run's sinks are what it printed with stack traces, every file that it left, and what a workspace keeps of
its jobs; an error's is its whole chain, which Dagster stores; a value's is all that printing it shows.
"""

import gc
import gzip
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.core.pipeline.transport import HttpRequest, RequestsTransport

from cloudflix_assets.databricks.calls import WorkspaceRefused, explain_refusals, patiently
from cloudflix_assets.databricks.workspace import client_of, credentials
from cloudflix_assets.errors import without_parameters
from cloudflix_assets.lake.adls import client
from cloudflix_assets.lake.adls.credentials import describe
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.adls.library_options import blob_credential
from cloudflix_assets.settings.environment import environment
from cloudflix_assets.sources import SourceRefused
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.lake.adls.credential_cases import lake, made, new_names, signature, variables
from cloudflix_assets_tests.leaks import leaks, printed, unpacked, whole
from cloudflix_assets_tests.loopback.azure.azurite import KEY
from cloudflix_assets_tests.loopback.azure.entra import SECRET
from cloudflix_assets_tests.loopback.azure.faults import Fault, cut, reset, status
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS
from cloudflix_assets_tests.loopback.databricks import faults as workspace_faults
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS
from cloudflix_assets_tests.secret_cases import (
    CREDENTIALS,
    HERE,
    OF_A_WORKSPACE,
    OF_ANOTHER_USE,
    RUNS,
    THERE,
    workspace_of,
)
from cloudflix_assets_tests.tiers import slow_but


def test_each_form_of_a_secret_is_seen() -> None:
    """A search that finds nothing must be able to."""
    token = "sv=2025&sig=a%2Fb%2Bc%3D&se=2026"
    for content in (b"xx sv=2025&sig=a%2Fb%2Bc%3D&se=2026", b"'a/b+c='", b"a%2Fb%2Bc%3D", b"a/b%2Bc%3D"):
        assert leaks({"file": content}, token) == ["file"]
    assert leaks({"file": b"sv=2025"}, token) == []
    assert leaks({"step": unpacked(gzip.compress(f"... {THERE}".encode()))}, THERE) == ["step"]


@pytest.mark.parametrize("case", slow_but(lambda case: case == "GitHub's token", RUNS))
def test_a_run_leaves_no_secret_behind(request: pytest.FixtureRequest, case: str) -> None:
    """Event logs are read by many, and a staging area by whoever has a right to it."""
    run, code = RUNS[case]
    ran = run(request)
    assert ran.code == code, ran.seen
    assert [part for part in ran.must_be_seen if not any(part in name for name in ran.seen)] == []
    assert leaks(ran.seen, *ran.secrets) == []


Raised = tuple[tuple[str, ...], list[BaseException]]
Raises = Callable[[pytest.FixtureRequest], Raised]
Values = tuple[tuple[str, ...], list[object]]


def of_the_account(fault: Fault, retries: int = 0, **arguments: Any) -> Raises:
    """`requests` tells the address of each call that failed, with the signature in it."""

    def raises(request: pytest.FixtureRequest) -> Raised:
        proxy, folder, patch = map(request.getfixturevalue, ("proxy", "tmp_path", "monkeypatch"))
        for name, value in {"retry_total": retries, "initial_backoff": 0, "increment_base": 0}.items():
            patch.setitem(client._SETTINGS, name, value)
        token, names = signature(), made(proxy.endpoint, new_names())
        with variables(lake(folder / "home", proxy.endpoint, names, AZURE_STORAGE_SAS_TOKEN=token)):
            stored = AdlsLake.of(environment())
            stored.write("raw/files/large", b"x" * 3_000_000)
            (large,) = stored.files_below("raw/files")
            proxy.fault(fault, times=ALWAYS, **arguments)
            errors = [
                raised(lambda: stored.read("raw/files/large")),
                raised(lambda: stored.open_landed("raw/files/large")),
                raised(lambda: stored.random_access(large).read()),
            ]
            proxy.heal()
        return (token,), errors

    return raises


def raised(call: Callable[[], object]) -> BaseException:
    with pytest.raises((AzureError, OSError)) as error:
        call()
    return error.value


def of_a_workspace(credential: str, **fault: Any) -> Raises:
    """The SDK tells its request, where a proxy answers."""

    def raises(request: pytest.FixtureRequest) -> Raised:
        emulator, patch = workspace_of(request), request.getfixturevalue("monkeypatch")
        patch.setattr("cloudflix_assets.databricks.calls.ATTEMPTS", 2)
        home = {"CLOUDFLIX_HOME": str(request.getfixturevalue("tmp_path"))}
        own = {**emulator.variables, **OF_ANOTHER_USE, **home, **CREDENTIALS[credential](emulator)}
        for name, value in own.items():
            patch.setenv(name, value)
        given = credentials(environment())
        asked = client_of(given, retry_timeout_seconds=1)
        emulator.faults.append(workspace_faults.Fault(r"GET .*/Me", **fault))
        with pytest.raises(WorkspaceRefused) as error, explain_refusals(given.host):
            patiently(asked.current_user.me)
        return OF_A_WORKSPACE, [error.value]

    return raises


def of_the_transport(request: pytest.FixtureRequest) -> Raised:
    """`requests` words some errors with the whole address."""
    words = "Max retries exceeded with url: /raw/a?sv=2025&sig=c2VjcmV0 (Caused by a timeout)"

    def fails(*_: object, **__: object) -> None:
        raise ServiceRequestError(words, error=OSError(words))

    request.getfixturevalue("monkeypatch").setattr(RequestsTransport, "send", fails)
    with pytest.raises(ServiceRequestError) as error:
        client.DiscreetTransport().send(HttpRequest("GET", "http://127.0.0.1:9/raw/a"))
    assert str(error.value) == "Max retries exceeded with url: /raw/a?… (Caused by a timeout)"
    return ("sig=c2VjcmV0",), [error.value]


def of_github(request: pytest.FixtureRequest) -> Raised:
    """A literal would stand in the trace, as the line of this test."""
    request.getfixturevalue("github").token = "other"
    source = request.getfixturevalue("source")(HERE)
    with pytest.raises(SourceRefused) as error:
        source.deliveries(WEEKS[2])
    return (HERE,), [error.value]


REFUSALS: dict[str, dict[str, Any]] = {
    "wrong": {"status": 403, "code": "PERMISSION_DENIED", "message": "Invalid access token."},
    "denied": {"status": 403, "code": "PERMISSION_DENIED", "message": "No right."},
    "unknown": {"status": 401, "code": "UNAUTHENTICATED", "message": "Who is it?"},
    "a page": {"status": 502, "body": b"<html>Bad Gateway</html>", "times": None},
    "lost": {"drop": "before", "times": None},
}
ERRORS: dict[str, Raises] = {
    "an account refuses": of_the_account(status(403)),
    "an account resets": of_the_account(reset),
    "an account resets again": of_the_account(reset, retries=1),
    "an account cuts": of_the_account(cut, when="after", kind="get"),
    "an account is busy": of_the_account(status(503), retries=1),
    "the transport": of_the_transport,
    **{
        f"a workspace, by {credential}: {name}": of_a_workspace(credential, **fault)
        for credential in CREDENTIALS
        for name, fault in REFUSALS.items()
    },
    "GitHub refuses": of_github,
}


@pytest.mark.parametrize("case", slow_but(lambda case: case in {"the transport", "GitHub refuses"}, ERRORS))
def test_no_error_has_a_secret_in_it_or_behind_it(request: pytest.FixtureRequest, case: str) -> None:
    """Dagster stores an error with its whole chain."""
    secrets, errors = ERRORS[case](request)
    assert leaks({str(number): whole(error).encode() for number, error in enumerate(errors)}, *secrets) == []
    errors.clear()
    with warnings.catch_warnings():  # the SDK does not close a download that was cut
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def values_of_the_account(request: pytest.FixtureRequest, kind: str) -> Values:
    token = signature()
    own = {"AZURE_STORAGE_KEY": KEY, "AZURE_STORAGE_SAS_TOKEN": token, "AZURE_CLIENT_SECRET": SECRET}
    azurite, folder = map(request.getfixturevalue, ("azurite", "tmp_path"))
    with variables(lake(folder, azurite.endpoint, new_names(), CLOUDFLIX_AZURE_CREDENTIAL=kind, **own)):
        settings = environment()
        stored = AdlsLake.of(settings)
        of = stored.account
        assert blob_credential(of)
        resource = client.BlobStorageResource.of(of).__dict__
        texts = [settings.model_dump(), settings.model_dump_json(), describe(of.credential)]
        values: list[object] = [
            settings,
            of,
            stored,
            of.credential,
            resource,
            client.blob_service(of),
            *texts,
        ]
    return (KEY, token, SECRET), values


def values_of_a_workspace(request: pytest.FixtureRequest, kind: str) -> Values:
    emulator, patch = workspace_of(request), request.getfixturevalue("monkeypatch")
    own = {**emulator.variables, **OF_ANOTHER_USE, **CREDENTIALS["oauth"](emulator)}
    chosen = {"DATABRICKS_TOKEN": emulator.token, "CLOUDFLIX_DATABRICKS_AUTH": kind}
    for name, value in {**own, **chosen}.items():
        patch.setenv(name, value)
    settings = environment()
    given = credentials(settings)
    values = [settings, given, client_of(given), client_of(given).config, settings.model_dump_json()]
    return OF_A_WORKSPACE, [*values, settings.for_cluster()]


def values_of_github(request: pytest.FixtureRequest, kind: str) -> Values:
    return (HERE,), [request.getfixturevalue("source")(HERE)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        *(
            pytest.param(values_of_the_account, kind, marks=pytest.mark.slow)
            for kind in ("account_key", "sas")
        ),
        *(pytest.param(values_of_a_workspace, kind, marks=pytest.mark.slow) for kind in CREDENTIALS),
        (values_of_github, "token"),
    ],
)
def test_nothing_that_is_printed_shows_one(
    request: pytest.FixtureRequest, values: Callable[[pytest.FixtureRequest, str], Values], kind: str
) -> None:
    """Whoever debugs prints an environment, or a client's configuration."""
    secrets, found = values(request, kind)
    assert leaks(printed(*found), *secrets) == []


TOKENS = [f"ghp_{'a1B2' * 9}", f"github_pat_{'11AB_' * 10}", "T0000/B0000/abcdef"]
MISPLACED = {
    "a password in GitHub's address": {"CLOUDFLIX_GITHUB_API": f"https://me:{HERE}@github.example.com"},
    "a password in a source": {"CLOUDFLIX_SOURCE": f"https://me:{HERE}@example.com/files"},
    "a token as the branch's owner": {"CLOUDFLIX_SOURCE": f"github:{TOKENS[0]}@acme/catalogue"},
    "a token as an engine": {"CLOUDFLIX_ENGINE": TOKENS[0]},
    "a fine-grained token as a week": {"CLOUDFLIX_FIRST_WEEK": TOKENS[1]},
    "a webhook as the web UI's": {"CLOUDFLIX_ENGINE": f"https://hooks.slack.com/services/{TOKENS[2]}"},
}


@pytest.mark.parametrize("variables", MISPLACED.values(), ids=MISPLACED)
def test_a_secret_in_the_wrong_variable_is_not_shown(tmp_path: Path, variables: Mapping[str, str]) -> None:
    """A refusal tells the value that is wrong, and a log keeps the refusal."""
    told = cloudflix(tmp_path / "home", "run", env=variables)
    assert told.code == 1
    assert "…" in told.stderr
    assert leaks({"told": f"{told.stderr}{told.stdout}".encode()}, HERE, *TOKENS) == []


PASTED = (
    "https://user:{}@host/api",
    "https://user:a@{}@host/api",
    "https://user:a/{}@host/api",
    "https://u:{} @host/x",
    "https://host:{}/x",
    "https://host/x?password={}",
    "https://outlook.office.com/webhook/{}",
    "https://hooks.slack.com/triggers/{}",
    "postgresql://u:{}@db/x",
    "//u:{}@host/x",
    "sc://host:1/;x-api={}",
    "github:{}@owner/repo",
    "github:o/r@https://u:{}@h",
    "user:{}",
    "password={}",
    "Bearer {}",
)


@pytest.mark.parametrize("value", PASTED)
def test_a_setting_is_shown_without_what_was_pasted_into_it(value: str) -> None:
    """A password with an `@` was cut at its first one."""
    assert HERE not in without_parameters(value.format(HERE))


SHOWN = {
    "https://lake1:99999": "https://lake1:99999",
    "https://[lake1/": "https://[lake1/",
    "https://login/x?y": "https://login/…",
    "abfss://raw@lake1.dfs.core.windows.net": "abfss://raw@lake1.dfs.core.windows.net",
    "github:owner/repo@main:data": "github:owner/repo@main:data",
    "/data/lake": "/data/lake",
    r"C:\data": r"C:\data",
    "cast=;": "cast=;",
}


@pytest.mark.parametrize("value", SHOWN)
def test_a_setting_that_holds_none_is_shown(value: str) -> None:
    """What is wrong with a value is seen from the value."""
    assert without_parameters(value) == SHOWN[value]
