"""A run of one task: how it shall go, how it went, and what is told of it."""

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
PHASES = ("QUEUED", "PENDING", "RUNNING", "TERMINATING")  # and "ended"
V2 = {"INTERNAL_ERROR": "TERMINATED", "SKIPPED": "TERMINATED"}


@dataclass
class RunPlan:
    """The course of one run, the next whose name the pattern `name` is found in.

    Attributes:
        outcome: of the cluster and the Jobs service; what was `executed` ends as its code does.
        driver_lost_after_seconds: the driver is killed that long after its start, as by an eviction.
        timed_out_after_seconds, cancelled_after_seconds: by the service, by somebody in the workspace.
        cluster_shown_after_seconds: `cluster_instance` is told late.
        shows_result_early: `result_state` is there while it is TERMINATING.
        life, result: told in the end in place of its own, known to the SDK or not; "" is no result.
        error, error_trace, logs: told by get-output in place of its own.
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
        """Whether it is this run's."""
        return bool(re.search(self.name, run_name))


@dataclass(frozen=True)
class End:
    """The end of a run, in Databricks' words."""

    life: str
    result: str | None
    code: str
    kind: Literal["SUCCESS", "CLIENT_ERROR", "CLOUD_FAILURE", "INTERNAL_ERROR"]
    message: str = ""


@dataclass
class Run:
    """One run; its job is made for it, as `runs/submit` does.

    Attributes:
        created: when it was submitted, in milliseconds since 1970.
        times: when it entered each phase, so too.
        cancel: set when somebody or the service wants it to end; `stopped_by` says who.
        ended: set when it is over.
        driver_pid: of the process that executes it, once there is one.
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
        """Its only one."""
        task: Json = self.body["tasks"][0]
        return task

    @property
    def name(self) -> str:
        """The settings as submitted."""
        return str(self.body.get("run_name", "Untitled"))

    def enter(self, life: str, message: str = "") -> None:
        """Go on to a phase, at this moment."""
        with self.lock:
            self.times.setdefault(life, now())
            self.life, self.message = life, message

    def finish(self, end: End) -> None:
        """It is over, at this moment."""
        with self.lock:
            self.times["ended"] = now()
            self.life = end.life
            self.ended.set()

    def stop(self, by: Literal["user", "timeout"]) -> None:
        """Ask it to end; the first who asks is named."""
        if not self.ended.is_set():
            self.stopped_by = self.stopped_by or by
            self.cancel.set()

    def told(self, host: str, *, tasks: bool = True) -> Json:
        """The answer of `runs/get`; `runs/list` leaves the tasks out."""
        with self.lock:
            return self._told(host, tasks=tasks)

    def _told(self, host: str, *, tasks: bool) -> Json:
        page = f"{host}/?o=1#job/{self.job_id}/run/{self.run_id}"
        run = {"job_id": self.job_id, "run_id": self.run_id, "number_in_job": self.run_id,
               "original_attempt_run_id": self.run_id, "run_name": self.name, "run_type": "SUBMIT_RUN",
               "creator_user_name": USER, "run_page_url": page, "trigger": "ONE_TIME"}  # fmt: skip
        # The parts are told of tasks; of a run only the whole.
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
        """Milliseconds in a phase until the next that was entered; so far, while there is none."""
        if phase not in self.times:
            return 0
        later = (*PHASES[PHASES.index(phase) + 1 :], "ended")
        return next((self.times[next_] for next_ in later if next_ in self.times), now()) - self.times[phase]


def now() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1_000)
