"""Steps as Databricks jobs: one run per attempt, whatever happens to the calls that start and follow it.

Of dagster-databricks' launcher it keeps the configuration, the client and the submission. Its own are what
is handed over (handovers.py), the reading of states (runs.py) and the versions of inputs (stamps.py).
"""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress

import dagster as dg
from dagster._core.errors import raise_execution_interrupts
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.execution.plan.external_step import step_context_to_step_run_ref
from dagster_databricks.databricks_pyspark_step_launcher import DatabricksPySparkStepLauncher
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.jobs import Run

from cloudflix_assets.databricks import run_states
from cloudflix_assets.databricks.calls import WorkspaceSilent, patiently, refusing_entry
from cloudflix_assets.databricks.handover import Handover
from cloudflix_assets.databricks.provenance import stamped
from cloudflix_assets.databricks.staging_area import area
from cloudflix_assets.databricks.submissions import cancel_attempt, run_name, submit
from cloudflix_assets.databricks.workspace import credentials, staging_of
from cloudflix_assets.errors import as_failure
from cloudflix_assets.names import REPEATED
from cloudflix_assets.settings.environment import Environment

# 2026-11-26: superseded by Pipes, which have no IO managers; maintained all the same.
warnings.filterwarnings("ignore", category=dg.SupersessionWarning)

FIRST_POLL, LONGEST_POLL = 1.5, 5.0
"""Seconds between two questions, the first and the last ones."""
SHARE = 0.4
"""Between them they are asked in this share of the time so far: that late at most a step's end is seen."""
BETWEEN_READS = 15.0
"""Seconds between two looks at the events of a step that goes on; most steps are over sooner."""
LINGERING = 30.0
"""Seconds that a run whose step has told of its end is given to end itself."""
LATE = 10.0
"""Seconds that the last events of a run that has ended well are waited for: a volume may show them late."""
_TERMINAL = frozenset(
    {
        dg.DagsterEventType.STEP_SUCCESS,
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.STEP_UP_FOR_RETRY,
    }
)


class Launcher(DatabricksPySparkStepLauncher):
    """Launches each step as a run of its own on the cluster of the settings."""

    def __init__(self, environment: Environment) -> None:
        credential = credentials(environment)
        # Else the SDK refuses a host whose environment also holds a credential of another kind.
        os.environ["DATABRICKS_AUTH_TYPE"] = credential.kind
        super().__init__(
            run_config={},
            permissions={},
            databricks_host=credential.host,
            secrets_to_env_variables=[],
            staging_prefix="/cloudflix",
            wait_for_logs=False,
            max_completion_wait_time_seconds=environment.databricks_timeout * 60,
            local_dagster_job_package_path=".",
            **credential.arguments,
        )
        self.environment = environment

    @property
    def client(self) -> WorkspaceClient:
        """Of the workspace."""
        return self.databricks_runner.client.workspace_client

    def launch_step(self, step_context: StepExecutionContext) -> Iterator[DagsterEvent]:
        """Run a step in Databricks, and tell of it what it tells."""
        step_context.fetch_external_input_asset_version_info()
        with as_failure(), refusing_entry(self.environment.databricks_host or ""):
            staging = area(self.client, staging_of(self.environment))
            handover = Handover.of(staging, step_context)
            try:
                yield from self._launched(step_context, handover)
            except WorkspaceSilent as error:
                raise _again(step_context, f"Databricks does not answer ({error})")  # noqa: B904  # has a cause
            finally:
                with suppress(DatabricksError, WorkspaceSilent):  # the next start removes what is left
                    handover.remove()

    def _launched(self, context: StepExecutionContext, handover: Handover) -> Iterator[DagsterEvent]:
        handover.give(self.environment, step_context_to_step_run_ref(context))
        name = run_name(context.run_id, context.step.key)
        if context.previous_attempt_count:
            context.instance.add_run_tags(context.run_id, {REPEATED: "true"})
            cancel_attempt(self.client, name)
        number = submit(self.client, self.environment, handover, name)
        attempt = _Attempt(self.client, context, handover, number)
        try:
            with raise_execution_interrupts():
                yield from attempt.followed()
        except BaseException:
            if not attempt.state.ended:
                with suppress(DatabricksError, WorkspaceSilent):
                    patiently(lambda: self.client.jobs.cancel_run(number))
            raise


class _Attempt:
    """One run in Databricks, followed to its end."""

    def __init__(
        self, client: WorkspaceClient, context: StepExecutionContext, handover: Handover, number: int
    ) -> None:
        self.client, self.context, self.handover, self.number = client, context, handover, number
        self.state = run_states.State(ended=False, well=False, repeatable=False, told="")
        self.seen = 0
        self.finished: float | None = None

    def followed(self) -> Iterator[DagsterEvent]:
        """Every event of the step; raises if it has told of no end."""
        begun = read = time.monotonic()
        run: Run | None = None
        while run is None or not self.state.ended:
            time.sleep(min(max(FIRST_POLL, SHARE * (time.monotonic() - begun)), LONGEST_POLL))
            is_first, run = run is None, self._asked()
            if is_first:
                yield self._engine_event(f"Databricks run {self.number} was submitted.", run)
            due = run_states.is_running(run) and time.monotonic() - read >= BETWEEN_READS
            if self.state.ended or due:
                read = time.monotonic()
                yield from self._told(run)
            if self.finished and time.monotonic() - self.finished > LINGERING:
                break
        yield from self._late(run)
        yield self._engine_event(f"Databricks run {self.number}: {self.state.told or 'goes on'}.", run)
        if self.finished is None:
            self._raise(run)
        if self.state.ended and not self.state.well:
            ended_so = "Databricks run %s ended badly after its step was over: %s."
            self.context.log.warning(ended_so, self.number, self.state.told)

    def _asked(self) -> Run:
        try:
            run = patiently(lambda: self.client.jobs.get_run(self.number))
        except NotFound as error:
            raise WorkspaceSilent(f"the run {self.number} is not known there any more") from error
        self.state = run_states.state(run)
        return run

    def _told(self, run: Run) -> Iterator[DagsterEvent]:
        entries = self.handover.events()
        for entry in entries[self.seen :]:
            known = stamped(entry, self.context, run_states.page(run))
            self.context.instance.handle_new_event(known)
            if known.is_dagster_event:
                event = known.get_dagster_event()
                if event.event_type in _TERMINAL:
                    self.finished = time.monotonic()
                yield event
        self.seen = max(self.seen, len(entries))

    def _late(self, run: Run) -> Iterator[DagsterEvent]:
        given_up = time.monotonic() + LATE
        while self.state.well and self.finished is None and time.monotonic() < given_up:
            time.sleep(FIRST_POLL)
            yield from self._told(run)

    def _raise(self, run: Run) -> None:
        """Nobody has told how the step ended."""
        found = run_states.error(self.client, run)
        what = f"Databricks run {self.number}: {self.state.told}"
        if found and self.state.repeatable is False:
            what = f"{what}: {found[0]}"
        if found:
            self.context.log.error("%s\n%s", what, found[1])
        if self.state.repeatable or self.state.well:
            raise _again(self.context, what)
        raise dg.Failure(f"{what}; see {run.run_page_url}.", allow_retries=False)

    def _engine_event(self, message: str, run: Run) -> DagsterEvent:
        return DagsterEvent.from_step(
            event_type=dg.DagsterEventType.ENGINE_EVENT,
            step_context=self.context,
            event_specific_data=EngineEventData(metadata=run_states.metadata(run)),
            message=message,
        )


def _again(context: StepExecutionContext, what: str) -> Exception:
    """Another attempt, if the step's retry policy has one left; else `what` is what it failed of."""
    policy = context.op_retry_policy
    attempts, before = (policy.max_retries if policy else 0), context.previous_attempt_count
    wait = policy.calculate_delay(before + 1) if policy else None
    request = dg.RetryRequested(max_retries=attempts, seconds_to_wait=wait)
    request.__cause__ = dg.Failure(f"{what}; given up after {before + 1} of {attempts + 1} attempts.")
    return request
