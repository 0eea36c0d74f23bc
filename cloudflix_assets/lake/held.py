"""Files and folders that a process holds while it lives; the system lets go of those of a dead one at once.

No clock, process number or host name is asked: a lock is seen by every process that sees the disk.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import gettempdir, mkdtemp

_SPOOL = "cloudflix-spool-"


@contextmanager
def hold(path: Path) -> Iterator[bool]:
    """Hold a file or a folder in the block; yield False if another process holds it.

    Raises:
        FileNotFoundError: there is none.
    """
    held = os.open(path, os.O_RDONLY)
    try:
        yield _lock(held)
    finally:
        os.close(held)


@contextmanager
def spool() -> Iterator[Path]:
    """Yield an empty temporary folder that is removed after the block."""
    with ExitStack() as stack:
        folder = _held_folder(stack)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_dead_spools() -> None:
    """Remove the temporary folders of processes that were killed."""
    for folder in Path(gettempdir()).glob(f"{_SPOOL}*"):
        with suppress(OSError), hold(folder) as dead:
            if dead:
                shutil.rmtree(folder, ignore_errors=True)


def _held_folder(stack: ExitStack) -> Path:
    while True:
        folder = Path(mkdtemp(prefix=_SPOOL))
        with suppress(FileNotFoundError):
            if stack.enter_context(hold(folder)) and folder.is_dir():
                return folder  # else `remove_dead_spools` was faster


def _lock(held: int) -> bool:
    try:
        flock(held, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
