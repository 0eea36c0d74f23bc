"""A proxy in front of Azurite that sees every call, and lets some of them go wrong.

    proxy.fault(reset, kind="put-if-absent", path="_delta_log/", when="after")

The server has then made the commit, and the writer does not know.
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
from cloudflix_assets_tests.loopback.azure.calls import KINDS, Call, Kind, understood
from cloudflix_assets_tests.loopback.azure.faults import Ended, Fault, Outcome
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, Upstream, serving

When = Literal["before", "after"]
ALWAYS = None


@dataclass
class Rule:
    """Which calls a fault is for; `left` counts those to come, None all."""

    what: Callable[[Call], Fault]
    kind: Kind | None
    path: str
    when: When
    left: int | None

    def takes(self, call: Call, when: When) -> bool:
        """Whether this call is one; it is then counted."""
        there = f"{call.container}/{call.path}"
        if self.left == 0 or when != self.when or self.kind not in {None, call.kind}:
            return False
        if not re.search(self.path, there):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Proxy:
    """One between clients and an account.

    Attributes:
        calls: those that came, in that order.
        hierarchical: the account has a hierarchy (`hierarchical.azurite`), so calls of DFS are right.
        wrong: requests that the service would not have understood; a test that makes any is wrong.
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
        """The key of the account behind the proxy."""
        return "https" if self.tls else "http"

    @property
    def endpoint(self) -> str:
        """To be used in place of the account's own, from any process."""
        return f"{self.scheme}://127.0.0.1:{self.port}/{ACCOUNT}"

    @contextmanager
    def serving(self) -> Iterator["Proxy"]:
        """On a free port of this machine."""
        with serving(self._answer, self.wrong, self.tls) as self.port:
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
        """Let something happen to the next calls of a kind to `container/path`, which `path` is searched in.

        Before the server was asked, or after: it has then done what it was asked for. Of several that fit
        a call all happen, until one has answered. `times` may be `ALWAYS`.
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
        """Call back while the client waits for its answer; then things go on."""

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
        """Nothing goes wrong from here on."""
        with self.lock:
            self.rules.clear()

    def counted(self, kind: Kind, path: str = "") -> int:
        """The number of calls of a kind so far."""
        return sum(call.kind == kind and bool(re.search(path, call.path)) for call in list(self.calls))

    def _answer(self, request: Request, handler: Handler) -> Reply | None:
        started = time.perf_counter()
        call = understood(request, self.wrong, hierarchical=self.hierarchical)
        self.calls.append(call)
        outcome = self._outcome(call, request, handler)
        call.seconds = time.perf_counter() - started
        if isinstance(outcome, Ended):
            return None
        # Before it is sent: the client's next step may be to look here.
        call.status, call.bytes = outcome.status, len(request.body) + len(outcome.body)
        return outcome

    def _outcome(self, call: Call, request: Request, handler: Handler) -> Reply | Ended:
        if before := self._happens("before", call, handler, None):
            return before
        served = self.upstream.send(request)
        call.served = served.status
        return self._happens("after", call, handler, served) or served

    def _happens(
        self, when: When, call: Call, handler: Handler, served: Reply | None
    ) -> Reply | Ended | None:
        with self.lock:
            taken = [rule for rule in self.rules if rule.takes(call, when)]
        for rule in taken:
            if outcome := rule.what(call)(handler, served):
                return outcome
        return None
