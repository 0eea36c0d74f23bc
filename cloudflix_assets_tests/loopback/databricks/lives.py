"""The life of a run: queue, cluster, libraries, driver, end."""

import time
from collections.abc import Callable
from dataclasses import replace

from cloudflix_assets_tests.loopback.databricks.calls import Refused
from cloudflix_assets_tests.loopback.databricks.clusters import Clusters
from cloudflix_assets_tests.loopback.databricks.driver_processes import Driver
from cloudflix_assets_tests.loopback.databricks.drivers import Drivers
from cloudflix_assets_tests.loopback.databricks.libraries import NotInstalled
from cloudflix_assets_tests.loopback.databricks.runs import End, Run

LOOK_SECONDS = 0.02
SUCCESS = End("TERMINATED", "SUCCESS", "SUCCESS", "SUCCESS")
CANCELLED = End("TERMINATED", "CANCELED", "USER_CANCELED", "SUCCESS", "Run cancelled.")
TIMED_OUT = End("TERMINATED", "TIMEDOUT", "CANCELED", "SUCCESS", "Run timed out.")
INTERNAL = End(
    "INTERNAL_ERROR", None, "INTERNAL_ERROR", "INTERNAL_ERROR", "Unexpected failure in the service."
)
SKIPPED = End("SKIPPED", None, "SKIPPED", "SUCCESS", "The run was skipped.")
TOO_MANY = End("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED", "MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR",
               "The maximum of concurrent runs was reached.")  # fmt: skip
AT_ONCE = {"skipped": SKIPPED, "too many runs": TOO_MANY, "internal error": INTERNAL}
LOST = End("INTERNAL_ERROR", "FAILED", "DRIVER_ERROR", "CLOUD_FAILURE",
           "The spark driver has stopped unexpectedly and is restarting.")  # fmt: skip


class _Over(Exception):
    """The end of a run before its last phase."""

    def __init__(self, end: End) -> None:
        super().__init__(end.message)
        self.end = end


class Life:
    """The life of one run.

    Args:
        run: the run.
        clusters: the clusters of the workspace, where the run's cluster is started.
        drivers: the drivers of the workspace, where the run's code is executed.
        wrong: a function that records a mistake of the loopback itself.
    """

    def __init__(self, run: Run, clusters: Clusters, drivers: Drivers, wrong: Callable[[str], None]) -> None:
        self.run, self.plan = run, run.plan
        self.clusters, self.drivers, self.wrong = clusters, drivers, wrong

    def live(self) -> None:
        """Take the run through its phases to an end, whatever happens."""
        try:
            end = self._run_to_end()
        except Exception as error:  # noqa: BLE001  # else the run would never end
            self.wrong(f"the loopback itself failed in run {self.run.run_id}: {error!r}")
            end = INTERNAL
        run = self.run
        result = end.result if self.plan.result is None else self.plan.result
        end = replace(end, life=self.plan.life or end.life, result=result or None)
        run.end = end
        run.enter("TERMINATING", end.message)
        self.drivers.closing.wait(self.plan.terminating_seconds)
        if run.cluster.source == "JOB":
            run.cluster.state = "TERMINATED"
        run.finish(end)

    def _run_to_end(self) -> End:
        try:
            self._prepare()
            self.run.enter("RUNNING", "In run")
            return self._execute() if self.plan.outcome == "executed" else SUCCESS
        except _Over as over:
            return over.end

    def _prepare(self) -> None:
        if self.plan.queued_seconds:
            self.run.enter("QUEUED", "Queued because the workspace's limit is reached.")
            self._wait(self.plan.queued_seconds)
        self.run.enter("PENDING", "Waiting for cluster")
        self._wait(self.plan.pending_seconds)
        if end := AT_ONCE.get(self.plan.outcome):
            raise _Over(end)
        if self.plan.outcome == "cluster launch failure":
            raise _Over(self._no_cluster("CLOUD_PROVIDER_LAUNCH_FAILURE (CLOUD_FAILURE)"))
        self.clusters.start(self.run.cluster, self.run.run_id)
        if self.plan.outcome == "library failure":
            raise _Over(self._no_library("Could not connect to the package index"))

    def _wait(self, seconds: float) -> None:
        if self.run.cancel.wait(seconds):
            raise _Over(self._stopped())

    def _stopped(self) -> End:
        return TIMED_OUT if self.run.stopped_by == "timeout" else CANCELLED

    def _execute(self) -> End:
        try:
            driver = self.drivers.start(self.run)
        except NotInstalled as error:
            return self._no_library(str(error))
        except KeyError as error:
            return self._no_cluster(f"INVALID_ARGUMENT (CLIENT_ERROR): {error.args[0]}")
        except FileNotFoundError as error:
            return self._failed("RESOURCE_NOT_FOUND", f"Cannot read the python file {error.filename}.")
        except Refused as error:
            return self._failed("STORAGE_ACCESS_ERROR", error.message)
        with driver:
            code = self._watch(driver)
            self.run.logs = driver.output()
            return self._judge(code, driver.error())

    def _judge(self, code: int, error: tuple[str, str] | None) -> End:
        if self.run.cancel.is_set():
            return self._stopped()
        if code == 0:
            return SUCCESS
        if error:
            self.run.error, self.run.error_trace = error
            return self._failed("RUN_EXECUTION_ERROR", "Workload failed, see run output for details")
        return LOST

    def _watch(self, driver: Driver) -> int:
        """Wait until the driver ends, or kill it at a limit; return its exit code."""
        began, plan, run = time.monotonic(), self.plan, self.run
        limits = [
            run.body.get("timeout_seconds"),
            run.task.get("timeout_seconds"),
            plan.timed_out_after_seconds,
        ]
        timeout = min((limit for limit in limits if limit), default=None)
        while (code := driver.code()) is None:
            spent = time.monotonic() - began
            if timeout is not None and spent >= timeout:
                run.stop("timeout")
            if plan.cancelled_after_seconds is not None and spent >= plan.cancelled_after_seconds:
                run.stop("user")
            is_lost = plan.driver_lost_after_seconds is not None and spent >= plan.driver_lost_after_seconds
            if run.cancel.is_set() or is_lost or self.drivers.closing.is_set():
                return driver.kill()
            run.cancel.wait(LOOK_SECONDS)
        return code

    def _no_cluster(self, reason: str) -> End:
        of = f"Cluster '{self.run.cluster.cluster_id}' was terminated. Reason: {reason}"
        return replace(
            INTERNAL, result="FAILED", code="CLUSTER_ERROR", kind="CLOUD_FAILURE", message=self._of(of)
        )

    def _no_library(self, reason: str) -> End:
        of = self._of(f"Library installation failed for library due to user error: {reason}")
        code = "LIBRARY_INSTALLATION_ERROR"
        return replace(INTERNAL, result="FAILED", code=code, kind="CLIENT_ERROR", message=of)

    def _failed(self, code: str, message: str) -> End:
        return End("TERMINATED", "FAILED", code, "CLIENT_ERROR", self._of(message))

    def _of(self, message: str) -> str:
        return f"Task {self.run.task['task_key']} failed with message: {message}"
