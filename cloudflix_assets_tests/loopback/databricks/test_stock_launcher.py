"""A test that the stock launcher of dagster-databricks, written for the service, runs on the loopback."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator

DEFINITIONS = Path(__file__).with_name("stock_definitions.py")


@pytest.fixture
def location() -> Iterator[Path]:
    """A folder with the code location; the launcher ships nothing from a path that has `pytest` in it."""
    with tempfile.TemporaryDirectory(prefix="stock-location-") as folder:
        shutil.copyfile(DEFINITIONS, Path(folder) / "stock_definitions.py")
        yield Path(folder)


@pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.SupersessionWarning")
def test_the_stock_launcher_does_a_step(
    emulator: Emulator, location: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.secrets["lake"] = {"key": "s3cret"}
    for name, value in {
        "HOST": emulator.host,
        "TOKEN": emulator.token,
        "CLUSTER": emulator.cluster_id,
    }.items():
        monkeypatch.setenv(f"STOCK_{name}", value)
    repository = ReconstructableRepository.for_module(
        "stock_definitions", "defs", working_directory=str(location)
    )
    (tmp_path / "dagster").mkdir()
    with (
        dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance,
        dg.execute_job(ReconstructableJob(repository, "stock"), instance) as result,
    ):
        assert result.success
        [event] = result.get_asset_materialization_events()
        told = {name: value.value for name, value in event.materialization.metadata.items()}
    main = told.pop("main")
    assert told == {"rows": 7, "sent": "sent", "key": "s3cret", "on_cluster": True}
    assert "local_disk0" in str(main)
    [run] = emulator.runs
    assert (run.life, run.name) == ("TERMINATED", "stock")
    assert emulator.counted("POST", "/jobs/runs/submit") == 1
