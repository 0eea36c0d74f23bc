"""Runs that hold secrets: how each is configured, and what is left where it could show one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cloudflix_assets.lake.adls import client
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.cli.command import Told, cloudflix_process
from cloudflix_assets_tests.lake.adls.credential_cases import (
    application,
    called,
    lake,
    made,
    new_names,
    signature,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put, registered
from cloudflix_assets_tests.leaks import left, unpacked, whole
from cloudflix_assets_tests.loopback.azure.azurite import KEY
from cloudflix_assets_tests.loopback.azure.calls import Kind
from cloudflix_assets_tests.loopback.azure.entra import SECRET
from cloudflix_assets_tests.loopback.azure.faults import status
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.tokens import CLIENT_SECRET, TOKEN
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS

TITLES = registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles")
NOBODY = "http://127.0.0.1:9/devstoreaccount1"
HERE, THERE = "hidden-on-this-machine", "hidden-in-the-scope"
OF_ANOTHER_USE = {
    "AZURE_STORAGE_KEY": "bm9uZSBvZiB0aGlzIGlzIGEga2V5" * 3 + "YQ==",
    "AZURE_CLIENT_SECRET": HERE,
    "GITHUB_TOKEN": HERE,
    "CLOUDFLIX_ALERT_WEBHOOK": f"https://hooks.example.com/{HERE}",
}
"""What a machine that launches has for other purposes."""
OF_A_WORKSPACE = (TOKEN, CLIENT_SECRET, OF_ANOTHER_USE["AZURE_STORAGE_KEY"], HERE, THERE)


@dataclass(frozen=True)
class Ran:
    """A run that held secrets.

    Attributes:
        seen: what is looked through, by name.
        must_be_seen: parts of names, each of which must be among `seen`: else nothing would be proven.
    """

    secrets: tuple[str, ...]
    code: int
    seen: Mapping[str, bytes]
    must_be_seen: tuple[str, ...] = ("history/runs/index.db",)


Run = Callable[[pytest.FixtureRequest], Ran]


def week(folder: Path) -> tuple[str, ...]:
    """A week, told of with its stack traces."""
    return ("--week", str(WEEK_1), "--source", str(put(folder / "netflix", publication())), "--debug")


def one_try(request: pytest.FixtureRequest) -> None:
    """None of these faults passes."""
    request.getfixturevalue("monkeypatch").setitem(client._SETTINGS, "retry_total", 0)


def wrong(token: str) -> str:
    """The same signature with another character in it."""
    before, _, sig = token.partition("sig=")
    return f"{before}sig={'A' if sig[0] != 'A' else 'B'}{sig[1:]}"


@dataclass(frozen=True)
class InAccount:
    """A run on an account behind a proxy, with a shared access signature unless the key is given.

    Attributes:
        denied: the calls that the account refuses, by kind and path.
        began: whether the run came as far as Dagster.
    """

    credential: Callable[[], dict[str, str]] = field(default=lambda: {"AZURE_STORAGE_SAS_TOKEN": signature()})
    options: tuple[str, ...] = ()
    denied: tuple[tuple[Kind, str], ...] = ()
    nobody: bool = False
    began: bool = True

    def __call__(self, request: pytest.FixtureRequest) -> Ran:
        one_try(request)
        folder, proxy = (request.getfixturevalue(name) for name in ("tmp_path", "proxy"))
        for kind, path in self.denied:
            proxy.fault(status(403), kind=kind, path=path, times=ALWAYS)
        endpoint = NOBODY if self.nobody else proxy.endpoint
        names = new_names() if self.nobody else made(endpoint, new_names())
        own = self.credential()
        told = _called(lake(folder / "home", endpoint, names, **own), folder, *self.options)
        seen = left(told, folder / "home")
        assert self.began == any(name.startswith("history/runs/index.db") for name in seen)
        return Ran(tuple(own.values()), told.code, seen, must_be_seen=())


def _called(told: dict[str, str], folder: Path, *options: str) -> Told:
    try:
        return called(told, "run", *week(folder), *options)
    except Exception as error:  # noqa: BLE001  # what --debug shows
        return Told(1, "", whole(error))


def signs_in(secret: str) -> Run:
    """An application with a client secret: a doctor's findings and a run; its tokens are secret too."""

    def ran(request: pytest.FixtureRequest) -> Ran:
        one_try(request)
        azurite, entra, authority, folder = map(
            request.getfixturevalue, ("azurite_tls", "entra", "authority", "tmp_path")
        )
        request.getfixturevalue("monkeypatch").setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
        own = application(entra, AZURE_CLIENT_SECRET=secret)
        told = lake(folder / "home", azurite.endpoint, new_names(), **own)
        called(told, "doctor", "--fix")
        doctored = called(told, "doctor", "--json")
        run = _called(told, folder, "--select", "publication")
        seen = {"doctor": doctored.stdout.encode(), **left(run, folder / "home")}
        return Ran((secret, entra.token().rpartition(".")[0]), run.code, seen, must_be_seen=("doctor",))

    return ran


def by_token(emulator: Emulator) -> dict[str, str]:
    """The personal access token that the variables of the workspace hold."""
    return {}


def by_application(emulator: Emulator) -> dict[str, str]:
    """The OAuth secret of an application, in place of the token."""
    tokens = emulator.tokens
    own = {"DATABRICKS_CLIENT_ID": tokens.client_id, "DATABRICKS_CLIENT_SECRET": tokens.client_secret}
    return {"DATABRICKS_TOKEN": "", **own}


CREDENTIALS = {"token": by_token, "oauth": by_application}


def workspace_of(request: pytest.FixtureRequest) -> Emulator:
    """A workspace with a secret in a scope, for a process that knows no other engine or workspace."""
    for name in ("no_engine", "no_workspace"):
        request.getfixturevalue(name)
    emulator: Emulator = request.getfixturevalue("emulator")
    emulator.secrets["lake"] = {"key": THERE}
    return emulator


def launched(credential: Callable[[Emulator], dict[str, str]], *, in_the_way: bool = False) -> Run:
    """Two steps of a week as jobs; the cluster finds a file where its lake needs a folder, if asked to."""

    def ran(request: pytest.FixtureRequest) -> Ran:
        emulator, folder = workspace_of(request), request.getfixturevalue("tmp_path")
        if in_the_way:
            lake = LocalLake(emulator.root / "lake")
            lake.claim("directory:netflix")
            lake.write("raw/cast", b"a file in the way")
        removed = _kept(request, emulator.root)
        scope = {"CLOUDFLIX_DATABRICKS_SECRETS": "AZURE_STORAGE_SAS_TOKEN=lake/key"}
        own = {**emulator.variables, **OF_ANOTHER_USE, **scope, **credential(emulator)}
        told = cloudflix_process(folder / "home", "run", *week(folder), "--select", "+raw/cast", **own)
        seen = {**left(told, folder / "home", emulator.root), **jobs_of(emulator), **removed}
        handed_over = (".step", ".events", "code.zip", "history/runs/index.db")
        return Ran(OF_A_WORKSPACE, told.code, seen, handed_over)

    return ran


def jobs_of(emulator: Emulator) -> dict[str, bytes]:
    """What Databricks tells of the jobs that ran: their settings, logs and errors."""
    return {
        f"job {run.run_id}": json.dumps(
            [run.body, run.task, run.describe(emulator.host), f"{run.logs} {run.error} {run.error_trace}"]
        ).encode()
        for run in emulator.runs
    }


def _kept(request: pytest.FixtureRequest, root: Path) -> dict[str, bytes]:
    """The files of the workspace that are removed from now on."""
    kept: dict[str, bytes] = {}
    unlink = Path.unlink

    def kept_first(self: Path, missing_ok: bool = False) -> None:  # pathlib's
        if root in self.parents and self.is_file():
            kept[self.name] = unpacked(self.read_bytes())
        unlink(self, missing_ok=missing_ok)

    request.getfixturevalue("monkeypatch").setattr("pathlib.Path.unlink", kept_first)
    return kept


def from_github(request: pytest.FixtureRequest) -> Ran:
    """Two weeks, the second of which GitHub refuses."""
    github, source, lakehouse, caplog = map(
        request.getfixturevalue, ("github", "source", "lakehouse", "caplog")
    )
    github.token = secret = "ghp-do-not-tell"
    house = lakehouse(source=source(secret), tables=TITLES)
    assert house.run(WEEKS[0]).success
    github.token = "another"
    failed = house.run(WEEKS[1])
    told = Told(0 if failed.success else 1, repr(failed), caplog.text)
    return Ran((secret,), told.code, left(told, house.environment.home), ("raw/titles/_delta_log",))


PARQUET = r"^(bronze|silver).*parquet"
RUNS: dict[str, tuple[Run, int]] = {
    # To the account's key a part of the flow is enough: it is told to the same libraries.
    "the account's key": (InAccount(lambda: {"AZURE_STORAGE_KEY": KEY}, ("--select", "+silver/cast")), 0),
    "a signature": (InAccount(), 0),
    "a wrong signature": (InAccount(lambda: {"AZURE_STORAGE_SAS_TOKEN": wrong(signature())}, began=False), 1),
    "a signature, and nobody answers": (InAccount(nobody=True, began=False), 1),
    "a signature, refused in the middle": (
        InAccount(denied=(("put", PARQUET), ("put-if-absent", PARQUET))),
        1,
    ),
    "a signature, and a table is refused": (InAccount(denied=(("list", r"^silver.*_delta_log"),)), 1),
    "a client secret": (signs_in(SECRET), 0),
    "a wrong client secret": (signs_in("another-secret-that-is-wrong"), 1),
    "a workspace's token": (launched(by_token), 0),
    "a workspace's application": (launched(by_application), 0),
    "a workspace's token, and the step fails there": (launched(by_token, in_the_way=True), 1),
    "GitHub's token": (from_github, 1),
}
"""How a secret is configured, and the exit code that must come of it."""
