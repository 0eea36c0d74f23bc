"""A failing run in the web UI: the sentence of what failed, and no stack trace around it."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent

from cloudflix_assets.errors import first_line
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.instance.event_log_cases import QUIET
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    Lakehouse,
    Makes,
    MemorySource,
    publication,
    registered,
    titles,
)

BROKEN = publication()["cast"] + b'"never closed,1\r\n'
SENTENCE = (
    "netflix_cast.csv: record 21 opens a quote that is never closed: have the publisher deliver it again, "
    "then rerun the week; nothing was landed."
)


IN_ONE_DATABASE = """\
event_log_storage:
  module: dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log
  class: ConsolidatedSqliteEventLogStorage
  config: {base_dir: %s}
run_retries: {enabled: true, max_retries: 3}
"""


@pytest.fixture(params=["the product's", "in memory", "in one database"])
def instance(request: pytest.FixtureRequest, environment: Environment) -> Iterator[dg.DagsterInstance]:
    """An instance whose event log is the product's, or another that Dagster ships."""
    if request.param == "in memory":
        with dg.DagsterInstance.ephemeral() as ephemeral:
            yield ephemeral
        return
    if request.param == "in one database":
        environment.home.mkdir(parents=True)
        (environment.home / "dagster.yaml").write_text(IN_ONE_DATABASE % (environment.home / "log"))
    with open_instance(environment) as found:
        yield found


def stored(instance: dg.DagsterInstance, run: str, kind: dg.DagsterEventType) -> DagsterEvent:
    """The one event of a kind that the log holds of a run."""
    (record,) = instance.get_records_for_run(run, of_type=kind).records
    assert record.event_log_entry.dagster_event is not None
    return record.event_log_entry.dagster_event


def test_a_told_failure_is_stored_as_its_sentence(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """Thirty lines of Dagster's own frames hide the one line that says what to do."""
    source = MemorySource({WEEK_1: publication(cast=BROKEN)})
    result = lakehouse(source=source, tables=registered("raw/cast")).run(WEEK_1)
    step = stored(instance, result.run_id, dg.DagsterEventType.STEP_FAILURE).step_failure_data
    run = stored(instance, result.run_id, dg.DagsterEventType.RUN_FAILURE).job_failure_data
    for error in (step.error, run.error):
        assert error is not None
        assert (error.message, error.stack, error.cause) == (SENTENCE, [], None)
    assert result.failures == {"publication": SENTENCE}
    assert any("DeliveryDefect" in trace and "Traceback" in trace for trace in result.traces)  # for --debug


def test_any_other_failure_keeps_its_stack(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """A mistake of ours cannot be corrected without the place where it happened."""
    result = lakehouse(source=MemorySource({}), tables=registered("raw/cast")).run(WEEK_1)
    step = stored(instance, result.run_id, dg.DagsterEventType.STEP_FAILURE).step_failure_data
    run = stored(instance, result.run_id, dg.DagsterEventType.RUN_FAILURE).job_failure_data
    for error in (step.error, run.error):
        assert error is not None
        assert error.stack
        assert "KeyError" in error.to_string()
    assert any("KeyError" in trace for trace in result.traces)


@pytest.mark.parametrize("broken", [True, False])
def test_a_told_failure_ends_the_retries_of_its_run(environment: Environment, broken: bool) -> None:
    """Dagster's daemon would run it again and again; `allow_retries` speaks for the step alone."""
    environment.home.mkdir(parents=True)
    (environment.home / "dagster.yaml").write_text("run_retries: {enabled: true, max_retries: 3}\n")
    source = MemorySource({WEEK_1: publication(cast=BROKEN)} if broken else {})
    with open_instance(environment) as instance:
        house = Lakehouse(environment, instance, source=source, tables=registered("raw/cast"))
        job = house.defs.resolve_job_def("weekly_refresh")
        result = job.execute_in_process(
            instance=instance, partition_key=str(WEEK_1), raise_on_error=False, run_config=QUIET
        )
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.tags["dagster/will_retry"] == ("false" if broken else "true")


def test_a_refused_week_is_stored_as_its_sentence(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """As a rejected publication is."""
    unreadable = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
    tables = registered("raw/titles", "bronze/titles", "silver/titles")
    house = lakehouse(source=MemorySource({WEEK_1: unreadable}), tables=tables)
    result = house.run(WEEK_1)
    (sentence,) = result.failures.values()
    step = stored(instance, result.run_id, dg.DagsterEventType.STEP_FAILURE).step_failure_data
    assert step.error is not None
    assert (step.error.message, step.error.stack, step.error.cause) == (sentence, [], None)


@pytest.mark.parametrize(
    ("error", "told"), [(ValueError("what\nand much more"), "what"), (TimeoutError(), "TimeoutError")]
)
def test_an_error_is_told_in_a_line_even_if_it_says_nothing(error: Exception, told: str) -> None:
    assert first_line(error) == told
