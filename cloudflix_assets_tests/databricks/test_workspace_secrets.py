"""No secret leaves this machine by a launched step: not in a file, a run, an event, a log or a sentence."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from databricks.sdk.errors.base import DatabricksError

from cloudflix_assets.databricks.calls import WorkspaceRefused, patiently, refusing_entry
from cloudflix_assets.databricks.workspace import client_of, credentials
from cloudflix_assets.settings.environment import environment
from cloudflix_assets_tests.cli.command import Told, cloudflix_process
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put
from cloudflix_assets_tests.leaks import leaks, whole
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.loopback.databricks.tokens import CLIENT_SECRET, TOKEN

pytestmark = pytest.mark.slow  # whole launched runs

KEY = "bm9uZSBvZiB0aGlzIGlzIGEga2V5" * 3 + "YQ=="
HERE, THERE = "hidden-on-this-machine", "hidden-in-the-scope"
OWN = {
    "AZURE_STORAGE_KEY": KEY,
    "AZURE_CLIENT_SECRET": HERE,
    "GITHUB_TOKEN": HERE,
    "CLOUDFLIX_ALERT_WEBHOOK": f"https://hooks.example.com/{HERE}",
}
"""What a machine has that also does other things."""
SECRETS = (TOKEN, CLIENT_SECRET, KEY, HERE, THERE)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "workspace") as emulator:
        emulator.secrets["lake"] = {"key": THERE}
        yield emulator
    assert emulator.wrong == []


def application(emulator: Emulator) -> dict[str, str]:
    """By its OAuth secret."""
    tokens = emulator.tokens
    own = {"DATABRICKS_CLIENT_ID": tokens.client_id, "DATABRICKS_CLIENT_SECRET": tokens.client_secret}
    return {"DATABRICKS_TOKEN": "", **own}


def ran(emulator: Emulator, folder: Path, **changed: str) -> Told:
    """Two steps of a week, told of with their stack traces."""
    source = ("--source", str(put(folder / "netflix", publication())))
    week = ("--week", str(WEEK_1), "--select", "+raw/cast", "--debug", *source)
    secrets = {"CLOUDFLIX_DATABRICKS_SECRETS": "AZURE_STORAGE_SAS_TOKEN=lake/key"}
    return cloudflix_process(
        folder / "home", "run", *week, **{**emulator.variables, **OWN, **secrets, **changed}
    )


def left(emulator: Emulator, folder: Path, told: Told) -> dict[str, bytes]:
    """All that Dagster, the workspace and the drivers have kept, what was handed over unpacked."""
    found = {"stdout": told.stdout.encode(), "stderr": told.stderr.encode()}
    for run in emulator.runs:
        found[f"run {run.run_id}"] = json.dumps([run.body, run.task, run.told(emulator.host)]).encode()
        found[f"output {run.run_id}"] = f"{run.logs} {run.error} {run.error_trace}".encode()
    for path in (*(folder / "home").rglob("*"), *emulator.root.rglob("*")):
        if path.is_file() and path.name != "spec.json":  # what the loopback tells its driver, secrets too
            found[str(path.relative_to(folder))] = _unpacked(path.read_bytes())
    return found


def _unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def test_what_is_handed_over_is_seen_unpacked() -> None:
    """A search that finds nothing must be able to."""
    assert leaks({"step": _unpacked(gzip.compress(f"... {THERE}".encode()))}, *SECRETS) == ["step"]


CREDENTIALS: dict[str, Callable[[Emulator], dict[str, str]]] = {"token": lambda _: {}, "oauth": application}


@pytest.mark.parametrize("credential", CREDENTIALS)
def test_a_launched_run_leaves_no_secret_behind(
    credential: str, workspace: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Event logs are read by many, and a staging area by whoever has a right to it."""
    kept: dict[str, bytes] = {}
    monkeypatch.setattr("pathlib.Path.unlink", _kept_first(kept, workspace.root))
    told = ran(workspace, tmp_path, **CREDENTIALS[credential](workspace))
    assert told.code == 0, told.stderr
    assert any(name.endswith(".step") for name in kept)
    assert any(name.endswith(".events") for name in kept)
    seen = {**left(workspace, tmp_path, told), **kept}
    assert any("code.zip" in name for name in seen)
    assert leaks(seen, *SECRETS) == []


def _kept_first(kept: dict[str, bytes], root: Path) -> Callable[..., None]:
    """What the workspace removes is looked at before."""
    unlink = Path.unlink

    def kept_first(self: Path, missing_ok: bool = False) -> None:  # pathlib's
        if root in self.parents and self.is_file():
            kept[self.name] = _unpacked(self.read_bytes())
        unlink(self, missing_ok=missing_ok)

    return kept_first


def test_a_step_that_fails_on_the_cluster_tells_no_secret(workspace: Emulator, tmp_path: Path) -> None:
    """Its error and trace come from there, where the secrets are variables."""
    (tmp_path / "workspace" / "lake" / "raw").mkdir(parents=True)
    (tmp_path / "workspace" / "lake" / "raw" / "cast").write_text("a file in the way")
    told = ran(workspace, tmp_path)
    assert told.code == 1
    assert leaks(left(workspace, tmp_path, told), *SECRETS) == []


REFUSALS = {
    "wrong": Fault(r"GET .*/Me", status=403, code="PERMISSION_DENIED", message="Invalid access token."),
    "denied": Fault(r"GET .*/Me", status=403, code="PERMISSION_DENIED", message="No right."),
    "unknown": Fault(r"GET .*/Me", status=401, code="UNAUTHENTICATED", message="Who is it?"),
    "a page": Fault(r"GET .*/Me", status=502, body=b"<html>Bad Gateway</html>", times=None),
    "lost": Fault(r"GET .*/Me", drop="before", times=None),
}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_no_exception_of_a_workspace_has_a_secret_in_it_or_behind_it(
    refusal: str, credential: str, workspace: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster stores an error with its whole chain; the SDK tells its request, where a proxy answers."""
    monkeypatch.setattr("cloudflix_assets.databricks.calls.ATTEMPTS", 2)
    told = {
        **workspace.variables,
        **OWN,
        "CLOUDFLIX_HOME": str(tmp_path),
        **CREDENTIALS[credential](workspace),
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    given = credentials(environment())
    client = client_of(given, retry_timeout_seconds=1)
    workspace.faults.append(replace(REFUSALS[refusal]))
    with pytest.raises((WorkspaceRefused, DatabricksError)) as raised, refusing_entry(given.host):
        patiently(client.current_user.me)
    assert leaks({"error": whole(raised.value).encode()}, *SECRETS) == []
    assert isinstance(raised.value, WorkspaceRefused)


def test_nothing_that_is_printed_shows_one(workspace: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever debugs prints an environment, or a client's configuration."""
    for name, value in {**workspace.variables, **OWN, **application(workspace)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABRICKS_TOKEN", workspace.token)
    for kind in ("token", "oauth"):
        monkeypatch.setenv("CLOUDFLIX_DATABRICKS_AUTH", kind)
        settings = environment()
        given = credentials(settings)
        objects = [settings, given, client_of(given), client_of(given).config, settings.model_dump_json()]
        objects.append(settings.for_cluster())
        printed = {str(number): f"{it} {it!r}".encode() for number, it in enumerate(objects)}
        assert leaks(printed, *SECRETS) == []
