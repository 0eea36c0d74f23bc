"""Calls to a workspace: transient failures are retried, and a refusal becomes one sentence with a remedy."""

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
from cloudflix_assets.lake.waiting import waiting_for

T = TypeVar("T")

ATTEMPTS = 6
"""Tries per call. 2026-11-26: the SDK retries only 429, 503 and lost connections, for five minutes."""
_EXPIRED = re.compile(r"(?i)invalid access token|token (is )?expir|^(invalid|unauthorized)_client:")
"""Texts of a wrong or expired credential, because neither status nor class tells.

2026-11-26: a workspace answers 403 to a wrong token; the SDK raises a ValueError for a wrong secret.
"""


class WorkspaceRefused(CloudflixError):
    """The workspace denies access, or lacks something that the settings name."""


class WorkspaceSilent(Exception):
    """The workspace did not answer after several tries: whether it acted is not known."""


def patiently(call: Callable[[], T]) -> T:
    """Return the answer of an idempotent call, retried while its failure is transient.

    Raises:
        WorkspaceSilent: every try failed on the workspace's side.
        databricks.sdk.errors.DatabricksError: the workspace refused the call.
    """
    attempts = Retrying(
        retry=retry_if_exception(_is_transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=5),
        reraise=True,
    )
    try:
        with waiting_for("the Databricks workspace"):
            return attempts(lambda: _without_request_log(call))
    except Exception as error:  # SDK, requests and sockets share no base class; all others are raised again
        if _is_transient(error) or isinstance(error, TimeoutError):  # the SDK gave up
            raise WorkspaceSilent(" ".join(str(error).split()).rstrip(".")) from error
        raise


def _without_request_log(call: Callable[[], T]) -> T:
    """Call, and cut a logged request, which has the token, out of the error's text.

    2026-11-26: where an answer is no JSON, the SDK puts the whole request into its error.
    """
    try:
        return call()
    except DatabricksError as error:
        if "Request log:" in str(error):
            status = re.search(r"^< (.+)", str(error), re.MULTILINE)
            error.args = (f"a page in place of an answer: {status[1] if status else 'of no status'}",)
        raise


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, InternalError | TemporarilyUnavailable | DeadlineExceeded | ConnectionError):
        return True
    # 2026-11-26: for a status that it does not know, such as a proxy's 502, the SDK raises the base class.
    return type(error) is DatabricksError


@contextmanager
def explain_refusals(host: str) -> Iterator[None]:
    """Turn an error of the workspace at `host` into one sentence with a remedy.

    Raises:
        WorkspaceRefused: the workspace does not answer; the credential is wrong, expired or lacks a right;
            something that the settings name does not exist there.
    """
    try:
        yield
    except WorkspaceSilent as error:
        raise WorkspaceRefused(
            f"{host} does not answer ({_first(error)}): check the network, and try again."
        ) from error
    except (Unauthenticated, PermissionDenied, NotFound, BadRequest, ValueError) as error:
        if told := _refusal(host, error):
            raise WorkspaceRefused(told) from error
        raise


def _refusal(host: str, error: Exception) -> str | None:
    if isinstance(error, Unauthenticated) or _EXPIRED.search(str(error)):
        return (
            f"{host} does not accept the credential, or it has expired: make a new one, and set "
            "DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET."
        )
    if isinstance(error, PermissionDenied):
        return (
            f"{host} denies access ({_first(error)}): give this user or application the right, or choose "
            "another credential."
        )
    if isinstance(error, NotFound):
        return f"{host} does not have it ({_first(error)}): correct the setting."
    if isinstance(error, BadRequest):
        return f"{host} does not accept it ({_first(error)}): correct the setting."
    return None


def _first(error: Exception) -> str:
    """The first line of an error's text, without the configuration that the SDK appends."""
    return first_line(error).partition(". Config: ")[0].rstrip(".")
