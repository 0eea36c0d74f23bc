"""Failures that were told in a sentence, as the web UI shows them: without the stack that led there.

Dagster's own frames would bury the sentence. The process that ran the step still has them
(`cloudflix run --debug`), and so does what the step wrote to standard error.
"""

from dagster._core.events import DagsterEvent, JobFailureData
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.plan.objects import StepFailureData
from dagster_shared.error import SerializableErrorInfo


def without_stack(entry: EventLogEntry) -> EventLogEntry:
    """The event to store; one that tells of anything else stays as it is."""
    event = entry.dagster_event
    if event is None or not isinstance(event.event_specific_data, StepFailureData | JobFailureData):
        return entry
    return entry._replace(dagster_event=_told(event))


def _told(event: DagsterEvent) -> DagsterEvent:
    data = event.event_specific_data
    if isinstance(data, JobFailureData) and data.first_step_failure_event:
        first = _told(data.first_step_failure_event)
        error = first.step_failure_data.error if first.is_step_failure else data.error
        return event._replace(event_specific_data=data._replace(error=error, first_step_failure_event=first))
    if isinstance(data, StepFailureData) and data.user_failure_data:
        sentence = data.user_failure_data.description or data.user_failure_data.label
        return event._replace(
            event_specific_data=data._replace(error=SerializableErrorInfo(str(sentence), [], None))
        )
    return event
