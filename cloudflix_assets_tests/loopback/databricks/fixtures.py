"""A workspace per test or per module, and a client that knows nothing of this machine's own."""

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
    """Neither a variable nor a profile of the developer's reaches a client."""
    for name in list(os.environ):
        if name.startswith(("DATABRICKS_", "ARM_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(tmp_path / "no-profiles"))


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Calls that Databricks would not understand fail the test."""
    with Emulator(tmp_path / "workspace") as emulator:
        yield emulator
    assert emulator.wrong == []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One for all tests of a module, each of which resets it: a Sail server takes its time."""
    with Emulator(tmp_path_factory.mktemp("workspace")) as emulator:
        yield emulator


@pytest.fixture
def launched(
    workspace: Emulator, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Launches]:
    """Launches over a copy of the module's `home`."""
    with launches(workspace, home, tmp_path, monkeypatch) as made:
        yield made
        assert workspace.wrong == []


@pytest.fixture
def client(emulator: Emulator) -> WorkspaceClient:
    """With the personal access token; what fails is tried again for two seconds."""
    return client_of(emulator, token=emulator.token)


@pytest.fixture
def tasks(emulator: Emulator, client: WorkspaceClient) -> Tasks:
    """Submits code to the workspace."""
    return Tasks(emulator, client)
