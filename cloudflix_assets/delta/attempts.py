"""Retry a commit that lost against another writer or whose answer was lost; no other one."""

from deltalake.exceptions import CommitFailedError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from cloudflix_assets.delta.week import WeekOfTable
from cloudflix_assets.errors import CloudflixError

ATTEMPTS, LOST = 12, 3
"""The number of attempts against other writers, and while storage does not answer."""


class AnswerLost(OSError):
    """Storage did not answer a commit, which may have been made: the next attempt looks for it."""


class CommitRefused(CloudflixError):
    """The table does not accept a commit, whoever else writes: every attempt would fail alike."""


def commit_refused(week: WeekOfTable, reason: str) -> CommitRefused:
    """Return the error for a week whose commit delta-rs or Spark refuses, in its own words."""
    return CommitRefused(
        f"{week}: the table does not accept the commit ({reason.strip().rstrip('.')}): undo the property or "
        "feature that forbids it, or move the table away and rerun its weeks; nothing was committed."
    )


def attempts() -> Retrying:
    """Return the attempts at a commit, each a context in which the commit is made.

    The loop ends normally when other writers won every attempt.

    Raises:
        AnswerLost: storage did not answer the last of the attempts that it is given.
    """
    return Retrying(
        retry=retry_if_exception_type((CommitFailedError, AnswerLost)),
        stop=_is_last,
        wait=wait_random_exponential(multiplier=0.05, max=2),
        retry_error_callback=_raise_if_lost,
    )


def _is_last(state: RetryCallState) -> bool:
    return state.attempt_number >= (LOST if isinstance(_error_of(state), AnswerLost) else ATTEMPTS)


def _raise_if_lost(state: RetryCallState) -> None:
    if isinstance(lost := _error_of(state), AnswerLost):
        raise lost


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
