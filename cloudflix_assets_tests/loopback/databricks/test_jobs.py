"""Tests of the Jobs API: how it accepts and describes runs; test_runs.py covers what runs do."""

from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.compute import ClusterSpec, Kind, Library, PythonPyPiLibrary
from databricks.sdk.service.jobs import NotebookTask, RunLifeCycleState, SparkPythonTask, SubmitTask

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.runs import NOT_RUN, RunPlan
from cloudflix_assets_tests.loopback.databricks.tasks import Tasks, new_cluster


def raw(emulator: Emulator, **task: Any) -> dict[str, Any]:
    """Return a valid body of a submission, with some fields of its task changed (None: left out)."""
    usual = {
        "task_key": "code",
        "existing_cluster_id": emulator.cluster_id,
        "spark_python_task": {"python_file": f"{emulator.volume}/task.py"},
    }
    return {"tasks": [{name: value for name, value in {**usual, **task}.items() if value is not None}]}


def submit(client: WorkspaceClient, body: dict[str, Any]) -> Any:
    return client.api_client.do("POST", "/api/2.2/jobs/runs/submit", body=body)


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"task_key": None}, r"Missing required field: tasks\[0\].task_key"),
        ({"retries": 1}, r"Unknown fields in tasks\[0\]: retries"),
        ({"spark_python_task": {"file": "x"}}, r"Unknown fields in tasks\[0\].spark_python_task: file"),
        (
            {"spark_python_task": {"python_file": "/x", "parameters": "a"}},
            "parameters must be a list, not 'a'",
        ),
        ({"spark_python_task": {"python_file": "/x", "parameters": [1]}}, r"parameters\[0\] must be a str"),
        (
            {"spark_python_task": {"python_file": "/x", "source": "FTP"}},
            "source must be one of GIT, WORKSPACE",
        ),
        ({"libraries": [{"pypi": {}}]}, r"Missing required field: tasks\[0\].libraries\[0\].pypi.package"),
        ({"timeout_seconds": True}, "timeout_seconds must be a int, not True"),
    ],
)
def test_a_field_that_is_none_is_a_mistake(
    emulator: Emulator, client: WorkspaceClient, task: dict[str, Any], told: str
) -> None:
    """Guard against a mistyped setting, which the service ignores, so that it never takes effect."""
    with pytest.raises(DatabricksError, match=told):
        submit(client, raw(emulator, **task))
    assert len(emulator.wrong) == 1
    emulator.wrong.clear()
    assert emulator.runs == []


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"existing_cluster_id": "other"}, "Cluster other does not exist"),
        ({"task_key": "step[1]"}, r"Task key step\[1\] may have letters"),
        ({"spark_python_task": {"python_file": "/x", "parameters": ["x" * 10_000]}}, "more than 10000 bytes"),
        ({"existing_cluster_id": None}, "Exactly one of new_cluster, existing_cluster_id"),
        ({"spark_python_task": None}, "Missing required field: .*spark_python_task"),
        ({"notebook_task": NotebookTask("/a").as_dict()}, "The loopback does not do notebook_task"),
        ({"depends_on": [{"task_key": "other"}]}, "The loopback does not do depends_on"),
        ({"spark_python_task": {"python_file": "x", "source": "GIT"}}, "no Git repository"),
    ],
)
def test_a_task_that_cannot_run_is_refused(
    emulator: Emulator, client: WorkspaceClient, task: dict[str, Any], told: str
) -> None:
    with pytest.raises(DatabricksError, match=told):
        submit(client, raw(emulator, **task))


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"spark_version": "1.0.x"}, "Invalid spark version 1.0.x"),
        ({"spark_version": ""}, "Missing required field: spark_version"),
        ({"node_type_id": "Toaster"}, "Node type Toaster is not supported"),
        ({"node_type_id": ""}, "Missing required field: node_type_id"),
        ({"instance_pool_id": "pool-1"}, "Exactly one of node_type_id, instance_pool_id"),
        ({"node_type_id": "", "instance_pool_id": "pool-2"}, "Can't find an instance pool with id: pool-2"),
        ({"policy_id": "policy-2"}, "Can't find a cluster policy with id: policy-2"),
        ({"autoscale": {"min_workers": 1, "max_workers": 2}}, "Exactly one of num_workers, autoscale"),
        ({"is_single_node": True}, "is_single_node can only be used when kind = CLASSIC_PREVIEW"),
        ({"data_security_mode": "DATA_SECURITY_MODE_STANDARD"}, "can only be used when kind"),
        ({"init_scripts": [{"volumes": {"destination": "/x"}}]}, "The loopback does not do init_scripts"),
    ],
)
def test_a_cluster_that_cannot_be_made_is_refused(tasks: Tasks, spec: dict[str, Any], told: str) -> None:
    with pytest.raises(DatabricksError, match=told):
        tasks.submit(new_cluster=new_cluster(**spec))


def test_a_cluster_of_one_node_and_one_of_a_pool_are_accepted(emulator: Emulator, tasks: Tasks) -> None:
    emulator.plans += [RunPlan(outcome=NOT_RUN), RunPlan(outcome=NOT_RUN)]
    single = ClusterSpec(
        spark_version="17.3.x-scala2.13",
        node_type_id="Standard_D4ds_v5",
        kind=Kind.CLASSIC_PREVIEW,
        is_single_node=True,
    )
    pooled = ClusterSpec(spark_version="17.3.x-scala2.13", instance_pool_id="pool-1", num_workers=0)
    for spec in (single, pooled):
        assert tasks.wait(tasks.submit(new_cluster=spec)) == "TERMINATED SUCCESS"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"tasks": []}, "one task, not 0"),
        ({"idempotency_token": "x" * 65}, "more than 64 characters"),
        ({"access_control_list": [{"permission_level": "CAN_VIEW"}]}, "must have one of group_name"),
        ({"git_source": {}}, "Unknown fields: git_source"),
        ({"queue": {"on": True}}, "Unknown fields in queue: on"),
        (
            {"health": {"rules": [{"metric": "MOOD", "op": "GREATER_THAN", "value": 1}]}},
            r"health.rules\[0\].metric must be one of",
        ),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    emulator: Emulator, client: WorkspaceClient, body: dict[str, Any], told: str
) -> None:
    with pytest.raises(DatabricksError, match=told):
        submit(client, {**raw(emulator), **body})
    emulator.wrong.clear()


def test_the_same_token_is_the_same_run(emulator: Emulator, client: WorkspaceClient, tasks: Tasks) -> None:
    """Guard against a submission whose answer is lost, and that then runs a step twice."""
    emulator.plans += [RunPlan(outcome=NOT_RUN), RunPlan(outcome=NOT_RUN)]
    ids = {
        client.jobs.submit(tasks=[tasks.task()], idempotency_token=token).run_id
        for token in ("one", "one", "two", "one")
    }
    assert len(ids) == len(emulator.runs) == 2


def test_version_2_1_is_answered_too(emulator: Emulator, client: WorkspaceClient) -> None:
    emulator.plans.append(RunPlan(outcome=NOT_RUN))
    run_id = client.api_client.do("POST", "/api/2.1/jobs/runs/submit", body=raw(emulator))["run_id"]
    found = client.api_client.do("GET", "/api/2.1/jobs/runs/get", query={"run_id": run_id})
    assert found["run_id"] == run_id


def test_a_run_is_told_as_the_sdk_reads_it(emulator: Emulator, client: WorkspaceClient, tasks: Tasks) -> None:
    emulator.plans.append(RunPlan(outcome=NOT_RUN, queued_seconds=0.05, pending_seconds=0.05))
    run = tasks.submit(of_the_run={"run_name": "silver/titles"})
    assert tasks.wait(run) == "TERMINATED SUCCESS"
    told = client.jobs.get_run(run.run_id)
    assert told.state
    assert told.state.life_cycle_state is RunLifeCycleState.TERMINATED
    assert told.run_name == "silver/titles"
    assert told.run_page_url == f"{emulator.host}/?o=1#job/{run.job_id}/run/{run.run_id}"
    assert told.tasks
    [task] = told.tasks
    assert task.cluster_instance
    assert task.cluster_instance.cluster_id == emulator.cluster_id
    assert told.run_duration is not None
    assert task.queue_duration is not None
    assert task.setup_duration is not None
    assert min(task.queue_duration, task.setup_duration) >= 45
    assert told.run_duration >= task.queue_duration + task.setup_duration
    assert (told.setup_duration, told.execution_duration) == (0, 0)


def test_runs_are_listed_newest_first_in_pages(
    emulator: Emulator, client: WorkspaceClient, tasks: Tasks
) -> None:
    emulator.plans += [RunPlan(outcome=NOT_RUN) for _ in range(3)]
    done = [tasks.submit(of_the_run={"run_name": f"run {number}"}) for number in range(3)]
    for run in done:
        tasks.wait(run)
    emulator.plans.append(RunPlan(pending_seconds=60))
    active = tasks.submit(of_the_run={"run_name": "still"})
    names = [run.run_name for run in client.jobs.list_runs(limit=2)]
    assert names == ["still", "run 2", "run 1", "run 0"]
    assert emulator.counted("GET", "/jobs/runs/list") == 2
    assert [run.run_id for run in client.jobs.list_runs(active_only=True)] == [active.run_id]
    assert len(list(client.jobs.list_runs(completed_only=True))) == 3
    assert [run.run_id for run in client.jobs.list_runs(job_id=done[1].job_id)] == [done[1].run_id]
    assert list(client.jobs.list_runs(start_time_to=done[0].created - 1)) == []


@pytest.mark.parametrize("query", [{"limit": 26}, {"active_only": True, "completed_only": True}])
def test_a_list_that_contradicts_itself_is_refused(client: WorkspaceClient, query: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterValue):
        list(client.jobs.list_runs(**query))


@pytest.mark.parametrize("name", ["get_run", "get_run_output", "cancel_run"])
def test_a_run_that_is_not_there_is_refused(client: WorkspaceClient, name: str) -> None:
    with pytest.raises(DatabricksError, match="Run 7 does not exist"):
        getattr(client.jobs, name)(7)


def test_only_the_run_of_a_task_has_an_output(
    emulator: Emulator, client: WorkspaceClient, tasks: Tasks
) -> None:
    emulator.plans.append(RunPlan(outcome=NOT_RUN, logs="hello", error="Oops", error_trace="at line 1"))
    run = tasks.run()
    with pytest.raises(InvalidParameterValue, match="multiple tasks is not supported"):
        client.jobs.get_run_output(run.run_id)
    output = client.jobs.get_run_output(run.task_run_id)
    assert (output.logs, output.error, output.error_trace) == ("hello", "Oops", "at line 1")


def test_a_library_of_the_sdk_is_understood(emulator: Emulator, tasks: Tasks) -> None:
    emulator.plans.append(RunPlan(outcome=NOT_RUN))
    library = Library(pypi=PythonPyPiLibrary("dagster"))
    python = SparkPythonTask(tasks.file(""))
    task = SubmitTask("code", existing_cluster_id=emulator.cluster_id, libraries=[library],
                      spark_python_task=python)  # fmt: skip
    run_id = tasks.client.jobs.submit(tasks=[task]).run_id
    assert tasks.wait(emulator.jobs.runs[run_id]) == "TERMINATED SUCCESS"
