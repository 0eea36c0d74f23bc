"""A loopback Databricks workspace: the REST API over real files, and jobs that really run.

    with Emulator(folder) as emulator:
        client = WorkspaceClient(host=emulator.host, token=emulator.token)

`python -m cloudflix_assets_tests.loopback.databricks` serves one by hand. It follows Databricks' public
documentation and databricks-sdk 0.60; it was never compared with a real workspace.
"""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cloudflix_assets_tests.loopback.databricks.calls import Misunderstood, Refused, Route, json_reply
from cloudflix_assets_tests.loopback.databricks.clusters import Clusters
from cloudflix_assets_tests.loopback.databricks.dbfs import Dbfs
from cloudflix_assets_tests.loopback.databricks.drivers import Drivers
from cloudflix_assets_tests.loopback.databricks.faults import Faults
from cloudflix_assets_tests.loopback.databricks.jobs import Jobs
from cloudflix_assets_tests.loopback.databricks.lives import Life
from cloudflix_assets_tests.loopback.databricks.people import People
from cloudflix_assets_tests.loopback.databricks.runs import Run
from cloudflix_assets_tests.loopback.databricks.secret_scopes import SecretScopes
from cloudflix_assets_tests.loopback.databricks.sessions import Kind, make_session
from cloudflix_assets_tests.loopback.databricks.storage import Storage
from cloudflix_assets_tests.loopback.databricks.tokens import Tokens
from cloudflix_assets_tests.loopback.databricks.volume_files import VolumeFiles
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, serve

VOLUME = "main.cloudflix.staging"


@dataclass
class Asked:
    """A request, and the status of its answer.

    Attributes:
        status: the status of the answer; None before the answer, and if the client got none.
        seconds: the time of the request, in seconds since 1970.
    """

    method: str
    path: str
    seconds: float
    status: int | None = None

    @property
    def line(self) -> str:
        """The text in which the patterns of faults are searched."""
        return f"{self.method} {self.path}"


class Emulator:
    """A workspace with one user, one volume and one cluster that is not running.

    Args:
        root: the folder of its files; existing files are kept.
        kind: the kind of Spark that computes.
        port: the port to serve on; 0 chooses a free one.
        variables: variables of a Sail server, by which it reads an account.

    Attributes:
        requests: the requests so far, in order.
        faults: the faults of the requests to come.
        plans: the plans of the runs to come.
        starts: the starts of clusters so far.
        wrong: the requests that the service would not understand, and mistakes of the loopback itself; a test
            that makes any is wrong.
        cluster_id: the id of the cluster.
        volume: the path of the volume, under `/Volumes`.
    """

    def __init__(
        self, root: Path, *, kind: Kind = "sail", port: int = 0, variables: Mapping[str, str] | None = None
    ) -> None:
        self.root, self.port, self.host = root, port, ""
        self.requests: list[Asked] = []
        self.wrong: list[str] = []
        self.faults, self.tokens = Faults(), Tokens()
        self.storage, self.secrets, self.clusters = Storage(root), SecretScopes(), Clusters()
        self.session = make_session(kind, variables or {})
        self.drivers = Drivers(self.storage, self.secrets, self.session)
        self.jobs = Jobs(self.clusters, self._live)
        self.plans, self.starts = self.jobs.plans, self.clusters.starts
        self.people = People(self._is_known)
        self.volume = self.storage.add_volume(VOLUME)
        self.cluster_id = self.clusters.add().cluster_id
        parts = (
            Dbfs(self.storage),
            VolumeFiles(self.storage),
            self.jobs,
            self.clusters,
            self.secrets,
            self.people,
        )
        self.routes = [route for part in parts for route in part.routes()]
        self._open = contextlib.ExitStack()

    @property
    def token(self) -> str:
        """The personal access token."""
        return self.tokens.token

    @property
    def runs(self) -> list[Run]:
        """The runs so far, in the order of their submission."""
        return list(self.jobs.runs.values())

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a CloudFlix run against this workspace."""
        return {
            "DATABRICKS_HOST": self.host,
            "DATABRICKS_TOKEN": self.token,
            "CLOUDFLIX_DEPLOYMENT": "databricks",
            "CLOUDFLIX_DATABRICKS_CLUSTER": self.cluster_id,
            "CLOUDFLIX_DATABRICKS_STAGING": self.volume,
            "CLOUDFLIX_LAKE": str(self.root / "lake"),
        }

    def counted(self, method: str, path: str) -> int:
        """Return the number of requests with this method and a path with this ending."""
        return sum(asked.method == method and asked.path.endswith(path) for asked in list(self.requests))

    def __enter__(self) -> Self:
        self._open.callback(self.session.close)
        self._open.callback(self._end_runs)
        self._open.callback(self.drivers.closing.set)
        port = self._open.enter_context(serve(self._answer, self.wrong, port=self.port))
        self.host = self.tokens.host = self.jobs.host = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def reset(self) -> None:
        """End all runs, and clear faults, plans and logs for the next test; keep files and secrets."""
        self._end_runs()
        logs: list[list[Any]] = [self.requests, self.wrong, self.faults, self.plans, self.starts]
        for log in logs:
            log.clear()
        self.jobs.forget()
        self.tokens.renew()
        self.storage.dbfs_disabled = False
        for cluster in self.clusters.by_id.values():
            cluster.state = "TERMINATED"

    def _end_runs(self) -> None:
        for run in self.runs:
            run.stop("user")
        for thread in list(self.jobs.threads):
            thread.join()

    def _live(self, run: Run) -> None:
        if self.drivers.closing.is_set():
            run.stop("user")
        Life(run, self.clusters, self.drivers, self.wrong.append).live()

    def _is_known(self, kind: str, name: str) -> bool:
        jobs = {str(run.job_id) for run in self.runs}
        return name in (jobs if kind == "jobs" else self.clusters.by_id)

    def _answer(self, request: Request, handler: Handler) -> Reply | None:
        asked = Asked(request.method, request.path, time.time())
        self.requests.append(asked)
        fault = self.faults.take(asked.line)
        early = fault.before(handler) if fault else None
        if early == "dropped":
            return None
        reply = early or self._reply_to(request)
        if fault and fault.drop == "after":
            handler.reset()
            return None
        asked.status = reply.status
        return reply

    def _reply_to(self, request: Request) -> Reply:
        try:
            return self._route(request)
        except Misunderstood as refused:
            self.wrong.append(f"{request.method} {request.path}: {refused.message}")
            return refused.reply()
        except Refused as refused:
            return refused.reply()

    def _route(self, request: Request) -> Reply:
        if request.path == "/oidc/v1/token":
            return self.tokens.hand_out(request)
        if request.path.startswith("/oidc/"):
            return self._call(request, self.tokens.routes())
        self.tokens.check(request)
        return self._call(request, self.routes)

    def _call(self, request: Request, routes: Sequence[Route]) -> Reply:
        for route in routes:
            if call := route.call(request):
                told = route.answer(call)
                return told if isinstance(told, Reply) else json_reply(told)
        unknown = f"No API found for '{request.method} {request.path}'"
        raise Misunderstood(404, "ENDPOINT_NOT_FOUND", unknown)
