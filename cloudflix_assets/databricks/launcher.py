"""Steps as Databricks jobs: one run per attempt, whatever happens to the calls that start and follow it.

It keeps the configuration and the client of dagster-databricks' launcher. Its own are the handed-over files
(handover.py), the submission (submissions.py), the reading of states (run_states.py) and the versions of
inputs (provenance.py).
"""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress

import dagster as dg

# 2026-11-30: a step launcher gives and takes private parts of Dagster 1.13. Drop once it exports them.
from dagster._core.errors import DagsterUserCodeProcessError, raise_execution_interrupts
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.execution.plan.external_step import step_context_to_step_run_ref
from dagster_databricks.databricks_pyspark_step_launcher import DatabricksPySparkStepLauncher
from dagster_shared.error import SerializableErrorInfo
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.jobs import Run

from cloudflix_assets.databricks import run_states
from cloudflix_assets.databricks.calls import WorkspaceSilent, explain_refusals, patiently
from cloudflix_assets.databricks.handover import Handover
from cloudflix_assets.databricks.provenance import stamped
from cloudflix_assets.databricks.staging_area import area
from cloudflix_assets.databricks.submissions import cancel_attempt, run_name, submit
from cloudflix_assets.databricks.workspace import credentials, staging_of
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.instance.failures import as_failure, end_retries
from cloudflix_assets.names import REPEATED
from cloudflix_assets.settings.environment import Environment

# 2026-11-26: Pipes supersede step launchers, which are maintained still; but Pipes have no IO managers.
# Drop once they have.
warnings.filterwarnings("ignore", category=dg.SupersessionWarning)

FIRST_POLL, LONGEST_POLL = 1.5, 5.0
"""Shortest and longest pause between two queries for a run's state, in seconds."""
SHARE = 0.4
"""A pause as a share of the time since submission, so that a step's end is noticed at most that much late."""
BETWEEN_READS = 15.0
"""Seconds between two reads of a running step's events; most steps end sooner."""
LINGERING = 30.0
"""Seconds to wait for a run's own end after its step has reported its end."""
LATE = 10.0
"""Seconds to wait for the last events of a run that succeeded: a volume may show a new file late."""
_TERMINAL = frozenset(
    {
        dg.DagsterEventType.STEP_SUCCESS,
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.STEP_UP_FOR_RETRY,
    }
)


class RunEnded(CloudflixError):
    """The run of a step ended without a report, and another attempt would not help."""


class AttemptLost(dg.RetryRequested, DagsterUserCodeProcessError):
    """A request for another attempt, stored without a stack trace, and with a sentence if it is refused."""

    def __init__(self, sentence: str, max_retries: int, seconds_to_wait: float | None) -> None:
        told = SerializableErrorInfo(sentence, [], None)
        lost = SerializableErrorInfo("The attempt was lost", [], None, cause=told)
        DagsterUserCodeProcessError.__init__(self, sentence, user_code_process_error_infos=[lost])  # type: ignore[no-untyped-call]  # Dagster's
        self.max_retries, self.seconds_to_wait = max_retries, seconds_to_wait
        self.__cause__ = dg.Failure(sentence)


class Launcher(DatabricksPySparkStepLauncher):
    """Launches each attempt at a step as a Databricks run on the cluster of the settings."""

    def __init__(self, environment: Environment) -> None:
        credential = credentials(environment)
        # Without it the SDK refuses an environment that also holds a credential of another kind.
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
        """The workspace's client."""
        return self.databricks_runner.client.workspace_client

    def launch_step(self, step_context: StepExecutionContext) -> Iterator[DagsterEvent]:
        """Run a step in Databricks, and yield its events as they arrive.

        Raises:
            dagster.Failure: the step ended without reporting how, and a retry would not help.
            dagster.RetryRequested: the attempt was lost; the step's policy says whether there is another.
        """
        step_context.fetch_external_input_asset_version_info()
        tagged = as_failure(step_context.instance, step_context.run_id)
        with tagged, explain_refusals(self.environment.databricks_host or ""):
            staging = area(self.client, staging_of(self.environment))
            handover = Handover.of(staging, step_context)
            try:
                yield from self._launch(step_context, handover)
            except WorkspaceSilent as error:
                raise _retry_request(step_context, f"Databricks does not answer ({error})")  # noqa: B904  # sets its cause
            finally:
                with suppress(DatabricksError, WorkspaceSilent):  # the next start removes what is left
                    handover.remove()

    def _launch(self, context: StepExecutionContext, handover: Handover) -> Iterator[DagsterEvent]:
        handover.give(self.environment, step_context_to_step_run_ref(context))
        name = run_name(context.run_id, context.step.key)
        if context.previous_attempt_count:
            context.instance.add_run_tags(context.run_id, {REPEATED: "true"})
            cancel_attempt(self.client, name)
        number = submit(self.client, self.environment, handover, name)
        attempt = _Attempt(self.client, context, handover, number)
        try:
            with raise_execution_interrupts():
                yield from attempt.follow()
        except BaseException:
            if not attempt.state.ended:
                with suppress(DatabricksError, WorkspaceSilent):
                    patiently(lambda: self.client.jobs.cancel_run(number))
            raise


class _Attempt:
    """One run in Databricks, whose events are forwarded until it ends."""

    def __init__(
        self, client: WorkspaceClient, context: StepExecutionContext, handover: Handover, number: int
    ) -> None:
        self.client, self.context, self.handover, self.number = client, context, handover, number
        self.state = run_states.State(ended=False, succeeded=False, repeatable=False, message="")
        self.seen = 0
        self.finished: float | None = None

    def follow(self) -> Iterator[DagsterEvent]:
        """Yield every event of the step, and raise if none of them tells how it ended."""
        begun = read = time.monotonic()
        run: Run | None = None
        while run is None or not self.state.ended:
            time.sleep(min(max(FIRST_POLL, SHARE * (time.monotonic() - begun)), LONGEST_POLL))
            is_first, run = run is None, self._poll()
            if is_first:
                yield self._engine_event(f"Databricks run {self.number} was submitted.", run)
            due = run_states.is_running(run) and time.monotonic() - read >= BETWEEN_READS
            if self.state.ended or due:
                read = time.monotonic()
                yield from self._forward_events(run)
            if self.finished and time.monotonic() - self.finished > LINGERING:
                break
        yield from self._await_last_events(run)
        yield self._engine_event(f"Databricks run {self.number}: {self.state.message or 'goes on'}.", run)
        if self.finished is None:
            self._raise_failure(run)
        if self.state.ended and not self.state.succeeded:
            ended_so = "Databricks run %s ended badly after its step was over: %s."
            self.context.log.warning(ended_so, self.number, self.state.message)

    def _poll(self) -> Run:
        try:
            run = patiently(lambda: self.client.jobs.get_run(self.number))
        except NotFound as error:
            raise WorkspaceSilent(f"the run {self.number} is not known there any more") from error
        self.state = run_states.state(run)
        return run

    def _forward_events(self, run: Run) -> Iterator[DagsterEvent]:
        entries = self.handover.events()
        for entry in entries[self.seen :]:
            known = stamped(entry, self.context, run_states.page(run))
            self.context.instance.handle_new_event(known)
            if known.is_dagster_event:
                event = known.get_dagster_event()
                if event.is_step_failure and event.step_failure_data.user_failure_data:
                    end_retries(self.context.instance, self.context.run_id)
                if event.event_type in _TERMINAL:
                    self.finished = time.monotonic()
                yield event
        self.seen = max(self.seen, len(entries))

    def _await_last_events(self, run: Run) -> Iterator[DagsterEvent]:
        given_up = time.monotonic() + LATE
        while self.state.succeeded and self.finished is None and time.monotonic() < given_up:
            time.sleep(FIRST_POLL)
            yield from self._forward_events(run)

    def _raise_failure(self, run: Run) -> None:
        """Raise the retry or the failure of a step that reported no end."""
        found = run_states.error(self.client, run)
        what = f"Databricks run {self.number}: {self.state.message}"
        if found and self.state.repeatable is False:
            what = f"{what}: {found[0]}"
        if found:
            self.context.log.error("%s\n%s", what, found[1])
        if self.state.repeatable or self.state.succeeded:
            raise _retry_request(self.context, what)
        raise RunEnded(f"{what}; see {run.run_page_url}.")

    def _engine_event(self, message: str, run: Run) -> DagsterEvent:
        return DagsterEvent.from_step(
            event_type=dg.DagsterEventType.ENGINE_EVENT,
            step_context=self.context,
            event_specific_data=EngineEventData(metadata=run_states.metadata(run)),
            message=message,
        )


def _retry_request(context: StepExecutionContext, what: str) -> AttemptLost:
    """Ask for another attempt; where the retry policy has none left, the step fails with `what`."""
    policy = context.op_retry_policy
    attempts, before = (policy.max_retries if policy else 0), context.previous_attempt_count
    wait = policy.calculate_delay(before + 1) if policy else None
    return AttemptLost(f"{what}; given up after {before + 1} of {attempts + 1} attempts.", attempts, wait)
