"""How an error that an operator can correct fails a step: as one sentence, and for good.

The sentence is what Dagster stores, whatever the storage, in place of thirty lines of its own frames.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

# 2026-11-30: errors as Dagster 1.13 stores them are private. Drop once it exports them.
from dagster._core.errors import DagsterUserCodeProcessError
from dagster_shared.error import SerializableErrorInfo

from cloudflix_assets.errors import TOLD, masked
from cloudflix_assets.names import FINAL

LOG = logging.getLogger(__name__)
"""Receives the stack trace of each error that becomes a sentence, at the level DEBUG."""


class _Sentence(DagsterUserCodeProcessError):
    """An error that Dagster stores as given, without a stack trace, whatever the storage.

    2026-11-30: so it forwards errors of other processes. Drop once a `dg.Failure` may have no stack trace.
    """

    def __init__(self, sentence: str) -> None:
        told = SerializableErrorInfo(sentence, [], None)
        super().__init__(sentence, user_code_process_error_infos=[told])  # type: ignore[no-untyped-call]  # Dagster's


class FinalFailure(dg.Failure, _Sentence):
    """A failed step, stored as one sentence, which Dagster does not retry."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, allow_retries=False)


@contextmanager
def as_failure(instance: dg.DagsterInstance | None, run_id: str | None) -> Iterator[None]:
    """Turn an error of `TOLD` into a `FinalFailure` with its message, and tag the run as final.

    The stack trace goes to `LOG`.

    Args:
        instance: where the run is recorded; None outside of a run.
        run_id: of the run; None outside of one.
    """
    try:
        yield
    except TOLD as error:
        end_retries(instance, run_id)
        LOG.debug("%s", error, exc_info=error)
        raise FinalFailure(masked(error)) from error


def end_retries(instance: dg.DagsterInstance | None, run_id: str | None) -> None:
    """Tag a run so that Dagster's daemon does not retry it: `allow_retries` speaks for a step alone."""
    if instance and run_id and instance.has_run(run_id):  # the run of a launched step is known to its host
        instance.add_run_tags(run_id, {FINAL: "0"})
