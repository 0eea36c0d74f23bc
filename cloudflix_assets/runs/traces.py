"""Stack traces of errors that are told in a sentence: Dagster stores the sentence alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from cloudflix_assets.instance.failures import LOG


class _Traces(logging.Handler):
    """Keeps what is logged, with its stack trace."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.found.append(self.format(record))


@contextmanager
def keep_traces() -> Iterator[list[str]]:
    """Collect the stack traces of errors that become sentences within the block, in this process."""
    handler = _Traces()
    LOG.setLevel(logging.DEBUG)
    LOG.addHandler(handler)
    try:
        yield handler.found
    finally:
        LOG.removeHandler(handler)
