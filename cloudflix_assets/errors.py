"""What an operator can mend: one sentence that says what, where and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from spark.delivery import DeliveryDefect
from spark.quality import UndeclaredReason


class CloudflixError(Exception):
    """Base of every error whose message is all that its reader needs."""


TOLD = (CloudflixError, DeliveryDefect, UndeclaredReason)


@contextmanager
def told() -> Iterator[None]:
    """Fail the Dagster step with the sentence of an error that a retry cannot mend."""
    try:
        yield
    except TOLD as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
