"""The runs of a workspace: the plan of a run, its course, and its description in JSON."""

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from cloudflix_assets_tests.loopback.databricks.calls import Json
from cloudflix_assets_tests.loopback.databricks.clusters import Cluster
from cloudflix_assets_tests.loopback.databricks.people import USER

Outcome = Literal["executed", "cluster launch failure", "library failure", "internal error", "skipped",
                  "too many runs", "success without running"]  # fmt: skip
NOT_RUN: Outcome = "success without running"
PHASES = ("QUEUED", "PENDING", "RUNNING", "TERMINATING")  # `Run.times` also has "ended"
V2 = {"INTERNAL_ERROR": "TERMINATED", "SKIPPED": "TERMINATED"}


@dataclass
class RunPlan:
    """The plan of one run, the next one whose name matches the pattern `name`.

    Attributes:
        outcome: what the cluster and the Jobs service do; a run that is `executed` ends as its code does.
        driver_lost_after_seconds: the driver is killed that long after its start, as by an eviction.
        timed_out_after_seconds: the service ends the run that long after the driver's start.
        cancelled_after_seconds: somebody in the workspace cancels the run that long after the driver's start.
        cluster_shown_after_seconds: `cluster_instance` is shown only that long after the submission.
        shows_result_early: `result_state` is shown while the run is TERMINATING.
        life, result: the last states in place of the run's own, known to the SDK or not; "" is no result.
        error, error_trace, logs: the answer of get-output in place of the run's own.
    """

    name: str = ""
    outcome: Outcome = "executed"
    queued_seconds: float = 0.0
    pending_seconds: float = 0.0
    terminating_seconds: float = 0.0
    driver_lost_after_seconds: float | None = None
    timed_out_after_seconds: float | None = None
    cancelled_after_seconds: float | None = None
    cluster_shown_after_seconds: float = 0.0
    shows_result_early: bool = False
    life: str | None = None
    result: str | None = None
    error: str | None = None
    error_trace: str | None = None
    logs: str | None = None

    def is_for(self, run_name: str) -> bool:
        """Return whether the plan is for a run of this name."""
        return bool(re.search(self.name, run_name))


@dataclass(frozen=True)
class End:
    """The end of a run, in Databricks' terms."""

    life: str
    result: str | None
    code: str
    kind: Literal["SUCCESS", "CLIENT_ERROR", "CLOUD_FAILURE", "INTERNAL_ERROR"]
    message: str = ""


@dataclass
class Run:
    """A run, with a job of its own, as `runs/submit` makes one.

    Attributes:
        created: the time of its submission, in milliseconds since 1970.
        times: the time at which it entered each phase, in milliseconds since 1970.
        cancel: set when a user or the service wants the run to end; `stopped_by` says which.
        ended: set when the run is over.
        driver_pid: the process id of its driver, once there is one.
    """

    run_id: int
    task_run_id: int
    job_id: int
    body: Json
    plan: RunPlan
    cluster: Cluster
    life: str = "PENDING"
    message: str = ""
    end: End | None = None
    created: int = field(default_factory=lambda: int(time.time() * 1_000))
    times: dict[str, int] = field(default_factory=dict)
    cancel: threading.Event = field(default_factory=threading.Event)
    stopped_by: Literal["user", "timeout"] | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    driver_pid: int | None = None
    error: str | None = None
    error_trace: str | None = None
    logs: str = ""

    @property
    def task(self) -> Json:
        """The only task of the run."""
        task: Json = self.body["tasks"][0]
        return task

    @property
    def name(self) -> str:
        """The name of the run, as submitted."""
        return str(self.body.get("run_name", "Untitled"))

    def enter(self, life: str, message: str = "") -> None:
        """Enter a phase, at this moment."""
        with self.lock:
            self.times.setdefault(life, now())
            self.life, self.message = life, message

    def finish(self, end: End) -> None:
        """End the run, at this moment."""
        with self.lock:
            self.times["ended"] = now()
            self.life = end.life
            self.ended.set()

    def stop(self, by: Literal["user", "timeout"]) -> None:
        """Ask the run to end; `stopped_by` names the first who asked."""
        if not self.ended.is_set():
            self.stopped_by = self.stopped_by or by
            self.cancel.set()

    def describe(self, host: str, *, tasks: bool = True) -> Json:
        """Return the answer of `runs/get`, or without tasks that of `runs/list`."""
        with self.lock:
            return self._describe(host, tasks=tasks)

    def _describe(self, host: str, *, tasks: bool) -> Json:
        page = f"{host}/?o=1#job/{self.job_id}/run/{self.run_id}"
        run = {"job_id": self.job_id, "run_id": self.run_id, "number_in_job": self.run_id,
               "original_attempt_run_id": self.run_id, "run_name": self.name, "run_type": "SUBMIT_RUN",
               "creator_user_name": USER, "run_page_url": page, "trigger": "ONE_TIME"}  # fmt: skip
        # Only tasks have durations of parts; a run has the duration of the whole.
        parts = {"setup_duration": 0, "execution_duration": 0, "cleanup_duration": 0}
        whole = {
            "run_duration": self.times.get("ended", now()) - self.created,
            "queue_duration": self._spent("QUEUED"),
        }
        told = {**run, **self._state(), **parts, **whole}
        return {**told, "tasks": [self._task(page)]} if tasks else told

    def _task(self, page: str) -> Json:
        durations = {
            "queue_duration": self._spent("QUEUED"),
            "setup_duration": self._spent("PENDING"),
            "execution_duration": self._spent("RUNNING"),
            "cleanup_duration": self._spent("TERMINATING"),
        }
        task = {**self.task, "run_id": self.task_run_id, "attempt_number": 0, "run_page_url": page}
        if now() - self.created >= self.plan.cluster_shown_after_seconds * 1_000 and "PENDING" in self.times:
            task["cluster_instance"] = {"cluster_id": self.cluster.cluster_id, "spark_context_id": "1"}
        return {**task, **self._state(), **durations}

    def _state(self) -> Json:
        state: Json = {"life_cycle_state": self.life, "state_message": self.message,
                       "user_cancelled_or_timedout": self.stopped_by is not None}  # fmt: skip
        status: Json = {"state": V2.get(self.life, self.life)}
        if self.end and (self.ended.is_set() or self.plan.shows_result_early) and self.end.result:
            state["result_state"] = self.end.result
        if self.end:
            status["termination_details"] = {
                "code": self.end.code, "type": self.end.kind, "message": self.end.message
            }  # fmt: skip
        times = {"start_time": self.created, "end_time": self.times.get("ended", 0)}
        return {"state": state, "status": status, **times}

    def _spent(self, phase: str) -> int:
        """Return the milliseconds from the entry into a phase until the next phase, or until now."""
        if phase not in self.times:
            return 0
        later = (*PHASES[PHASES.index(phase) + 1 :], "ended")
        return next((self.times[next_] for next_ in later if next_ in self.times), now()) - self.times[phase]


def now() -> int:
    """Return the milliseconds since 1970."""
    return int(time.time() * 1_000)
