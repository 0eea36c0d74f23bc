"""Calls to a workspace: what passes is waited for, and what does not is told in a sentence."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from databricks.sdk.errors import (
    BadRequest,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    TemporarilyUnavailable,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from cloudflix_assets.errors import CloudflixError, first_line

T = TypeVar("T")

ATTEMPTS = 6
"""2026-11-26: the SDK itself repeats on 429, 503 and lost connections, for five minutes; on nothing else."""
_EXPIRED = re.compile(r"(?i)invalid access token|token (is )?expir|^(invalid|unauthorized)_client:")
"""2026-11-26: a workspace answers 403 to a wrong token; the SDK raises a ValueError for a wrong secret."""


class WorkspaceRefused(CloudflixError):
    """The workspace does not let us in, or lacks what the settings name."""


class WorkspaceSilent(Exception):
    """The workspace did not answer, again and again: whether it acted is not known."""


def patiently(call: Callable[[], T]) -> T:
    """The answer of a call that may be repeated.

    Raises:
        WorkspaceSilent: it failed on the workspace's side every time.
        databricks.sdk.errors.DatabricksError: it was refused.
    """
    attempts = Retrying(
        retry=retry_if_exception(_passes),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    try:
        return attempts(lambda: _discreet(call))
    except Exception as error:
        if _passes(error) or isinstance(error, TimeoutError):  # the SDK's, after its own five minutes
            raise WorkspaceSilent(" ".join(str(error).split()).rstrip(".")) from error
        raise


def _discreet(call: Callable[[], T]) -> T:
    """2026-11-26: of an answer that is no JSON the SDK tells the whole request, with its token."""
    try:
        return call()
    except DatabricksError as error:
        if "Request log:" in str(error):
            status = re.search(r"^< (.+)", str(error), re.MULTILINE)
            error.args = (f"a page in place of an answer: {status[1] if status else 'of no status'}",)
        raise


def _passes(error: BaseException) -> bool:
    if isinstance(error, InternalError | TemporarilyUnavailable | DeadlineExceeded | ConnectionError):
        return True
    # 2026-11-26: of a status that it does not know, a proxy's 502, the SDK raises the base itself.
    return type(error) is DatabricksError


@contextmanager
def refusing_entry(host: str) -> Iterator[None]:
    """Tell who is not let in.

    Raises:
        WorkspaceRefused: there is no answer; the credential is wrong or expired, or lacks a right; what it
            asks for is not there.
    """
    try:
        yield
    except WorkspaceSilent as error:
        raise WorkspaceRefused(
            f"{host} does not answer ({_first(error)}): check the network, and try again."
        ) from error
    except (Unauthenticated, PermissionDenied, NotFound, BadRequest, ValueError) as error:
        if told := _told(host, error):
            raise WorkspaceRefused(told) from error
        raise


def _told(host: str, error: Exception) -> str | None:
    if isinstance(error, Unauthenticated) or _EXPIRED.search(str(error)):
        return (
            f"{host} does not accept the credential, or it has expired: make a new one, and set "
            "DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET."
        )
    if isinstance(error, PermissionDenied):
        return (
            f"{host} denies it ({_first(error)}): give this user or application the right, or choose "
            "another credential."
        )
    if isinstance(error, NotFound):
        return f"{host} has no such thing ({_first(error)}): mend the setting."
    if isinstance(error, BadRequest):
        return f"{host} does not take it ({_first(error)}): mend the setting."
    return None


def _first(error: Exception) -> str:
    """Without the configuration, which the SDK adds to a refusal."""
    return first_line(error).partition(". Config: ")[0].rstrip(".")
