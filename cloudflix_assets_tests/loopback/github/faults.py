"""Faults between a client and GitHub, one answer at a time."""

import time
from collections.abc import Mapping

from cloudflix_assets_tests.loopback.github.server import Fault, Handler, Reply, error

STALLED_SECONDS = 1.0


def status(code: int, message: str = "no", headers: Mapping[str, str] | None = None) -> Fault:
    """Another status."""
    return lambda handler, reply: error(code, message, headers)


def body(content: bytes, content_type: str = "text/html") -> Fault:
    """A good status with something else in it."""
    return lambda handler, reply: Reply(200, content, {"content-type": content_type})


def reset(handler: Handler, reply: Reply) -> None:
    """The connection is reset before the answer."""
    handler.reset()


def cut(handler: Handler, reply: Reply) -> None:
    """The connection ends in the middle of the body."""
    handler.answer(Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers), len(reply.body))
    handler.close_connection = True


def stalled(handler: Handler, reply: Reply) -> None:
    """Nothing comes."""
    time.sleep(STALLED_SECONDS)
    handler.close_connection = True


def short(handler: Handler, reply: Reply) -> Reply:
    """Half of the bytes, said to be all."""
    return Reply(reply.status, reply.body[: len(reply.body) // 2], reply.headers)


def long(handler: Handler, reply: Reply) -> Reply:
    """More bytes than announced."""
    return Reply(reply.status, reply.body + b"1\r\n", reply.headers)


def flipped(handler: Handler, reply: Reply) -> Reply:
    """Change one byte and keep the length."""
    return Reply(reply.status, reply.body[:-3] + b"9" + reply.body[-2:], reply.headers)


def around(handler: Handler, reply: Reply) -> Reply:
    """A redirect to itself."""
    return Reply(302, b"{}", {"location": handler.path})
