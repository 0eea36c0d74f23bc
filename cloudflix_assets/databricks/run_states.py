"""What Databricks says of a run, in three words: it goes on, it has ended well, it has ended otherwise."""

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
_NOT_TO_BE_REPEATED = {
    RunResultState.CANCELED: "was cancelled in Databricks",
    RunResultState.TIMEDOUT: "took longer than CLOUDFLIX_DATABRICKS_TIMEOUT allows",
}


@dataclass(frozen=True)
class State:
    """Of a run, as it was told last.

    Attributes:
        ended: nothing more will come of it.
        well: it has ended, and Databricks calls it a success.
        repeatable: it has ended otherwise, and another attempt may fare better.
        told: what Databricks says of its end.
    """

    ended: bool
    well: bool
    repeatable: bool
    told: str


def state(run: Run) -> State:
    """2026-11-26: the SDK tells a state that it does not know as None, and `end_time` tells of every end."""
    life = run.state.life_cycle_state if run.state else None
    result = run.state.result_state if run.state else None
    ended = life in _ENDED or bool(run.end_time)
    well = ended and result is RunResultState.SUCCESS
    details = run.status.termination_details if run.status else None
    ours = details is not None and details.type is TerminationTypeType.CLIENT_ERROR
    message = (run.state.state_message if run.state else None) or (details.message if details else None)
    words = [_NOT_TO_BE_REPEATED.get(result) if result else None, message and message.rstrip(".")]
    told = ": ".join(filter(None, words)) or f"ended as {_name(result) or _name(life) or 'unknown'}"
    never_ran = life is RunLifeCycleState.SKIPPED
    repeatable = ended and not well and result not in _NOT_TO_BE_REPEATED and (never_ran or not ours)
    return State(ended, well, repeatable, told)


def is_running(run: Run) -> bool:
    """Whether its task may have something to tell."""
    life = run.state.life_cycle_state if run.state else None
    return life in {RunLifeCycleState.RUNNING, RunLifeCycleState.TERMINATING, None}


def _name(value: RunLifeCycleState | RunResultState | None) -> str | None:
    return value.value if value else None


def page(run: Run) -> dict[str, Any]:
    """Where to look at a run."""
    return {"databricks_run": dg.MetadataValue.url(run.run_page_url)} if run.run_page_url else {}


def metadata(run: Run) -> dict[str, Any]:
    """Where to look at a run, and what it cost: seconds of its queue, of its cluster's start, of its task."""
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
    """The error that a task ended with, and its trace; None if Databricks tells of none."""
    for task in run.tasks or ():
        try:
            output = patiently(partial(client.jobs.get_run_output, task.run_id or 0))
        except (DatabricksError, WorkspaceSilent):  # what is told of the run must do
            continue
        if output.error:
            return output.error, output.error_trace or ""
    return None
