"""Runs in Databricks that nobody waits for any more, because the process that launched them is gone."""

from collections.abc import Callable
from functools import partial

from databricks.sdk.service.jobs import RunType

from cloudflix_assets.databricks.calls import WorkspaceSilent, admitted, patiently
from cloudflix_assets.databricks.handover import left_behind
from cloudflix_assets.databricks.staging_area import area
from cloudflix_assets.databricks.submissions import NAME
from cloudflix_assets.databricks.workspace import client_of, credentials, staging_of
from cloudflix_assets.settings.environment import Environment


def recall(environment: Environment, is_over: Callable[[str], bool]) -> list[int]:
    """Cancel the runs of Dagster runs that are over, and remove what was handed over for them.

    `is_over` tells it of a Dagster run's id; of one that it does not know it must say no.

    Raises:
        WorkspaceRefused: the workspace does not let us in.
    """
    cancelled: list[int] = []
    with admitted(environment.databricks_host or ""):
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
        except WorkspaceSilent:  # the steps will tell of it, and the next start looks again
            return cancelled
    return cancelled
