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
    """The connection is over, and the client has no whole answer."""


Outcome = Reply | Ended | None
"""The answer to the client; None if the call goes on undisturbed."""

Fault = Callable[[Handler, Reply | None], Outcome]
"""Sees what the server answered: None before it was asked."""


def refusal(status: int, code: str, message: str = "") -> Reply:
    """An error in the form of the Blob service."""
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
    """Another status, with the error code that Azure has for it."""
    reply = refusal(status, code or CODES[status])
    if retry_after is not None:
        reply.headers.append(("Retry-After", str(retry_after)))
    return lambda handler, served: reply


def reset(handler: Handler, served: Reply | None) -> Outcome:
    """The connection is reset."""
    handler.reset()
    return Ended()


def cut(handler: Handler, served: Reply | None) -> Outcome:
    """The connection ends in the middle of the body; of the headers, where there is no body."""
    if served is None:
        raise ValueError('only an answer can be cut: when="after"')
    whole = handler.raw(served)
    body = 0 if handler.command == "HEAD" else len(served.body)
    handler.wfile.write(whole[: len(whole) - body + body // 2 if body else len(whole) // 2])
    handler.close_connection = True
    return Ended()


def timeout(seconds: float) -> Fault:
    """Nothing comes, and then the connection ends."""

    def stall(handler: Handler, served: Reply | None) -> Outcome:
        handler.pause(seconds)
        handler.close_connection = True
        return Ended()

    return stall


def latency(seconds: float) -> Fault:
    """Everything goes well, later."""

    def wait(handler: Handler, served: Reply | None) -> Outcome:
        handler.pause(seconds)
        return None

    return wait
