"""A local disk: a file is written beside its place and then put there, and both outlast a power failure."""

import errno
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

DEAD_SECONDS = 86_400
_PART = re.compile(r"\..+\.[0-9a-f]{32}")
_NOT_SYNCED = {errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.EOPNOTSUPP}
"""How a mount refuses to sync a folder, where it syncs files."""


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside `target`, so that no reader meets half a file; it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def sync(paths: Iterable[Path], root: Path) -> None:
    """Have the disk keep these files, and the folders that lead to them from `root`, before it returns."""
    found = list(paths)
    for path in found:
        _sync(path)
    for folder in {parent for path in found for parent in path.parents if parent.is_relative_to(root)}:
        try:
            _sync(folder)
        except OSError as error:
            if error.errno not in _NOT_SYNCED:
                raise


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove_dead_parts(folder: Path) -> None:
    """Remove the halves of files that killed writers left below a folder, a day after."""
    for part in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        with suppress(OSError):
            if _PART.fullmatch(part.name) and time.time() - part.stat().st_mtime > DEAD_SECONDS:
                part.unlink()


def look_at(path: Path) -> os.stat_result | None:
    """Look at a file; None if there is none, or a link to nothing, to itself or by too long a name."""
    try:
        return path.stat()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}:
            return None
        raise
