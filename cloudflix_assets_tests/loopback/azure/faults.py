"""Faults between a client and the account, as Azure would show them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from cloudflix_assets_tests.loopback.web import Handler, Reply

CODES = {
    400: "InvalidInput",
    401: "NoAuthenticationInformation",
    403: "AuthorizationFailure",
    404: "BlobNotFound",
    409: "BlobAlreadyExists",
    412: "ConditionNotMet",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
}
REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Ended:
    """The outcome of a connection that ended before the client had a whole answer."""


Outcome = Reply | Ended | None
"""The outcome of a fault: an answer, an ended connection, or None if the call goes on undisturbed."""

Fault = Callable[[Handler, Reply | None], Outcome]
"""A function that makes the fault; it gets the server's answer, or None before the server is asked."""


def refusal(status: int, code: str, message: str = "") -> Reply:
    """Return an error answer in the form of the Blob service."""
    told = f"{message or code}\nRequestId:{REQUEST_ID}\nTime:{datetime.now(UTC):%FT%T.%f0Z}"
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{told}</Message></Error>'
    )
    headers = [
        ("Content-Type", "application/xml"),
        ("x-ms-error-code", code),
        ("x-ms-request-id", REQUEST_ID),
    ]
    return Reply(status, headers, text.encode())


def status(status: int, code: str | None = None, retry_after: int | None = None) -> Fault:
    """Return a fault that answers with a status and, by default, Azure's error code for it."""
    reply = refusal(status, code or CODES[status])
    if retry_after is not None:
        reply.headers.append(("Retry-After", str(retry_after)))
    return lambda handler, served: reply


def reset(handler: Handler, served: Reply | None) -> Outcome:
    """Reset the connection."""
    handler.reset()
    return Ended()


def cut(handler: Handler, served: Reply | None) -> Outcome:
    """End the connection in the middle of the body; if there is no body, in the middle of the headers."""
    if served is None:
        raise ValueError('only an answer can be cut: when="after"')
    whole = handler.raw(served)
    body = 0 if handler.command == "HEAD" else len(served.body)
    handler.wfile.write(whole[: len(whole) - body + body // 2 if body else len(whole) // 2])
    handler.close_connection = True
    return Ended()


def timeout(seconds: float) -> Fault:
    """Return a fault that sends nothing for some seconds, and then ends the connection."""

    def stall(handler: Handler, served: Reply | None) -> Outcome:
        handler.pause(seconds)
        handler.close_connection = True
        return Ended()

    return stall


def latency(seconds: float) -> Fault:
    """Return a fault that only delays a call by some seconds."""

    def wait(handler: Handler, served: Reply | None) -> Outcome:
        handler.pause(seconds)
        return None

    return wait
