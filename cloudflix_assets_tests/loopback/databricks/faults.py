"""What goes wrong between a client and the workspace.

    emulator.faults.append(Fault(r"POST .*/runs/submit", drop="after"))

The run has then been submitted, and the client does not know.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloudflix_assets_tests.loopback.databricks.calls import answered
from cloudflix_assets_tests.loopback.web import Handler, Reply


@dataclass
class Fault:
    """Happens to requests whose "METHOD /path" the pattern is found in.

    Attributes:
        first: the occurrence that it begins with, from 1.
        times: to how many it happens; None to all.
        status: answered in place of the workspace's own; 0 leaves that.
        body: raw, for what is no JSON (a proxy's page); by default Databricks' form of an error.
        delay_seconds: before anything else.
        drop: the connection ends unanswered, before the workspace is asked, or after it did what was asked.
        happened: how often it did.
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
        """Whether it happens to this request; it is then counted."""
        if not re.search(self.pattern, line):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.happened >= self.times):
            return False
        self.happened += 1
        return True

    def reply(self) -> Reply:
        """The answer of a fault that has a status."""
        if self.body is None:
            reply = answered({"error_code": self.code, "message": self.message}, self.status)
        else:
            reply = Reply(self.status, [("Content-Type", "text/html")], self.body)
        reply.headers += list(self.headers.items())
        return reply

    def before(self, handler: Handler) -> Reply | Literal["dropped"] | None:
        """The answer in place of the workspace's; None if the workspace is asked."""
        handler.pause(self.delay_seconds)
        if self.drop == "before":
            handler.reset()
            return "dropped"
        return self.reply() if self.status else None


class Faults(list[Fault]):
    """Those to come; of several that fit a request, the first takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def taken(self, line: str) -> Fault | None:
        """The fault that happens to a request, if one does."""
        with self._lock:
            return next((fault for fault in list(self) if fault.takes(line)), None)
