"""Freshness: the last week that has ended must be there in time; a rerun of another week is none."""

from datetime import UTC, date, datetime

import dagster as dg
import pytest

from cloudflix_assets.automation import freshness
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.partitions import WEEK, last_ended, open_week
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, MemorySource, publication, registered
from cloudflix_assets_tests.ticks import Ticks

TABLES = registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles")
CHECK = dg.AssetCheckKey(dg.AssetKey(["gold", "titles"]), "freshness")
DUE = last_ended(datetime.now(UTC) - freshness.GRACE)
"""The last week whose deadline has passed."""
LATE = (
    f"it was due on {DUE + WEEK} 12:00 UTC. Look at the last tick of the schedule `weekly` and at its run, "
    "then launch `weekly_refresh` for this week."
)


class Always(MemorySource):
    """A source with the same publication for every week."""

    def __init__(self) -> None:
        super().__init__({week: publication() for week in (WEEK_1, DUE, open_week(datetime.now(UTC)))})


@pytest.fixture
def ticks(environment: Environment, instance: dg.DagsterInstance) -> Ticks:
    return Ticks(Lakehouse(environment, instance, source=Always(), tables=TABLES), "freshness")


def recorded(instance: dg.DagsterInstance) -> tuple[bool, str | None]:
    """The newest result of the check, as the web UI shows it at the table."""
    record = instance.get_latest_asset_check_evaluation_record(CHECK)
    assert record is not None
    assert record.evaluation is not None
    return record.evaluation.passed, record.evaluation.description


def test_a_rerun_of_an_old_week_does_not_make_gold_fresh(ticks: Ticks, instance: dg.DagsterInstance) -> None:
    """Dagster's own policy asks for the newest run of any week."""
    assert ticks.house.run(WEEK_1).success
    assert ticks.said() == "1 of 1 tables have a new result."
    assert recorded(instance) == (False, f"The week {DUE}'s publication has not run: {LATE}")
    assert ticks.house.run(DUE).success
    assert ticks.said() == "1 of 1 tables have a new result."
    assert recorded(instance) == (True, f"The week {DUE} has run since it ended.")


def test_a_result_that_stays_is_recorded_once(ticks: Ticks) -> None:
    """Else a table would have a thousand a day."""
    assert ticks.said() == "1 of 1 tables have a new result."
    assert ticks.said() == "0 of 1 tables have a new result."


@pytest.mark.slow
def test_a_result_is_recorded_anew_after_each_run(ticks: Ticks) -> None:
    """The web UI shows none that is older than the table's newest run."""
    assert ticks.house.run(DUE).success
    assert ticks.said() == "1 of 1 tables have a new result."
    assert ticks.house.run(WEEK_1).success
    assert ticks.said() == "1 of 1 tables have a new result."


def test_what_ran_before_the_end_of_its_week_is_provisional(
    ticks: Ticks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publication sensor runs the open week; on the Monday after it must run again."""
    week = open_week(datetime.now(UTC))
    assert ticks.house.run(week).success
    monkeypatch.setattr(freshness, "last_ended", lambda _: week)
    ticks.said()
    fresh, sentence = recorded(instance)
    assert not fresh
    assert sentence
    assert f"The week {week}'s publication last ran on {datetime.now(UTC):%F}" in sentence
    assert "UTC, before it ended: it was due on" in sentence


def test_gold_alone_does_not_make_a_week_fresh(ticks: Ticks, instance: dg.DagsterInstance) -> None:
    """Run again after the week's end, it was what the source had said before."""
    assert ticks.house.run(DUE).success
    instance.wipe_assets([dg.AssetKey("publication")])
    ticks.said()
    assert recorded(instance) == (False, f"The week {DUE}'s publication has not run: {LATE}")


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (datetime(2026, 11, 23, 11, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 23, 12, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 29, 23, 59, tzinfo=UTC), date(2026, 11, 16)),
    ],
)
def test_a_week_is_due_on_monday_at_noon(moment: datetime, due: date) -> None:
    assert last_ended(moment - freshness.GRACE) == due


def test_no_week_before_the_calendar_is_due(environment: Environment, instance: dg.DagsterInstance) -> None:
    """Whoever begins with this week has missed nothing."""
    settings = environment.model_copy(update={"first_week": open_week(datetime.now(UTC))})
    house = Lakehouse(settings, instance, source=Always(), tables=TABLES)
    Ticks(house, "freshness").said()
    assert recorded(instance)[0]


def test_the_check_stands_at_gold_and_no_job_executes_it(ticks: Ticks) -> None:
    """A run of an old week would be told that another is late."""
    graph = ticks.house.runner.graph
    assert [key for key in graph.asset_check_keys if key.name == "freshness"] == [CHECK]
    for job in ("weekly_refresh", "refresh_gold"):
        steps = {node.name for node in ticks.house.defs.resolve_job_def(job).nodes}
        assert "gold_titles" in steps
        assert "freshness" not in steps


def test_a_person_can_execute_it(environment: Environment) -> None:
    """On the product's own instance, where the sensor's results are stored too."""
    with open_instance(environment) as instance:
        house = Lakehouse(environment, instance, source=Always(), tables=TABLES)
        Ticks(house, "freshness").said()
        assert not recorded(instance)[0]
        assert house.run(DUE).success
        job = house.defs.resolve_implicit_global_asset_job_def()
        asked = job.get_subset(asset_selection=set(), asset_check_selection={CHECK})
        assert asked.execute_in_process(instance=instance).success
        assert recorded(instance) == (True, f"The week {DUE} has run since it ended.")
