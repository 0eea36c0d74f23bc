"""Jobs per layer, the weekly schedule, and how backfills and steps are run."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from cloudflix_assets.names import table_of
from cloudflix_assets_tests.lakehouse import PATHS, Lakehouse, Makes

LAYERS = ("raw", "bronze", "silver", "gold")


def paths(keys: set[dg.AssetKey]) -> set[str]:
    return {"/".join(key.path) for key in keys}


def test_the_weekly_job_refreshes_everything(lakehouse: Makes) -> None:
    """An asset left out would stay a week behind, unnoticed."""
    house = lakehouse()
    job = house.defs.resolve_job_def("weekly_refresh")
    assert set(job.asset_layer.executable_asset_keys) == set(house.runner.keys)
    assert len(house.runner.keys) == len(PATHS) + 1


@pytest.mark.parametrize("layer", LAYERS)
def test_a_job_per_layer_refreshes_that_layer(lakehouse: Makes, layer: str) -> None:
    """A table without its quarantine could not be run at all."""
    house = lakehouse()
    job = house.defs.resolve_job_def(f"refresh_{layer}")
    expected = {path for path in paths(set(house.runner.keys)) if table_of(path).startswith(f"{layer}/")}
    assert (
        paths(set(job.asset_layer.executable_asset_keys) & set(job.asset_layer.selected_asset_keys))
        == expected
    )
    assert expected == {path for path in PATHS if table_of(path).startswith(f"{layer}/")}


@pytest.mark.parametrize("job", ["weekly_refresh", *(f"refresh_{layer}" for layer in LAYERS)])
def test_every_job_runs_a_week_in_one_process(lakehouse: Makes, job: str) -> None:
    """Twenty processes for twenty small steps cost fifteen times as much as one."""
    definition = lakehouse().defs.resolve_job_def(job)
    assert definition.executor_def.name == "in_process"
    assert definition.partitions_def is not None
    weeks = definition.partitions_def.get_partition_keys(current_time=datetime(2026, 11, 23, tzinfo=UTC))
    assert (weeks[0], weeks[-1]) == ("2026-01-05", "2026-11-23")
    assert definition.description


def test_a_backfill_runs_one_week_at_a_time(lakehouse: Makes) -> None:
    """One run over many weeks would judge them together and record one check for all.

    Under any policy, one week per run included, Dagster names the run's weeks as a range, and an input
    that asks for the run's week fails.
    """
    assert {node.assets_def.backfill_policy for node in lakehouse().runner.graph.asset_nodes} == {None}


@pytest.mark.parametrize(
    ("tick", "week"),
    [
        (datetime(2026, 11, 16, 6, 0, tzinfo=UTC), "2026-11-09"),
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "2026-11-16"),
        (datetime(2026, 12, 28, 6, 0, tzinfo=UTC), "2026-12-21"),
        (datetime(2027, 1, 4, 6, 0, tzinfo=UTC), "2026-12-28"),
        (datetime(2029, 1, 1, 6, 0, tzinfo=UTC), "2028-12-25"),
    ],
    ids=str,
)
def test_a_tick_asks_for_the_week_that_has_just_ended(lakehouse: Makes, tick: datetime, week: str) -> None:
    """Not for the week that is six hours old; nor, evaluated late (as all of these), for a later one."""
    request = requested(lakehouse(), tick)
    assert (request.partition_key, request.run_key) == (week, week)


def test_the_schedule_is_mondays_at_six_utc(lakehouse: Makes) -> None:
    """In another time zone, or on Sundays, the week it asks for would not have ended."""
    (schedule,) = lakehouse().defs.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == "0 6 * * 1"
    assert schedule.execution_timezone == "UTC"
    assert schedule.job_name == "weekly_refresh"


def requested(house: Lakehouse, tick: datetime) -> dg.RunRequest:
    """The one run that the schedule asks for at a tick, judged by Dagster as the daemon would."""
    schedule = house.defs.get_repository_def().get_schedule_def("weekly")
    context = dg.build_schedule_context(
        instance=house.instance, scheduled_execution_time=tick, repository_def=house.defs.get_repository_def()
    )
    (request,) = schedule.evaluate_tick(context).run_requests or []
    return request
