"""Ctrl-C, and a supervisor's SIGTERM, which is treated alike.

Outside a run an interrupt raises KeyboardInterrupt. During a run Dagster raises it inside steps only; an
interrupt at another moment is noted. After the first one the process is shutting down, and further ones
are ignored, because they would break an orderly end.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Noted:
    """Whether an interrupt was seen."""

    seen: bool = False


_NOTED = Noted()


def raise_interrupts() -> None:
    """Raise KeyboardInterrupt on every interrupt from here on."""
    for number in _SIGNALS:
        signal.signal(number, _raise)


def raise_swallowed_interrupt() -> None:
    """Raise KeyboardInterrupt if an earlier one was lost: some libraries import within a bare `except`."""
    if _NOTED.seen:
        raise KeyboardInterrupt


def ignore_interrupts() -> None:
    """Ignore every interrupt from here on."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave_at_once(code: int) -> NoReturn:
    """Exit without libraries' exit handlers: a Spark Connect client may wait for its server forever."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def note_interrupts() -> Iterator[Noted]:
    """Note interrupts within the block, unless code inside handles them; ignore them after the first."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield Noted()
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(_: int, __: FrameType | None) -> None:
        _NOTED.seen = True

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield _NOTED
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if _NOTED.seen else handler)


def _raise(_: int, __: FrameType | None) -> None:
    _NOTED.seen = True
    raise KeyboardInterrupt
