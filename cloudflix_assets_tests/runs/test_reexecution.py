"""A failed run that is re-executed, as the buttons of the web UI do it."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent, DagsterEventType
from dagster._core.execution.plan.resume_retry import ReexecutionStrategy
from dagster._core.test_utils import instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext

from cloudflix_assets.instance.ended_runs import end_gone
from cloudflix_assets.instance.events import failures
from cloudflix_assets.names import PROCESS
from cloudflix_assets.partitions import last_ended
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.code_location import HERE, served
from cloudflix_assets_tests.lakehouse import Lakehouse, publication, put, registered, titles

WEEK = last_ended(datetime.now(UTC))
TABLES = registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles")
UNREADABLE = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
UNCLOSED = publication(cast=publication()["cast"] + b'"never closed,1\r\n')


@dataclass
class Failed:
    """A week of a folder whose run from the command line failed, and what its web UI would do."""

    source: Path
    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    house: Lakehouse

    def run(self) -> WeekResult:
        """Run the week, which fails; then the publisher mends its files."""
        result = self.house.run(WEEK)
        assert not result.success
        put(self.source, publication())
        return result

    def created(self, run_id: str, strategy: ReexecutionStrategy) -> dg.DagsterRun:
        """The re-execution of a run, not yet launched."""
        context = self.workspace.create_request_context()
        (location,) = context.code_locations
        (repository,) = location.get_repositories().values()
        parent = self.instance.get_run_by_id(run_id)
        assert parent is not None
        return self.instance.create_reexecuted_run(
            request_context=context,
            parent_run=parent,
            code_location=location,
            remote_job=repository.get_full_job("weekly_refresh"),
            strategy=strategy,
            use_parent_run_tags=True,
        )

    def executed(self, run_id: str, strategy: ReexecutionStrategy) -> dict[str, str]:
        """Re-execute a run; the sentences of its failed steps."""
        run = self.created(run_id, strategy)
        context = self.workspace.create_request_context()
        self.instance.submit_run(run.run_id, context)
        self.instance.launch_run(run.run_id, context)
        events = self.instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)
        return failures([event.get_dagster_event() for event in events])


@pytest.fixture
def failed(tmp_path: Path) -> Iterator[Failed]:
    source = put(tmp_path / "netflix", UNCLOSED)
    with (
        instance_for_test(overrides=HERE) as instance,
        served(tmp_path, instance, source=str(source), first_week=str(WEEK)) as workspace,
    ):
        environment = Environment(home=tmp_path / "home", source=str(source), first_week=str(WEEK))
        yield Failed(source, instance, workspace, Lakehouse(environment, instance, tables=TABLES))


def test_a_rejected_publication_is_fetched_again(failed: Failed) -> None:
    """From the failure on: everything follows from the publication."""
    run = failed.run()
    assert failed.executed(run.run_id, ReexecutionStrategy.FROM_FAILURE) == {}
    assert failed.house.rows("gold/titles", WEEK)


def test_a_refused_table_reads_what_was_landed_and_says_so(failed: Failed) -> None:
    """Mended at the source, it fails for ever from the failed step on; the whole week must run again."""
    put(failed.source, UNREADABLE)
    run = failed.run()
    told = failed.executed(run.run_id, ReexecutionStrategy.FROM_FAILURE)
    assert told == run.failures
    (sentence,) = told.values()
    assert "rerun the whole week (from the failed step on it would read the same records)" in sentence
    assert failed.executed(run.run_id, ReexecutionStrategy.ALL_STEPS) == {}
    assert failed.house.rows("gold/titles", WEEK)


def test_a_reexecuted_run_is_not_the_process_of_the_first(failed: Failed) -> None:
    """It has the tags of the first, whose process is gone: the next command line would end it."""
    run = failed.run()
    failed.instance.add_run_tags(run.run_id, {PROCESS: f"{platform.node()} {os.getpid()} 1.0"})
    going = failed.created(run.run_id, ReexecutionStrategy.ALL_STEPS)
    assert PROCESS in going.tags
    started = DagsterEvent(DagsterEventType.RUN_START.value, job_name=going.job_name)
    failed.instance.report_dagster_event(started, going.run_id)
    end_gone(failed.instance)
    status = failed.instance.get_run_by_id(going.run_id)
    assert status is not None
    assert status.status is dg.DagsterRunStatus.STARTED
