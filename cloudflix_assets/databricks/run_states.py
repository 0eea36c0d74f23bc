"""What Databricks says of a run: whether it has ended, how, and whether another attempt may help."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.jobs import Run, RunLifeCycleState, RunResultState, TerminationTypeType

from cloudflix_assets.databricks.calls import WorkspaceSilent, patiently

_ENDED = frozenset(
    {RunLifeCycleState.TERMINATED, RunLifeCycleState.SKIPPED, RunLifeCycleState.INTERNAL_ERROR}
)
_FINAL = {
    RunResultState.CANCELED: "was cancelled in Databricks",
    RunResultState.TIMEDOUT: "took longer than CLOUDFLIX_DATABRICKS_TIMEOUT allows",
}


@dataclass(frozen=True)
class State:
    """The state of a run at the last query.

    Attributes:
        ended: whether it has ended.
        succeeded: whether it has ended, and Databricks calls it a success.
        repeatable: whether it has ended otherwise, and another attempt may succeed.
        message: what Databricks says of its end.
    """

    ended: bool
    succeeded: bool
    repeatable: bool
    message: str


def state(run: Run) -> State:
    """Read the state of a run.

    2026-11-26: the SDK gives None for a state that it does not know; `end_time` is set in every state of end.
    """
    life = run.state.life_cycle_state if run.state else None
    result = run.state.result_state if run.state else None
    ended = life in _ENDED or bool(run.end_time)
    succeeded = ended and result is RunResultState.SUCCESS
    details = run.status.termination_details if run.status else None
    ours = details is not None and details.type is TerminationTypeType.CLIENT_ERROR
    words = (run.state.state_message if run.state else None) or (details.message if details else None)
    parts = [_FINAL.get(result) if result else None, words and words.rstrip(".")]
    message = ": ".join(filter(None, parts)) or f"ended as {_name(result) or _name(life) or 'unknown'}"
    never_ran = life is RunLifeCycleState.SKIPPED
    repeatable = ended and not succeeded and result not in _FINAL and (never_ran or not ours)
    return State(ended, succeeded, repeatable, message)


def is_running(run: Run) -> bool:
    """Whether the run's task may be reporting events; an unknown state (None) counts as running."""
    life = run.state.life_cycle_state if run.state else None
    return life in {RunLifeCycleState.RUNNING, RunLifeCycleState.TERMINATING, None}


def _name(value: RunLifeCycleState | RunResultState | None) -> str | None:
    return value.value if value else None


def page(run: Run) -> dict[str, Any]:
    """Metadata: the run's page."""
    return {"databricks_run": dg.MetadataValue.url(run.run_page_url)} if run.run_page_url else {}


def metadata(run: Run) -> dict[str, Any]:
    """Metadata: the run's page and cluster; seconds of the queue, of the cluster's start and of the task."""
    task = next(iter(run.tasks or ()), None)
    instance = (task.cluster_instance if task else None) or run.cluster_instance
    of = task or run
    seconds = {
        "queue_seconds": run.queue_duration,
        "start_seconds": of.setup_duration,
        "run_seconds": of.execution_duration,
    }
    return {
        **page(run),
        **({"cluster": instance.cluster_id} if instance and instance.cluster_id else {}),
        **{name: round(value / 1000, 3) for name, value in seconds.items() if value},
    }


def error(client: WorkspaceClient, run: Run) -> tuple[str, str] | None:
    """The error that a task ended with, and its trace; None if Databricks has none."""
    for task in run.tasks or ():
        try:
            output = patiently(partial(client.jobs.get_run_output, task.run_id or 0))
        except (DatabricksError, WorkspaceSilent):  # the state of the run must be enough
            continue
        if output.error:
            return output.error, output.error_trace or ""
    return None
