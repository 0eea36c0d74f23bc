"""The Jobs API 2.2, as far as one-time runs of one Python task need it."""

import itertools
import json
import re
import threading
from collections.abc import Callable, Sequence

from databricks.sdk.service.jobs import (
    JobAccessControlRequest,
    JobEmailNotifications,
    JobNotificationSettings,
    JobsHealthRules,
    QueueSettings,
    SubmitTask,
    WebhookNotifications,
)

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Call, Json, Refused, Route
from cloudflix_assets_tests.loopback.databricks.clusters import Clusters
from cloudflix_assets_tests.loopback.databricks.people import check_grant
from cloudflix_assets_tests.loopback.databricks.runs import Run, RunPlan
from cloudflix_assets_tests.loopback.databricks.shapes import check

BASE = r"/api/2\.[12]/jobs/runs"
SUBMIT = {"tasks": list, "run_name?": str, "idempotency_token?": str, "timeout_seconds?": int,
          "access_control_list?": list, "queue?": dict, "email_notifications?": dict,
          "notification_settings?": dict, "webhook_notifications?": dict, "health?": dict}  # fmt: skip
SHAPES = {"queue": QueueSettings, "email_notifications": JobEmailNotifications,
          "notification_settings": JobNotificationSettings, "webhook_notifications": WebhookNotifications,
          "health": JobsHealthRules}  # fmt: skip
TASK = {"task_key", "description", "spark_python_task", "new_cluster", "existing_cluster_id", "libraries",
        "timeout_seconds", "email_notifications", "notification_settings", "webhook_notifications",
        "health"}  # fmt: skip
LIST = {"active_only?": bool, "completed_only?": bool, "job_id?": int, "limit?": int, "offset?": int,
        "page_token?": str, "run_type?": str, "expand_tasks?": bool, "start_time_from?": int,
        "start_time_to?": int}  # fmt: skip
USUAL_LIMIT, MAX_LIMIT = 20, 25
MAX_TOKEN = 64
MAX_PARAMETERS = 10_000  # bytes of JSON
TASK_KEY = re.compile(r"[\w-]{1,100}")
MAX_LOGS = 5 * 1024 * 1024


class Jobs:
    """The runs of a workspace by id; each new run takes the first of `plans` that is for its name.

    Args:
        clusters: the clusters of the workspace.
        live: a function that executes a run; it is called in a thread of its own.
    """

    def __init__(self, clusters: Clusters, live: Callable[[Run], None]) -> None:
        self.clusters, self.live = clusters, live
        self.host = ""
        self.plans: list[RunPlan] = []
        self.runs: dict[int, Run] = {}
        self.by_token: dict[str, int] = {}
        self.threads: list[threading.Thread] = []
        self.ids = itertools.count(1_001)
        self.lock = threading.Lock()

    def routes(self) -> Sequence[Route]:
        """Return the routes of runs; there is none of jobs."""
        history = {"include_history?": bool, "include_resolved_values?": bool, "page_token?": str}
        return [
            Route("POST", f"{BASE}/submit", self._submit, SUBMIT),
            Route("GET", f"{BASE}/get", self._get, {"run_id": int, **history}),
            Route("GET", f"{BASE}/get-output", self._output, {"run_id": int}),
            Route("POST", f"{BASE}/cancel", self._cancel, {"run_id": int}),
            Route("GET", f"{BASE}/list", self._list, LIST),
        ]

    def forget(self) -> None:
        """Forget all runs and their idempotency tokens; the runs must have ended."""
        self.runs.clear()
        self.by_token.clear()
        self.threads.clear()

    def _submit(self, call: Call) -> Json:
        token = call.get("idempotency_token")
        if token and len(token) > MAX_TOKEN:
            raise Refused(400, BAD, f"idempotency_token has more than {MAX_TOKEN} characters")
        self._check(call)
        with self.lock:
            if token in self.by_token:
                return {"run_id": self.by_token[token]}
            run = self._new(dict(call.fields))
            if token:
                self.by_token[token] = run.run_id
        thread = threading.Thread(target=self.live, args=(run,), name=f"run {run.run_id}", daemon=True)
        self.threads.append(thread)
        thread.start()
        return {"run_id": run.run_id}

    def _check(self, call: Call) -> None:
        if len(call["tasks"]) != 1:
            raise Refused(400, BAD, f"A run of the loopback has one task, not {len(call['tasks'])}")
        task = call["tasks"][0]
        check(task, SubmitTask, "tasks[0]")
        for name in set(SHAPES) & set(call.fields):
            check(call[name], SHAPES[name], name)
        for index, grant in enumerate(call.get("access_control_list", [])):
            check_grant(grant, JobAccessControlRequest, f"access_control_list[{index}]")
        _check_code(task)
        if ("new_cluster" in task) == ("existing_cluster_id" in task):
            raise Refused(400, BAD, "Exactly one of new_cluster, existing_cluster_id must be given")
        if "new_cluster" in task:
            self.clusters.check(task["new_cluster"])
        else:
            self.clusters.existing(task["existing_cluster_id"])

    def _new(self, body: Json) -> Run:
        task, name = body["tasks"][0], str(body.get("run_name", "Untitled"))
        plan = next((plan for plan in self.plans if plan.is_for(name)), None)
        if plan:
            self.plans.remove(plan)
        if "new_cluster" in task:
            cluster = self.clusters.add(task["new_cluster"], "JOB")
        else:
            cluster = self.clusters.existing(task["existing_cluster_id"])
        ids = [next(self.ids) for _ in range(3)]
        run = Run(ids[0], ids[1], ids[2], body, plan or RunPlan(), cluster)
        self.runs[run.run_id] = run
        return run

    def _get(self, call: Call) -> Json:
        return self._run(call["run_id"]).describe(self.host)

    def _output(self, call: Call) -> Json:
        """Return the output of a task's run; refuse the run as a whole, which has none."""
        if call["run_id"] in self.runs:
            several = "Retrieving the output of runs with multiple tasks is not supported."
            raise Refused(
                400, BAD, f"{several} Please retrieve the output of each individual task run instead."
            )
        run, told = self._run(call["run_id"]), {}
        logs = run.logs if run.plan.logs is None else run.plan.logs
        if error := run.plan.error or run.error:
            told = {"error": error, "error_trace": run.plan.error_trace or run.error_trace or ""}
        output = {"logs": logs[-MAX_LOGS:], "logs_truncated": len(logs) > MAX_LOGS}
        return {"metadata": run.describe(self.host), **output, **told}

    def _cancel(self, call: Call) -> Json:
        """Ask a run to end, and answer without waiting for its end."""
        self._run(call["run_id"]).stop("user")
        return {}

    def _list(self, call: Call) -> Json:
        if call.get("active_only") and call.get("completed_only"):
            raise Refused(400, BAD, "Only one of active_only, completed_only can be true")
        limit = call.get("limit", USUAL_LIMIT) or MAX_LIMIT
        if not 0 < limit <= MAX_LIMIT:
            raise Refused(400, BAD, f"limit must be from 1 to {MAX_LIMIT}")
        first = int(call.get("page_token") or call.get("offset", 0))
        found = [run for run in reversed(list(self.runs.values())) if _is_asked_for(run, call)]
        tasks, last = call.get("expand_tasks", False), first + limit
        page = [run.describe(self.host, tasks=tasks) for run in found[first:last]]
        more = last < len(found)
        token = {"next_page_token": str(last)} if more else {}
        return {"runs": page, "has_more": more, **token}

    def _run(self, run_id: int) -> Run:
        for run in list(self.runs.values()):
            if run_id in {run.run_id, run.task_run_id}:
                return run
        raise Refused(400, BAD, f"Run {run_id} does not exist.")


def _check_code(task: Json) -> None:
    if undone := sorted(set(task) - TASK):
        raise Refused(400, BAD, f"The loopback does not do {', '.join(undone)}")
    if not TASK_KEY.fullmatch(task["task_key"]):
        raise Refused(400, BAD, f"Task key {task['task_key']} may have letters, digits, - and _ only")
    if "spark_python_task" not in task:
        raise Refused(400, BAD, "Missing required field: tasks[0].spark_python_task")
    if task["spark_python_task"].get("source", "WORKSPACE") != "WORKSPACE":
        raise Refused(400, BAD, "The loopback takes Python files from no Git repository")
    if len(json.dumps(task["spark_python_task"].get("parameters", []))) > MAX_PARAMETERS:
        raise Refused(400, BAD, f"The parameters have more than {MAX_PARAMETERS} bytes of JSON")


def _is_asked_for(run: Run, call: Call) -> bool:
    is_over = run.ended.is_set()
    return (
        not (call.get("active_only") and is_over)
        and not (call.get("completed_only") and not is_over)
        and call.get("job_id", run.job_id) == run.job_id
        and call.get("run_type", "SUBMIT_RUN") == "SUBMIT_RUN"
        and call.get("start_time_from", 0) <= run.created <= call.get("start_time_to", run.created)
    )
