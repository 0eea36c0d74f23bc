"""Tests of plans and faults: the failures of runs and of requests that no client can prevent."""

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import InternalError, TemporarilyUnavailable
from databricks.sdk.errors.base import DatabricksError

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.loopback.databricks.runs import NOT_RUN, Run, RunPlan
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, eventually

ME = r"GET .*/scim/v2/Me"


def run_planned(tasks: Tasks, plan: RunPlan, code: str = "") -> Run:
    tasks.emulator.plans.append(plan)
    return tasks.run(code)


@pytest.mark.parametrize(
    ("plan", "state", "code", "kind", "starts"),
    [
        (RunPlan(outcome=NOT_RUN), "TERMINATED SUCCESS", "SUCCESS", "SUCCESS", 1),
        (RunPlan(outcome="skipped"), "SKIPPED None", "SKIPPED", "SUCCESS", 0),
        (RunPlan(outcome="internal error"), "INTERNAL_ERROR None", "INTERNAL_ERROR", "INTERNAL_ERROR", 0),
        (RunPlan(outcome="cluster launch failure"), "INTERNAL_ERROR FAILED", "CLUSTER_ERROR",
         "CLOUD_FAILURE", 0),
        (RunPlan(outcome="library failure"), "INTERNAL_ERROR FAILED", "LIBRARY_INSTALLATION_ERROR",
         "CLIENT_ERROR", 1),
        (RunPlan(outcome="too many runs"), "SKIPPED MAXIMUM_CONCURRENT_RUNS_REACHED",
         "MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR", 0),
    ],
)  # fmt: skip
def test_a_run_ends_as_planned(
    client: WorkspaceClient, tasks: Tasks, *, plan: RunPlan, state: str, code: str, kind: str, starts: int
) -> None:
    run = run_planned(tasks, plan)
    told = client.api_client.do("GET", "/api/2.2/jobs/runs/get", query={"run_id": run.run_id})
    life, details = told["state"], told["status"]["termination_details"]
    assert f"{life['life_cycle_state']} {life.get('result_state')}" == state
    assert (details["code"], details["type"]) == (code, kind)
    assert len(tasks.emulator.starts) == starts
    assert told["end_time"] >= told["start_time"]


def test_states_that_the_sdk_does_not_know_are_told(client: WorkspaceClient, tasks: Tasks) -> None:
    """Guard against a launcher that waits for ever at a new state, which the SDK reads as None."""
    run = run_planned(tasks, RunPlan(outcome=NOT_RUN, life="EVAPORATED", result="SUCCESS_WITH_GLITTER"))
    state = client.jobs.get_run(run.run_id).state
    assert state
    assert (state.life_cycle_state, state.result_state) == (None, None)
    assert (run.life, run.end and run.end.result) == ("EVAPORATED", "SUCCESS_WITH_GLITTER")


def test_what_has_run_may_end_without_a_result(client: WorkspaceClient, tasks: Tasks) -> None:
    run = run_planned(tasks, RunPlan(life="INTERNAL_ERROR", result=""), "print('done')")
    assert tasks.wait(run) == "INTERNAL_ERROR None"
    assert run.logs == "done\n"


def test_plans_are_for_the_runs_that_they_name(tasks: Tasks) -> None:
    tasks.emulator.plans += [RunPlan(name="gold", outcome="skipped"), RunPlan(outcome=NOT_RUN)]
    ended = [tasks.wait(tasks.submit(of_the_run={"run_name": name})) for name in ("silver", "gold")]
    assert ended == ["TERMINATED SUCCESS", "SKIPPED None"]
    assert tasks.emulator.plans == []


def test_a_run_goes_through_its_phases(tasks: Tasks) -> None:
    run = run_planned(tasks, RunPlan(outcome=NOT_RUN, queued_seconds=0.01))
    assert list(run.times) == ["QUEUED", "PENDING", "RUNNING", "TERMINATING", "ended"]


@pytest.mark.parametrize(
    ("plan", "life", "result"),
    [
        (RunPlan(queued_seconds=60), "QUEUED", None),
        (RunPlan(pending_seconds=60), "PENDING", None),
        (RunPlan(outcome=NOT_RUN, terminating_seconds=60), "TERMINATING", None),
        (RunPlan(outcome=NOT_RUN, terminating_seconds=60, shows_result_early=True), "TERMINATING", "SUCCESS"),
    ],
)
def test_a_run_is_seen_where_it_lingers(
    client: WorkspaceClient, tasks: Tasks, *, plan: RunPlan, life: str, result: str | None
) -> None:
    """Guard against a launcher that relies on a result while TERMINATING, or on none: both may happen."""
    tasks.emulator.plans.append(plan)
    run = tasks.submit()
    assert eventually(lambda: run.life == life)
    state = client.jobs.get_run(run.run_id).state
    assert state
    assert state.life_cycle_state
    assert state.life_cycle_state.value == life
    assert (state.result_state.value if state.result_state else None) == result


@pytest.mark.parametrize(("seconds", "is_shown"), [(0, True), (60, False)])
def test_the_cluster_of_a_run_may_be_told_late(
    client: WorkspaceClient, tasks: Tasks, seconds: float, is_shown: bool
) -> None:
    run = run_planned(tasks, RunPlan(outcome=NOT_RUN, cluster_shown_after_seconds=seconds))
    [task] = client.jobs.get_run(run.run_id).tasks or []
    assert (task.cluster_instance is not None) == is_shown


def test_a_run_that_waits_for_its_cluster_can_be_cancelled(client: WorkspaceClient, tasks: Tasks) -> None:
    tasks.emulator.plans.append(RunPlan(pending_seconds=60))
    run = tasks.submit()
    client.jobs.cancel_run(run.run_id)
    assert tasks.wait(run) == "TERMINATED CANCELED"
    assert tasks.emulator.starts == []
    client.jobs.cancel_run(run.run_id)
    assert tasks.wait(run) == "TERMINATED CANCELED"


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        (RunPlan(driver_lost_after_seconds=0.1), "INTERNAL_ERROR FAILED"),
        (RunPlan(timed_out_after_seconds=0.1), "TERMINATED TIMEDOUT"),
        (RunPlan(cancelled_after_seconds=0.1), "TERMINATED CANCELED"),
    ],
)
def test_a_driver_that_runs_is_ended(tasks: Tasks, plan: RunPlan, state: str) -> None:
    run = run_planned(tasks, plan, "import time; time.sleep(60)")
    assert tasks.wait(run) == state


def test_a_status_is_answered_once_and_the_sdk_asks_again(
    emulator: Emulator, client: WorkspaceClient
) -> None:
    fault = Fault(ME, status=429, headers={"Retry-After": "1"}, first=2)
    emulator.faults.append(fault)
    assert client.current_user.me().active
    assert client.current_user.me().active
    assert [asked.status for asked in emulator.requests] == [200, 429, 200]
    assert (fault.seen, fault.happened) == (3, 1)


def test_a_status_that_stays_is_raised(emulator: Emulator, client: WorkspaceClient) -> None:
    emulator.faults.append(Fault(ME, status=500, code="INTERNAL_ERROR", message="Sorry."))
    with pytest.raises(InternalError, match=r"Sorry\."):
        client.current_user.me()
    emulator.faults.append(Fault(ME, status=503, times=None))
    with pytest.raises((TemporarilyUnavailable, TimeoutError)):
        client.current_user.me()


def test_a_body_can_be_that_of_a_proxy(emulator: Emulator, client: WorkspaceClient) -> None:
    emulator.faults.append(Fault(ME, status=502, body=b"<html><pre>Bad Gateway</pre></html>"))
    with pytest.raises(DatabricksError):
        client.current_user.me()


def test_a_dropped_request_is_asked_again_and_was_not_applied(
    emulator: Emulator, client: WorkspaceClient
) -> None:
    emulator.faults.append(Fault("POST .*/mkdirs", drop="before"))
    client.dbfs.mkdirs("/a")
    assert [asked.status for asked in emulator.requests] == [None, 200]


def test_an_answer_that_is_lost_leaves_the_run_submitted(
    emulator: Emulator, client: WorkspaceClient, tasks: Tasks
) -> None:
    """Guard against a submission without a token, of which the SDK's retry makes a second run."""
    emulator.plans += [RunPlan(outcome=NOT_RUN) for _ in range(3)]
    task = tasks.task()
    emulator.faults.append(Fault("POST .*/runs/submit", drop="after"))
    client.jobs.submit(tasks=[task])
    assert len(emulator.runs) == 2
    emulator.faults.append(Fault("POST .*/runs/submit", drop="after"))
    client.jobs.submit(tasks=[task], idempotency_token="once")
    assert len(emulator.runs) == 3


def test_an_answer_can_be_later_than_a_client_waits(emulator: Emulator) -> None:
    config = Config(
        host=emulator.host, token=emulator.token, http_timeout_seconds=1, retry_timeout_seconds=20
    )
    emulator.faults.append(Fault(ME, delay_seconds=3))
    assert WorkspaceClient(config=config).current_user.me().active
    assert emulator.counted("GET", "/scim/v2/Me") == 2


def test_after_a_reset_it_is_as_new_but_for_its_files(
    emulator: Emulator, client: WorkspaceClient, tasks: Tasks
) -> None:
    """Guard against a fault or a plan of one test that happens to the next test."""
    emulator.plans += [RunPlan(pending_seconds=60), RunPlan(outcome="skipped")]
    run = tasks.submit(of_the_run={"idempotency_token": "once"})
    emulator.faults.append(Fault(ME, status=500))
    emulator.tokens.expire()
    emulator.storage.dbfs_disabled = True
    emulator.reset()
    assert run.ended.is_set()
    assert (emulator.runs, emulator.plans, emulator.faults, emulator.requests) == ([], [], [], [])
    assert client.current_user.me().active
    client.dbfs.mkdirs("/a")
    client.files.get_metadata(f"{emulator.volume}/task.py")
    assert list(client.jobs.list_runs()) == []


def test_a_fault_that_does_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a status, a drop or a delay"):
        Fault(ME)
    with pytest.raises(ValueError, match="never both"):
        Fault(ME, status=500, drop="after")
