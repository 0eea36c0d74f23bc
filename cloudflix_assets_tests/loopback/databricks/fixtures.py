"""Fixtures of workspaces per test or per module, and of a client without the developer's settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from databricks.sdk import WorkspaceClient

from cloudflix_assets_tests.databricks.launches import Launches, launches
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, client_of


@pytest.fixture(scope="module")
def no_engine() -> Iterator[None]:
    """Unset the engine: a pass of the tests sets it, and a deployment on a cluster refuses that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CLOUDFLIX_ENGINE", raising=False)
        yield


@pytest.fixture
def no_workspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset the developer's variables and profiles, which would reach a client."""
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "ARM_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "no-profiles"))


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """A workspace; a call that Databricks would not understand fails the test."""
    with Emulator(tmp_path / "workspace") as emulator:
        yield emulator
    assert emulator.wrong == []


@pytest.fixture
def jvm(tmp_path: Path) -> Iterator[Emulator]:
    """A workspace whose drivers run Spark on a JVM."""
    with Emulator(tmp_path / "workspace", kind="jvm") as emulator:
        yield emulator
    assert emulator.wrong == []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A workspace for all tests of a module, because a Sail server starts slowly; each test resets it."""
    with Emulator(tmp_path_factory.mktemp("workspace")) as emulator:
        yield emulator


@pytest.fixture
def launched(
    workspace: Emulator, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Launches]:
    """Launches of steps on the module's workspace, over a copy of the module's `home`."""
    with launches(workspace, home, tmp_path, monkeypatch) as made:
        yield made
        assert workspace.wrong == []


@pytest.fixture
def client(emulator: Emulator) -> WorkspaceClient:
    """A client with the personal access token; it retries a failed call for two seconds."""
    return client_of(emulator, token=emulator.token)


@pytest.fixture
def tasks(emulator: Emulator, client: WorkspaceClient) -> Tasks:
    """A submitter of code to the workspace."""
    return Tasks(emulator, client)
