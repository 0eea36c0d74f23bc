"""Faults between a client and GitHub, one answer at a time."""

import time
from collections.abc import Mapping

from cloudflix_assets_tests.loopback.github.server import Fault, Handler, Reply, error

STALLED_SECONDS = 1.0


def status(code: int, message: str = "no", headers: Mapping[str, str] | None = None) -> Fault:
    """Return a fault that answers with an error status."""
    return lambda handler, reply: error(code, message, headers)


def body(content: bytes, content_type: str = "text/html") -> Fault:
    """Return a fault that answers 200 with another body."""
    return lambda handler, reply: Reply(200, content, {"content-type": content_type})


def reset(handler: Handler, reply: Reply) -> None:
    """Reset the connection before the answer."""
    handler.reset()


def cut(handler: Handler, reply: Reply) -> None:
    """End the connection in the middle of the body."""
    handler.answer(Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers), len(reply.body))
    handler.close_connection = True


def stalled(handler: Handler, reply: Reply) -> None:
    """Send nothing for `STALLED_SECONDS`, and then end the connection."""
    time.sleep(STALLED_SECONDS)
    handler.close_connection = True


def short(handler: Handler, reply: Reply) -> Reply:
    """Return half of the body, with the Content-Length of the half."""
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def long(handler: Handler, reply: Reply) -> Reply:
    """Return a body that is longer than the size that GitHub lists for the file."""
    return Reply(reply.status, reply.body + b"1\r\n", reply.headers)


def flipped(handler: Handler, reply: Reply) -> Reply:
    """Change one byte of the body, and keep its length."""
    return Reply(reply.status, reply.body[:-3] + b"9" + reply.body[-2:], reply.headers)


def around(handler: Handler, reply: Reply) -> Reply:
    """Return a redirect to the address that was asked."""
    return Reply(302, b"{}", {"location": handler.path})
