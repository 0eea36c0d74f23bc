"""Submit the Databricks run of an attempt, cancel it, and clean up after Dagster runs that are over."""

from collections.abc import Callable
from fcntl import LOCK_EX, flock
from functools import partial
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import RunType, SubmitTask

from cloudflix_assets.databricks.calls import WorkspaceSilent, explain_refusals, patiently
from cloudflix_assets.databricks.cluster import cluster
from cloudflix_assets.databricks.handover import Handover, give_package, left_behind, libraries
from cloudflix_assets.databricks.package import Package, package
from cloudflix_assets.databricks.staging_area import area
from cloudflix_assets.databricks.workspace import client_of, credentials, staging_of
from cloudflix_assets.settings.environment import Environment

NAME = "cloudflix"
TASK = "cloudflix"


def run_name(run_id: str, step: str) -> str:
    """The name in Databricks of the run of a step; every attempt at it has the same."""
    return f"{NAME} {run_id} {step}"


def submit(client: WorkspaceClient, environment: Environment, handover: Handover, name: str) -> int:
    """Submit an attempt as a Databricks run, once, however often it is called, and return the run's number.

    Raises:
        ClusterMissing: the settings name no cluster.
        WorkspaceSilent: the workspace did not answer; the run may have been submitted or not.
    """
    code = package()
    _give_once(handover, code, environment.home)
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


def _give_once(handover: Handover, code: Package, home: Path) -> None:
    """Upload the package once per Dagster run: its steps start together, and each would find it missing."""
    home.mkdir(parents=True, exist_ok=True)
    given = f"{handover.run_id} {handover.area.address(code.folder)}"
    with (home / "package.lock").open("a+", encoding="utf-8") as lock:
        flock(lock, LOCK_EX)
        lock.seek(0)
        if lock.read() != given:
            give_package(handover.area, code)
            lock.truncate(0)
            lock.write(given)


def cancel_attempt(client: WorkspaceClient, name: str) -> None:
    """Cancel the active runs of a name: an earlier attempt, whose submission was never answered."""
    for run in patiently(lambda: list(client.jobs.list_runs(active_only=True, run_type=RunType.SUBMIT_RUN))):
        if run.run_name == name and run.run_id:
            patiently(partial(client.jobs.cancel_run, run.run_id))


def cancel_abandoned(environment: Environment, is_over: Callable[[str], bool]) -> list[int]:
    """Cancel the active Databricks runs of Dagster runs that are over, and remove their files.

    Args:
        environment: the settings.
        is_over: whether the Dagster run of an id is over; False for an id that it does not know.

    Returns:
        Numbers of the cancelled runs; where the workspace stops answering, of those until then.

    Raises:
        WorkspaceRefused: the workspace denies access.
    """
    cancelled: list[int] = []
    with explain_refusals(environment.databricks_host or ""):
        client = client_of(credentials(environment))
        try:
            active = patiently(
                lambda: list(client.jobs.list_runs(active_only=True, run_type=RunType.SUBMIT_RUN))
            )
            for run in active:
                name, _, rest = (run.run_name or "").partition(" ")
                if name == NAME and run.run_id and is_over(rest.partition(" ")[0]):
                    patiently(partial(client.jobs.cancel_run, run.run_id))
                    cancelled.append(run.run_id)
            staging = area(client, staging_of(environment))
            for run_id, paths in left_behind(staging).items():
                for path in paths if is_over(run_id) else ():
                    staging.remove(path)
        except WorkspaceSilent:  # the steps report it, and the next start tries again
            return cancelled
    return cancelled
