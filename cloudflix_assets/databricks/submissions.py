"""A run in Databricks of what was handed over: submitted twice, it is one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import RunType, SubmitTask

from cloudflix_assets.databricks.calls import patiently
from cloudflix_assets.databricks.clusters import cluster
from cloudflix_assets.databricks.handovers import Handover, give_package, libraries
from cloudflix_assets.databricks.packages import package
from cloudflix_assets.environment import Environment

NAME = "cloudflix"
TASK = "cloudflix"


def run_name(run_id: str, step: str) -> str:
    """What a run is called in Databricks."""
    return f"{NAME} {run_id} {step}"


def submitted(client: WorkspaceClient, environment: Environment, handover: Handover, name: str) -> int:
    """The number of the run of what was handed over; also of one that was submitted before.

    Raises:
        ClusterMissing: the settings name no cluster.
        WorkspaceSilent: nobody knows whether it was submitted.
    """
    code = package()
    with _one_at_a_time(environment.home):  # steps begin together, and each would find it missing
        give_package(handover.area, code)
    task = {
        "task_key": TASK,
        "libraries": libraries(code, handover.area),
        **cluster(environment),
        **handover.task(code),
    }
    answer = patiently(
        partial(
            client.jobs.submit,
            run_name=name,
            tasks=[SubmitTask.from_dict(task)],
            idempotency_token=handover.token,
            timeout_seconds=environment.databricks_timeout * 60,
        )
    )
    return int(answer.bind()["run_id"])


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    with (home / "package.lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        yield


def recalled(client: WorkspaceClient, name: str) -> None:
    """Cancel what goes on under a name: an attempt whose submission was never answered."""
    for run in patiently(lambda: list(client.jobs.list_runs(active_only=True, run_type=RunType.SUBMIT_RUN))):
        if run.run_name == name and run.run_id:
            patiently(partial(client.jobs.cancel_run, run.run_id))
