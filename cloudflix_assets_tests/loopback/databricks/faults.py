"""Faults between a client and the workspace.

    emulator.faults.append(Fault(r"POST .*/runs/submit", drop="after"))

After this fault the run is submitted, but the client does not know it.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloudflix_assets_tests.loopback.databricks.calls import json_reply
from cloudflix_assets_tests.loopback.web import Handler, Reply


@dataclass
class Fault:
    """A fault of the next requests whose "METHOD /path" matches a pattern.

    Attributes:
        first: the number of the first matching request to which it happens, from 1.
        times: the number of requests to which it happens; None for all.
        status: the status of the answer; 0 leaves the workspace's own answer.
        body: the raw body of an answer that is no JSON (a proxy page); None is Databricks' form of an error.
        delay_seconds: the delay before anything else.
        drop: the connection ends unanswered, before the workspace is asked or after it has done the call.
        seen, happened: how many requests have matched, and to how many the fault has happened.
    """

    pattern: str
    status: int = 0
    code: str = "TEMPORARILY_UNAVAILABLE"
    message: str = "The service is temporarily unavailable."
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay_seconds: float = 0.0
    drop: Literal["before", "after"] | None = None
    first: int = 1
    times: int | None = 1
    seen: int = 0
    happened: int = 0

    def __post_init__(self) -> None:
        if not (self.status or self.drop or self.delay_seconds):
            raise ValueError("a fault has a status, a drop or a delay")
        if self.status and self.drop:
            raise ValueError("a fault answers with a status or drops the connection, never both")

    def takes(self, line: str) -> bool:
        """Return whether the fault happens to a request, and count the request."""
        if not re.search(self.pattern, line):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.happened >= self.times):
            return False
        self.happened += 1
        return True

    def reply(self) -> Reply:
        """Return the answer of a fault that has a status."""
        if self.body is None:
            reply = json_reply({"error_code": self.code, "message": self.message}, self.status)
        else:
            reply = Reply(self.status, [("Content-Type", "text/html")], self.body)
        reply.headers += list(self.headers.items())
        return reply

    def before(self, handler: Handler) -> Reply | Literal["dropped"] | None:
        """Delay, drop or answer a request before the workspace is asked; return None to ask it."""
        handler.pause(self.delay_seconds)
        if self.drop == "before":
            handler.reset()
            return "dropped"
        return self.reply() if self.status else None


class Faults(list[Fault]):
    """The faults to come; of several that match a request, the first happens."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def take(self, line: str) -> Fault | None:
        """Return the fault that happens to a request, or None; count the request."""
        with self._lock:
            return next((fault for fault in list(self) if fault.takes(line)), None)
