"""What runs that are over left in the lake goes; nothing of one that may go on, nothing that is committed."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import dagster as dg
import psutil
import pytest
from deltalake import DeltaTable

from cloudflix_assets.instance.ended_runs import end_gone, hold_run, is_over, this_process
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.held import spool
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.names import PROCESS
from cloudflix_assets.runs.sweep import sweep
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    publication,
    registered,
)

CAST = registered("raw/cast", "bronze/cast", "silver/cast")
TABLE = "silver/cast"


@pytest.fixture
def house(lakehouse: Makes) -> Lakehouse:
    """One week of cast, published."""
    house = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=CAST)
    assert house.run(WEEK_1).success
    return house


def run_of(house: Lakehouse, status: dg.DagsterRunStatus, process: str | None = None) -> str:
    """A run of the first week that got this far."""
    tags = {"dagster/partition": str(WEEK_1)} | ({PROCESS: process} if process else {})
    return house.instance.add_run(dg.DagsterRun(job_name="weekly_refresh", status=status, tags=tags)).run_id


def left(lake: Lake, run: str, week: object = WEEK_1) -> str:
    """A file that a run wrote and did not commit."""
    path = f"{TABLE}/week={week}/{run}-0-01234567/part.parquet"
    lake.write(path, b"PAR1")
    return path


def swept(house: Lakehouse) -> None:
    sweep(house.lake, house.instance, [TABLE, f"{TABLE}_quarantine"])


def ended_process() -> str:
    """The tag of a process of this machine that is gone."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        start = psutil.Process(process.pid).create_time() - psutil.boot_time()
        process.kill()
    return f"{platform.node()} {process.pid} {start:.1f}"


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_what_a_run_wrote_without_a_commit_goes(house: Lakehouse, status: dg.DagsterRunStatus) -> None:
    """Else each failure costs its disk for ever; another week of the run was never its own."""
    run = run_of(house, status)
    ours, others = left(house.lake, run), left(house.lake, run, WEEK_2)
    swept(house)
    assert house.lake.size(ours) is None
    assert house.lake.size(others) is not None


def test_what_is_committed_stays(house: Lakehouse) -> None:
    """A run may fail after a table's commit: these are the week's rows, or those of an older version."""
    before = house.rows(TABLE, WEEK_1)
    (run,) = house.instance.get_runs()
    uncommitted = left(house.lake, run.run_id)
    house.instance.report_run_failed(run)
    swept(house)
    assert house.lake.size(uncommitted) is None
    assert house.rows(TABLE, WEEK_1) == before


def test_a_run_whose_process_is_gone_is_told_as_failed(house: Lakehouse) -> None:
    """The web UI would show it as running until somebody looks."""
    run = run_of(house, dg.DagsterRunStatus.STARTED, ended_process())
    path = left(house.lake, run)
    swept(house)
    found = house.instance.get_run_by_id(run)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.FAILURE
    assert house.lake.size(path) is None


GOING = {
    "this process": this_process(),
    "another machine's": f"elsewhere {os.getpid()} 1.0",
    "one that Dagster launched": None,
    "a start that a set clock moved a little": this_process()[:-1] + "9",
}


@pytest.mark.parametrize("process", GOING.values(), ids=GOING)
def test_a_run_that_may_go_on_keeps_what_it_wrote(house: Lakehouse, process: str | None) -> None:
    """It is about to commit these very files."""
    run = run_of(house, dg.DagsterRunStatus.STARTED, process)
    path = left(house.lake, run)
    swept(house)
    found = house.instance.get_run_by_id(run)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.STARTED
    assert house.lake.size(path) is not None


def test_a_run_that_was_killed_in_a_container_of_another_name_is_told_as_failed(
    environment: Environment,
) -> None:
    """A container gets a new host name with each start, and the home stays."""
    code = (
        "import sys; from pathlib import Path\n"
        "from cloudflix_assets.instance.ended_runs import hold_run\n"
        "from cloudflix_assets.instance.instance import open_instance\n"
        "from cloudflix_assets.settings.environment import Environment\n"
        "with open_instance(Environment(home=Path(sys.argv[1]))) as instance:\n"
        "    with hold_run(instance, sys.argv[2]):\n"
        "        print(flush=True); input()"
    )
    with open_instance(environment) as instance:
        going = dg.DagsterRun(
            job_name="weekly_refresh", status=dg.DagsterRunStatus.STARTED, tags={PROCESS: "elsewhere 7 1.0"}
        )
        run = instance.add_run(going).run_id
        command = [sys.executable, "-c", code, str(environment.home), run]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            end_gone(instance)
            assert not is_over(instance, run)
            process.kill()
        end_gone(instance)
        assert is_over(instance, run)
    assert list((environment.home / "running").iterdir()) == []


def test_a_clock_that_was_ahead_once_hides_no_failure(
    house: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed since would be looked after in a year."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromisoformat("2036-01-01T00:00:00+00:00")

    with monkeypatch.context() as patched:
        patched.setattr("cloudflix_assets.runs.sweep.datetime", Ahead)
        swept(house)
    path = left(house.lake, run_of(house, dg.DagsterRunStatus.FAILURE))
    swept(house)
    assert house.lake.size(path) is None


def test_what_killed_processes_left_in_temporary_folders_goes(
    house: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed landing leaves a copy of five files, a killed write half a file in the lake."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    code = "from cloudflix_assets.lake.held import spool\nwith spool() as f:\n    print(flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as killed:
        assert killed.stdout
        killed.stdout.readline()
        with spool() as living:
            swept(house)
            assert len(list(temporary.iterdir())) == 2
            killed.kill()
            killed.wait()
            swept(house)
            assert list(temporary.iterdir()) == [living]


def test_the_halves_of_files_that_killed_writers_left_go(house: Lakehouse) -> None:
    """A file is written beside its place and moved there; a new half may be a living writer's."""
    folders = [house.lake.root / "raw/files/publications", house.lake.root / TABLE / "_delta_log"]
    old, new = ([folder / f".{name}.{'0a' * 16}" for folder in folders] for name in ("old.json", "new.json"))
    for part in (*old, *new):
        part.touch()
    for part in old:
        os.utime(part, (0, 0))
    swept(house)
    assert [part.exists() for part in (*old, *new)] == [False, False, True, True]


def test_a_run_of_another_instance_keeps_what_it_wrote(house: Lakehouse) -> None:
    """Several machines may share a lake, and each knows its own runs alone."""
    path = left(house.lake, "00000000-0000-0000-0000-000000000000")
    swept(house)
    assert house.lake.size(path) is not None


def test_a_run_is_looked_after_once(house: Lakehouse) -> None:
    """A failed run of last year must not be looked up in every table, in every run."""
    run = run_of(house, dg.DagsterRunStatus.FAILURE)
    time.sleep(0.01)  # longer than the step of Dagster's clock
    swept(house)
    path = left(house.lake, run)
    swept(house)
    assert house.lake.size(path) is not None


def test_each_lake_of_an_instance_is_looked_after(house: Lakehouse, tmp_path: Path) -> None:
    """Home stays, and the setting of the lake moves back and forth."""
    path = left(house.lake, run_of(house, dg.DagsterRunStatus.FAILURE))
    sweep(LocalLake(tmp_path / "other"), house.instance, [TABLE])
    assert house.lake.size(path) is not None
    swept(house)
    assert house.lake.size(path) is None


def committed_and_failed(house: Lakehouse) -> list[Path]:
    """The files that a run has committed which failed after that."""
    (run,) = house.instance.get_runs()
    house.instance.report_run_failed(run)
    found = [path for path in (root(house) / f"week={WEEK_1}").rglob("*.parquet") if run.run_id in str(path)]
    assert found
    return found


def root(house: Lakehouse) -> Path:
    assert house.lake.folder
    return house.lake.folder / TABLE


@pytest.mark.parametrize("how", ["away", "empty", "packed"])
def test_a_table_whose_log_is_away_keeps_its_files(house: Lakehouse, how: str) -> None:
    """While a backup was restored, another week's run removed what the log names when it is back."""
    files, log = committed_and_failed(house), root(house) / "_delta_log"
    log.rename(root(house) / "saved_log")
    if how != "away":
        log.mkdir()
    if how == "packed":
        (log / "00000000000000000000.json.gz").write_bytes(b"x")
    swept(house)
    assert all(path.is_file() for path in files)


def test_what_a_checkpoint_names_as_removed_stays(house: Lakehouse) -> None:
    """An older version reads it, until VACUUM takes it."""
    files = committed_and_failed(house)
    table = DeltaTable(str(root(house)))
    version = table.version()
    table.delete()
    table.create_checkpoint()
    for entry in (root(house) / "_delta_log").glob("*.json"):
        entry.unlink()
    swept(house)
    assert all(path.is_file() for path in files)
    assert DeltaTable(str(root(house))).version() > version


def test_the_first_run_of_a_table_that_committed_nothing_leaves_nothing(house: Lakehouse) -> None:
    """There is no log, and there never was one."""
    run = run_of(house, dg.DagsterRunStatus.FAILURE)
    path = f"gold/cast/week={WEEK_1}/{run}-0-01234567/part.parquet"
    house.lake.write(path, b"PAR1")
    sweep(house.lake, house.instance, ["gold/cast"])
    assert house.lake.size(path) is None


def test_a_run_whose_file_is_held_goes_on_whatever_its_tag_says(environment: Environment) -> None:
    """In a container of the same host name its process has another number there."""
    going = dg.DagsterRun(
        job_name="weekly_refresh", status=dg.DagsterRunStatus.STARTED, tags={PROCESS: ended_process()}
    )
    with open_instance(environment) as instance:
        run = instance.add_run(going).run_id
        with hold_run(instance, run):
            end_gone(instance)
            assert not is_over(instance, run)
        end_gone(instance)
        assert is_over(instance, run)
