"""Processes and threads that write one event log at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.instance import event_log_cases
from cloudflix_assets_tests.instance.event_log_cases import KEY, WEEKS, materialized


@pytest.mark.slow
def test_another_process_reads_and_writes_the_same_log(
    environment: Environment, opened: dg.DagsterInstance
) -> None:
    """The web UI and the command line: each sees at once what the other did."""
    ours = materialized(opened, 5)
    theirs = ended(started(environment, 1, "they"))

    assert opened.event_log_storage.get_materialized_partitions(KEY) == set(week_keys(0, 5))
    for run_id in (ours, *theirs):
        run = opened.get_run_by_id(run_id)
        assert run is not None
        assert run.is_success
        assert opened.all_logs(run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)


@pytest.mark.slow
def test_processes_that_write_at_once_lose_nothing(
    environment: Environment, opened: dg.DagsterInstance
) -> None:
    """Every event of every run, with kept connections on both sides."""
    process = started(environment, 4, "they")
    ours = [materialized(opened, number, "we") for number in range(4, 10)]
    theirs = ended(process)

    assert opened.event_log_storage.get_materialized_partitions(KEY) == set(week_keys(*range(10)))
    counts = {len(opened.all_logs(run_id)) for run_id in (*ours, *theirs)}
    assert len(counts) == 1


def test_threads_that_write_at_once_lose_nothing(opened: dg.DagsterInstance) -> None:
    """Threads of the web server share one storage; runs, in Dagster, are never threads of one process."""
    runs = [opened.get_run_by_id(materialized(opened, number)) for number in range(2)]
    before = sum(len(opened.all_logs(run.run_id)) for run in runs if run)

    def reported(number: int) -> None:
        opened.report_engine_event(f"event {number}", runs[number % 2])
        week = WEEKS.get_partition_keys()[number]
        opened.report_runless_asset_event(dg.AssetMaterialization(KEY, partition=week))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(reported, range(2, 30)))

    assert sum(len(opened.all_logs(run.run_id)) for run in runs if run) == before + 28
    assert opened.event_log_storage.get_materialized_partitions(KEY) == set(week_keys(*range(30)))


def week_keys(*numbers: int) -> list[str]:
    return [WEEKS.get_partition_keys()[number] for number in numbers]


def started(environment: Environment, runs: int, name: str) -> "subprocess.Popen[str]":
    """A process that runs the asset for the first weeks and prints the ids of its runs."""
    command = [sys.executable, "-m", event_log_cases.__name__, str(environment.home), str(runs), name]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: "subprocess.Popen[str]") -> list[str]:
    printed, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return printed.split()
