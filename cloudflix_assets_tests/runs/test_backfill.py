"""A backfill as the web UI launches it, taken through by Dagster's own daemon code."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context, instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.backfill import execute_backfill_iteration

from cloudflix_assets.instance.events import failures
from cloudflix_assets.partitions import last_ended, open_week

LOCATION = """\
from cloudflix_assets.build import build_defs
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import registered

defs = build_defs(
    Environment(home={home!r}, source="sample", first_week={first!r}),
    tables=registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles"),
)
"""
HERE = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    }
}
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
    location = tmp_path / "location.py"
    text = LOCATION.format(home=str(tmp_path / "home"), first=str(LAST))
    location.write_text(text, encoding="utf-8")
    target = LoadableTargetOrigin(python_file=str(location), working_directory=str(tmp_path))
    load = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target, location_name="cloudflix"))
    with create_test_daemon_workspace_context(load, instance) as context:
        yield context


def test_a_backfill_of_weeks_ends_well_and_in_order(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext
) -> None:
    """Each run must know its week; and gold, which reads the week before, must not overtake its silver."""
    weeks = [str(week) for week in (LAST, OPEN)]
    ended = carried_out(instance, workspace, weeks)
    assert ended.status is BulkActionStatus.COMPLETED_SUCCESS
    runs = instance.get_runs()
    assert {run.tags["dagster/partition"] for run in runs} == set(weeks)
    for key in keys(workspace):
        assert instance.get_materialized_partitions(key) == set(weeks)
    assert stored_at(instance, "silver/titles", LAST) < stored_at(instance, "gold/titles", OPEN)


def test_a_backfill_asks_for_the_week_after_where_it_is_read(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext
) -> None:
    """`newflag` of that week may change. If it was never run, its run fails and says what to do."""
    ended = carried_out(instance, workspace, [str(LAST)])
    assert ended.status is BulkActionStatus.COMPLETED_FAILED
    done = {key.to_user_string(): instance.get_materialized_partitions(key) for key in keys(workspace)}
    assert set(map(frozenset, done.values())) == {frozenset({str(LAST)})}
    (failed,) = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    assert failed.tags["dagster/partition"] == str(OPEN)
    (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    assert failures([event.get_dagster_event()]) == {
        "gold_titles": f"silver/titles holds no week {OPEN}: run `cloudflix run --week {OPEN} --select "
        "+silver/titles` first."
    }


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
    instance.add_backfill(backfill)
    for _ in range(ITERATIONS):
        assert [error for error in execute_backfill_iteration(workspace, LOG) if error] == []
        for run in instance.get_runs(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
        ):  # the last week first
            instance.launch_run(run.run_id, workspace.create_request_context())
    ended = instance.get_backfill("weeks")
    assert ended is not None
    return ended


def stored_at(instance: dg.DagsterInstance, path: str, week: date) -> float:
    """When a week of an asset was materialized."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(path.split("/")), asset_partitions=[str(week)])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    return record.timestamp
