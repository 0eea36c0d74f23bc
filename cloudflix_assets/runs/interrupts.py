"""Ctrl-C, and a supervisor's SIGTERM, which is treated alike.

Outside a run it raises KeyboardInterrupt. During a run Dagster raises it inside steps alone; what comes
at other moments is noted. Once one was seen the process is on its way out, and further ones are
ignored: they could only tear up an orderly end.
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
    """Whether one was seen."""

    seen: bool = False


_NOTED = Noted()


def raise_interrupts() -> None:
    """From here on an interrupt is a KeyboardInterrupt."""
    for number in _SIGNALS:
        signal.signal(number, _raise)


def raise_swallowed_interrupt() -> None:
    """Raise one that came earlier: imports of some libraries are wrapped in a bare `except`."""
    if _NOTED.seen:
        raise KeyboardInterrupt


def ignore_interrupts() -> None:
    """From here on nothing is left to interrupt."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def leave_at_once(code: int) -> NoReturn:
    """End without what libraries do at exit: a Spark Connect client may wait for ever for its server."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def note_interrupts() -> Iterator[Noted]:
    """Note interrupts, except where somebody inside handles them; after the first, ignore them for good."""
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
