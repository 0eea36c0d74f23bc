"""A proxy in front of Azurite: it records every call, and makes some of them fail.

    proxy.fault(reset, kind="put-if-absent", path="_delta_log/", when="after")

After this fault the server has made the commit, but the writer does not know it.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY, Azurite
from cloudflix_assets_tests.loopback.azure.calls import KINDS, Call, Kind, classify
from cloudflix_assets_tests.loopback.azure.faults import Ended, Fault, Outcome
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, Upstream, serve

When = Literal["before", "after"]
ALWAYS = None


@dataclass
class Rule:
    """The calls to which a fault happens; `left` is the number of those to come, None for all."""

    what: Callable[[Call], Fault]
    kind: Kind | None
    path: str
    when: When
    left: int | None

    def takes(self, call: Call, when: When) -> bool:
        """Return whether the fault happens to a call, and if so, count it."""
        there = f"{call.container}/{call.path}"
        if self.left == 0 or when != self.when or self.kind not in {None, call.kind}:
            return False
        if not re.search(self.path, there):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Proxy:
    """A proxy between clients and an account.

    Attributes:
        calls: the calls so far, in order.
        hierarchical: the account has a hierarchy (`hierarchical.azurite`), so calls of DFS are valid.
        wrong: the requests that the service would not understand; a test that makes any is wrong.
    """

    account, key = ACCOUNT, KEY

    def __init__(self, azurite: Azurite, tls: Authority | None = None, *, hierarchical: bool = False) -> None:
        self.upstream, self.tls, self.hierarchical = Upstream(azurite, tls), tls, hierarchical
        self.calls: list[Call] = []
        self.wrong: list[str] = []
        self.rules: list[Rule] = []
        self.lock = threading.Lock()
        self.port = 0

    @property
    def scheme(self) -> str:
        """The URL scheme of the proxy and of the account behind it."""
        return "https" if self.tls else "http"

    @property
    def endpoint(self) -> str:
        """The URL of the account behind the proxy, for clients in any process of this machine."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{ACCOUNT}"

    @contextmanager
    def serve(self) -> Iterator["Proxy"]:
        """Serve on a free port of this machine until the block ends."""
        with serve(self._answer, self.wrong, self.tls) as self.port:
            try:
                yield self
            finally:
                self.upstream.close()

    def fault(
        self,
        what: Fault,
        *,
        kind: Kind | None = None,
        path: str = "",
        times: int | None = 1,
        when: When = "before",
    ) -> Rule:
        """Inject a fault into the next calls of a kind whose `container/path` matches the pattern `path`.

        The fault happens before the server is asked, or after the server has done the call. Of several faults
        that fit a call, all happen until one answers. `times` may be `ALWAYS`.
        """
        return self._add(lambda call: what, kind, path, times, when)

    def hold(
        self,
        callback: Callable[[Call], object],
        *,
        kind: Kind | None = None,
        path: str = "",
        times: int | None = 1,
        when: When = "before",
    ) -> Rule:
        """Call a function while the client of the next calls waits for its answer; the call then goes on."""

        def held(call: Call) -> Fault:
            def wait(handler: Handler, served: Reply | None) -> Outcome:
                callback(call)
                return None

            return wait

        return self._add(held, kind, path, times, when)

    def _add(
        self, what: Callable[[Call], Fault], kind: Kind | None, path: str, times: int | None, when: When
    ) -> Rule:
        if kind not in {None, *KINDS}:
            raise ValueError(f"no call is of the kind {kind}; there are {', '.join(KINDS)}")
        rule = Rule(what, kind, path, when, times)
        with self.lock:
            self.rules.append(rule)
        return rule

    def heal(self) -> None:
        """Remove all faults and callbacks."""
        with self.lock:
            self.rules.clear()

    def counted(self, kind: Kind, path: str = "") -> int:
        """Return the number of calls of a kind so far whose path matches a pattern."""
        return sum(call.kind == kind and bool(re.search(path, call.path)) for call in list(self.calls))

    def _answer(self, request: Request, handler: Handler) -> Reply | None:
        started = time.perf_counter()
        call = classify(request, self.wrong, hierarchical=self.hierarchical)
        self.calls.append(call)
        outcome = self._forward(call, request, handler)
        call.seconds = time.perf_counter() - started
        if isinstance(outcome, Ended):
            return None
        # Recorded before the answer is sent, because the client's next step may be to read it.
        call.status, call.bytes = outcome.status, len(request.body) + len(outcome.body)
        return outcome

    def _forward(self, call: Call, request: Request, handler: Handler) -> Reply | Ended:
        if before := self._apply_faults("before", call, handler, None):
            return before
        served = self.upstream.send(request)
        call.served = served.status
        return self._apply_faults("after", call, handler, served) or served

    def _apply_faults(
        self, when: When, call: Call, handler: Handler, served: Reply | None
    ) -> Reply | Ended | None:
        with self.lock:
            taken = [rule for rule in self.rules if rule.takes(call, when)]
        for rule in taken:
            if outcome := rule.what(call)(handler, served):
                return outcome
        return None
