"""The submission of code as runs of a workspace: `Tasks(emulator, client).run("print(1)").logs`."""

import io
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.service.compute import ClusterSpec
from databricks.sdk.service.jobs import SparkPythonTask, SubmitTask

from cloudflix_assets_tests.loopback.databricks.clusters import USUAL
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.runs import Run

PATIENCE_SECONDS = 120


def client_of(emulator: Emulator, **credentials: Any) -> WorkspaceClient:
    """Return a client that retries a failed call for two seconds."""
    return WorkspaceClient(
        config=Config(host=emulator.host, retry_timeout_seconds=2, http_timeout_seconds=5, **credentials)
    )


def new_cluster(**spec: Any) -> ClusterSpec:
    """Return the usual spec of a cluster with some fields changed."""
    return ClusterSpec.from_dict({**USUAL, **spec})


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait until a condition holds, and return whether it did in time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


@dataclass
class Tasks:
    """A submitter of Python code, which it uploads to the volume."""

    emulator: Emulator
    client: WorkspaceClient

    def file(self, code: str, name: str = "task.py") -> str:
        """Upload code to the volume, and return its path."""
        path = f"{self.emulator.volume}/{name}"
        self.client.files.upload(path, io.BytesIO(textwrap.dedent(code).encode()), overwrite=True)
        return path

    def task(self, code: str = "", parameters: list[str] | None = None, **fields: Any) -> SubmitTask:
        """Upload code, and return a task that runs it, on the existing cluster unless `fields` give one."""
        where = {} if "new_cluster" in fields else {"existing_cluster_id": self.emulator.cluster_id}
        python = SparkPythonTask(self.file(code), parameters=parameters)
        return SubmitTask(**{"task_key": "code", "spark_python_task": python, **where, **fields})

    def submit(self, code: str = "", *, of_the_run: dict[str, Any] | None = None, **fields: Any) -> Run:
        """Submit code, and return its run at once; `fields` are those of the task."""
        submit = self.client.jobs.submit(tasks=[self.task(code, **fields)], **(of_the_run or {}))
        return self.emulator.jobs.runs[submit.run_id]

    def run(self, code: str = "", **fields: Any) -> Run:
        """Submit code, wait until its run is over, and return the run."""
        run = self.submit(code, **fields)
        assert run.ended.wait(PATIENCE_SECONDS), f"the run is still {run.life}"
        return run

    def wait(self, run: Run) -> str:
        """Wait until a run is over, and return its state and its result."""
        assert run.ended.wait(PATIENCE_SECONDS), f"the run is still {run.life}"
        return f"{run.life} {run.end.result if run.end else None}"
