"""The landing sensor as Dagster's daemon evaluates it, which starts each run key once."""

import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import InstigatorTick
from dagster._core.test_utils import freeze_time, instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.sensor import execute_sensor_iteration

from cloudflix_assets.partitions import last_ended
from cloudflix_assets_tests.code_location import HERE, drop, served
from cloudflix_assets_tests.lakehouse import publication

WEEK = last_ended(datetime.now(UTC))
UNCLOSED = publication(cast=b'cast,show_id\r\n"Somebody,1\r\n')
LOG = logging.getLogger(__name__)


@dataclass
class Daemon:
    """The daemon of a lake with a landing folder."""

    folder: Path
    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    ticks: int = 0

    def start(self) -> None:
        """Switch the sensor on."""
        (location,) = self.workspace.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        self.sensor = repository.get_sensor("landing_sensor")
        self.instance.start_sensor(self.sensor)

    def tick(self) -> tuple[int, str]:
        """Evaluate the sensor; how many runs were started, and the sentence if there was none."""
        self.ticks += 1
        before = self.instance.get_runs_count()
        with freeze_time(datetime.now(UTC) + timedelta(minutes=self.ticks)):
            assert [e for e in execute_sensor_iteration(self.workspace, LOG, None, None) if e] == []
        return self.instance.get_runs_count() - before, self._last_tick().skip_reason or ""

    def run(self) -> dg.DagsterRun:
        """Run what is queued."""
        (queued,) = self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        self.instance.launch_run(queued.run_id, self.workspace.create_request_context())
        run = self.instance.get_run_by_id(queued.run_id)
        assert run is not None
        return run

    def move_back(self) -> None:
        """Move the rejected files back to where they were dropped, as they were."""
        for path in (self.folder / "home" / "lake" / "raw" / "refused").glob("*.csv"):
            name = re.sub(r"^\w+Z-.*__", "", path.name)
            shutil.move(path, self.folder / "home" / "lake" / "raw" / "landing" / str(WEEK) / name)

    def _last_tick(self) -> InstigatorTick:
        (tick,) = self.instance.get_ticks(
            self.sensor.get_remote_origin_id(), self.sensor.selector_id, limit=1
        )
        assert tick.instigator_type is InstigatorType.SENSOR
        return tick


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with (
        instance_for_test(overrides=HERE) as instance,
        served(tmp_path, instance, source="landing", first_week=str(WEEK)) as workspace,
    ):
        found = Daemon(tmp_path, instance, workspace)
        found.start()
        yield found


@pytest.mark.slow
def test_files_that_are_moved_back_as_they_were_are_asked_for_again(daemon: Daemon) -> None:
    """Rejected, then allowed by a setting: by name, size and time they are those of the first run."""
    drop(daemon.folder, WEEK, UNCLOSED)
    assert daemon.tick()[0] == 1
    assert daemon.run().status is dg.DagsterRunStatus.FAILURE
    assert daemon.tick()[0] == 1  # for the four that are sound, which wait for the fifth
    assert daemon.run().status is dg.DagsterRunStatus.SUCCESS
    assert "were not taken in, and its run" in daemon.tick()[1]
    daemon.move_back()
    assert daemon.tick()[0] == 1
    assert daemon.run().status is dg.DagsterRunStatus.FAILURE


def test_why_files_are_still_there_is_told(daemon: Daemon) -> None:
    """Some may be growing, some wait for their run, and some were left by it."""
    dropped = drop(daemon.folder, WEEK, publication())
    assert daemon.tick()[0] == 1
    (run,) = daemon.instance.get_runs()
    assert daemon.tick() == (0, f"Files of the week {WEEK} wait for its run {run.run_id[:8]}.")
    daemon.instance.report_run_failed(run)
    left = (
        f"Files of the week {WEEK} were not taken in, and its run {run.run_id[:8]} has ended: do what it "
        "says, then launch `weekly_refresh` for it."
    )
    assert daemon.tick() == (0, left)
    (dropped / "netflix_cast_v2.csv").write_bytes(b"x")
    assert daemon.tick() == (0, f"{WEEK}/netflix_cast_v2.csv may still be growing. {left}")
    daemon.instance.delete_run(run.run_id)
    unknown = "were not taken in, and its run is unknown: launch `weekly_refresh` for it."
    assert daemon.tick()[1].endswith(unknown)
