"""A failing run in the web UI: the sentence of what failed, and no stack trace around it."""

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent

from cloudflix_assets.errors import first_line
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import WEEK_1, Makes, MemorySource, publication, registered

BROKEN = publication()["cast"] + b'"never closed,1\r\n'
SENTENCE = (
    "netflix_cast.csv: record 21 opens a quote that is never closed: have the publisher deliver it again, "
    "then rerun the week; nothing was landed."
)


@pytest.fixture
def instance(environment: Environment) -> Iterator[dg.DagsterInstance]:
    """The product's own instance, on disk."""
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


def test_any_other_failure_keeps_its_stack(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """A mistake of ours cannot be corrected without the place where it happened."""
    result = lakehouse(source=MemorySource({}), tables=registered("raw/cast")).run(WEEK_1)
    step = stored(instance, result.run_id, dg.DagsterEventType.STEP_FAILURE).step_failure_data
    run = stored(instance, result.run_id, dg.DagsterEventType.RUN_FAILURE).job_failure_data
    for error in (step.error, run.error):
        assert error is not None
        assert error.stack
        assert "KeyError" in error.to_string()


@pytest.mark.parametrize(
    ("error", "told"), [(ValueError("what\nand much more"), "what"), (TimeoutError(), "TimeoutError")]
)
def test_an_error_is_told_in_a_line_even_if_it_says_nothing(error: Exception, told: str) -> None:
    assert first_line(error) == told
