"""`cloudflix doctor --launch`: what a run on the cluster sees, and what is told of one that sees nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudflix_assets.doctor import workspace as checks
from cloudflix_assets.settings.environment import Environment, environment
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.doctor.findings import found
from cloudflix_assets_tests.lakehouse import publication, put
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.runs import Outcome, RunPlan

pytestmark = pytest.mark.usefixtures("no_engine", "no_workspace")

ON_THE_CLUSTER = ["packages there", "session there", "lake from there"]


@pytest.fixture(autouse=True)
def as_at_the_start(workspace: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(checks, "SECONDS", 0.2)
    workspace.reset()
    yield
    assert workspace.wrong == []
    assert files_handed_over(workspace) == []


def files_handed_over(emulator: Emulator) -> list[str]:
    """But for the package, which stays."""
    folder = emulator.storage.in_volume(emulator.volume) / "runs"
    return [path.name for path in folder.rglob("*")]


def launched(emulator: Emulator, folder: Path, **changed: str) -> Told:
    source = ("--source", str(put(folder / "netflix", publication())))
    env = {**emulator.variables, "CLOUDFLIX_LAKE": str(folder / "lake"), **changed}
    return cloudflix(folder / "home", "doctor", "--json", "--launch", *source, env=env)


def test_a_cluster_is_asked_for_its_packages_its_session_and_its_lake(
    workspace: Emulator, tmp_path: Path
) -> None:
    """From here a cluster's way to the lake cannot be seen."""
    workspace.secrets["git"] = {"token": "hidden-in-the-scope"}
    told = launched(workspace, tmp_path, CLOUDFLIX_DATABRICKS_SECRETS="GITHUB_TOKEN=git/token")
    findings = found(told)
    assert list(findings)[-4:] == ["launch", *ON_THE_CLUSTER]
    assert {findings[name].state for name in ["launch", *ON_THE_CLUSTER]} == {"ok"}
    assert "dagster 1.13.27, deltalake 1.6.6" in findings["packages there"].seen
    assert findings["session there"].seen.endswith("answers 1")
    assert findings["lake from there"].seen.endswith("raw can be written and read by the engine, 1 row")
    assert list((tmp_path / "lake").rglob("doctor-*")) == []
    assert len(workspace.starts) == len(workspace.runs) == 1
    assert "hidden-in-the-scope" not in told.stdout + told.stderr


def test_a_lake_that_the_cluster_cannot_write_is_told_by_it(workspace: Emulator, tmp_path: Path) -> None:
    """The host can, and so every other check is content."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "raw").write_text("a file in the way")
    told = launched(workspace, tmp_path)
    assert told.code == 1
    assert found(told)["session there"].state == "ok"
    lake = found(told)["lake from there"]
    assert lake.state == "fail"
    assert "move the file away" in lake.seen


LOST: dict[Outcome, str] = {
    "cluster launch failure": "was terminated. Reason: CLOUD_PROVIDER_LAUNCH_FAILURE",
    "library failure": "Library installation failed",
    "internal error": "Unexpected failure in the service",
}


@pytest.mark.parametrize("outcome", LOST)
def test_a_probe_that_does_not_run_is_told_in_databricks_words(
    workspace: Emulator, tmp_path: Path, outcome: Outcome
) -> None:
    """With where to look: the reason is in its own logs."""
    workspace.plans.append(RunPlan("doctor", outcome=outcome))
    told = launched(workspace, tmp_path)
    launch = found(told)["launch"]
    assert told.code == 1
    assert launch.state == "fail"
    assert LOST[outcome] in launch.seen
    assert f"see {workspace.host}" in str(launch.remedy)
    assert not set(ON_THE_CLUSTER) & set(found(told))


def test_a_missing_secret_is_the_clusters_own_error(workspace: Emulator, tmp_path: Path) -> None:
    """Its key may be there for us, and not for the cluster's user."""
    told = launched(workspace, tmp_path, CLOUDFLIX_DATABRICKS_SECRETS="GITHUB_TOKEN=pond/token")
    assert "Secret does not exist with scope: pond and key: token" in found(told)["launch"].seen


def test_who_does_not_wait_for_the_probe_does_not_pay_for_it(
    workspace: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a cluster starts."""

    def interrupted(_: object, __: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "_wait_until_ended", interrupted)
    workspace.plans.append(RunPlan("doctor", pending_seconds=600))
    with pytest.raises(KeyboardInterrupt):
        list(checks.launch_probe(settings_of(workspace, tmp_path, monkeypatch)))
    (run,) = workspace.runs
    assert run.ended.wait(60)
    assert run.end is not None
    assert run.end.result == "CANCELED"


def settings_of(emulator: Emulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    for name, value in {**emulator.variables, "CLOUDFLIX_HOME": str(folder / "home")}.items():
        monkeypatch.setenv(name, value)
    return environment()
