"""How often a commit is tried, and after what."""

from deltalake.exceptions import CommitFailedError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

ATTEMPTS, LOST = 12, 3
"""How often a commit is tried: against other writers, and while storage does not answer."""


class AnswerLost(OSError):
    """Nobody knows whether a commit was made: the next attempt looks."""


def attempts() -> Retrying:
    """Attempts at a commit; the loop ends without one when other writers kept winning.

    Raises:
        AnswerLost: storage did not answer, and again not.
    """
    return Retrying(
        retry=retry_if_exception_type((CommitFailedError, AnswerLost)),
        stop=_enough,
        wait=wait_random_exponential(multiplier=0.05, max=2),
        retry_error_callback=_given_up,
    )


def _enough(state: RetryCallState) -> bool:
    return state.attempt_number >= (LOST if isinstance(_met(state), AnswerLost) else ATTEMPTS)


def _given_up(state: RetryCallState) -> None:
    if isinstance(lost := _met(state), AnswerLost):
        raise lost


def _met(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
