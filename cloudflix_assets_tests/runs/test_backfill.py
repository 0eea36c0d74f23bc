"""A backfill as the web UI launches it, taken through by Dagster's own daemon code."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import instance_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration

from cloudflix_assets.instance.events import failures
from cloudflix_assets.partitions import WEEK, last_ended, open_week
from cloudflix_assets_tests.code_location import HERE, drop, served
from cloudflix_assets_tests.lakehouse import publication

ITERATIONS = 6
"""Two launch runs, the others find out that they have ended."""

LAST, OPEN = last_ended(datetime.now(UTC)), open_week(datetime.now(UTC))
"""The two newest weeks: no table has a week after them to be asked for."""

LOG = logging.getLogger(__name__)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance on disk whose runs are queued, and run in this process when they are launched."""
    with instance_for_test(overrides=HERE) as found:
        yield found


@pytest.fixture
def workspace(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """A code location with the titles of the product, as the daemon sees it."""
    with served(tmp_path, instance, source="sample", first_week=str(LAST)) as context:
        yield context


def test_a_backfill_of_weeks_ends_well_and_in_order(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext
) -> None:
    """Each run must know its week; and gold, which reads the week before, must not overtake its silver."""
    weeks = [str(week) for week in (LAST, OPEN)]
    done = carried_out(instance, workspace, weeks)
    assert done.status is BulkActionStatus.COMPLETED_SUCCESS
    runs = instance.get_runs()
    assert {run.tags["dagster/partition"] for run in runs} == set(weeks)
    for key in keys(workspace):
        assert instance.get_materialized_partitions(key) == set(weeks)
    assert stored_at(instance, "silver/titles", LAST) < stored_at(instance, "gold/titles", OPEN)


@pytest.mark.slow
def test_a_backfill_asks_for_the_week_after_where_it_is_read(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext
) -> None:
    """`newflag` of that week may change. If it was never run, its run fails and says what to do."""
    done = carried_out(instance, workspace, [str(LAST)])
    assert done.status is BulkActionStatus.COMPLETED_FAILED
    weeks = {key.to_user_string(): instance.get_materialized_partitions(key) for key in keys(workspace)}
    assert set(map(frozenset, weeks.values())) == {frozenset({str(LAST)})}
    (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert failed.tags["dagster/partition"] == str(OPEN)
    (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert failures([event.get_dagster_event()]) == {
        "gold_titles": f"silver/titles holds no week {OPEN}: run `cloudflix run --week {OPEN} --select "
        "+silver/titles` first."
    }


@pytest.fixture
def landing(tmp_path: Path, instance: dg.DagsterInstance) -> Iterator[WorkspaceProcessContext]:
    """The same with a landing folder, which has files of the two newest weeks, and none of the one before."""
    for week in (LAST, OPEN):
        drop(tmp_path, week, publication())
    with served(tmp_path, instance, source="landing", first_week=str(LAST - WEEK)) as context:
        yield context


@pytest.mark.slow
def test_a_backfill_of_assets_says_what_a_week_without_publication_means(
    instance: dg.DagsterInstance, landing: WorkspaceProcessContext
) -> None:
    """Dagster counts it as failed and leaves out gold of the week after; every run had succeeded."""
    weeks = [str(week) for week in (LAST - WEEK, LAST, OPEN)]
    assert carried_out(instance, landing, weeks).status is BulkActionStatus.COMPLETED_FAILED
    (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert failed.tags["dagster/partition"] == weeks[0]
    (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    (sentence,) = failures([event.get_dagster_event()]).values()
    assert sentence.startswith(f"the week {weeks[0]} waits for netflix_titles.csv, ")
    assert sentence.endswith(
        "nothing was landed. A backfill of assets counts such a week as failed, and leaves out gold of the "
        "week after: start it from the job `weekly_refresh`, which skips such a week."
    )


@pytest.mark.slow
def test_a_backfill_of_the_job_skips_a_week_without_publication(
    instance: dg.DagsterInstance, landing: WorkspaceProcessContext
) -> None:
    """And runs gold of the week after."""
    weeks = [str(week) for week in (LAST - WEEK, LAST, OPEN)]
    (location,) = landing.create_request_context().code_locations
    (repository,) = location.get_repositories().values()
    (partitions,) = [p for p in repository.get_partition_sets() if p.job_name == "weekly_refresh"]
    backfill = PartitionBackfill(
        backfill_id="weeks",
        partition_set_origin=partitions.get_remote_origin(),
        status=BulkActionStatus.REQUESTED,
        partition_names=weeks,
        from_failure=False,
        reexecution_steps=None,
        tags={},
        backfill_timestamp=datetime.now(UTC).timestamp(),
    )
    assert ended(instance, landing, backfill).status is BulkActionStatus.COMPLETED_SUCCESS
    for key in keys(landing):
        assert instance.get_materialized_partitions(key) == set(weeks[1:])


def keys(workspace: WorkspaceProcessContext) -> Sequence[dg.AssetKey]:
    """Every asset of the code location."""
    return list(workspace.create_request_context().asset_graph.materializable_asset_keys)


def carried_out(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, weeks: Sequence[str]
) -> PartitionBackfill:
    """A backfill of these weeks of every asset, once the daemon has ended it."""
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="weeks",
        asset_graph=workspace.create_request_context().asset_graph,
        partition_names=list(weeks),
        asset_selection=keys(workspace),
        backfill_timestamp=datetime.now(UTC).timestamp(),
        tags={},
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    return ended(instance, workspace, backfill)


def ended(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, backfill: PartitionBackfill
) -> PartitionBackfill:
    """A backfill, once the daemon has ended it; the last week runs first."""
    instance.add_backfill(backfill)
    for _ in range(ITERATIONS):
        assert [error for error in execute_backfill_iteration(workspace, LOG) if error] == []
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
            instance.launch_run(run.run_id, workspace.create_request_context())
    found = instance.get_backfill(backfill.backfill_id)
    assert found is not None
    return found


def stored_at(instance: dg.DagsterInstance, path: str, week: date) -> float:
    """When a week of an asset was materialized."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(path.split("/")), asset_partitions=[str(week)])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    return record.timestamp
