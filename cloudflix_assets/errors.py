"""What an operator can mend: one sentence that says what, where and what to do."""

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

import dagster as dg

from spark.delivery.lines import DeliveryDefect
from spark.quality.verdict import UndeclaredReason


class CloudflixError(Exception):
    """Base of every error whose message is all that its reader needs."""


class StorageRefused(CloudflixError):
    """A disk that is full, a right that is missing, a file in the way, an account that lets nobody in."""


class Trouble(NamedTuple):
    """What storage says is wrong, in our words, and what to do about it."""

    what: str
    remedy: str


TOLD = (CloudflixError, DeliveryDefect, UndeclaredReason)

_RIGHTS = Trouble("permission is denied", "give this user the right to read and write there")
_FULL = Trouble("no space is left on the disk", "make room there")
_FAILS = Trouble("the disk fails to read or write, or is full", "check it")
_REBUILT = "restore it from a backup, or add --force to build the week anew"
_GONE = Trouble("a stored file is gone", _REBUILT)
_DAMAGED = Trouble("a stored Parquet file is damaged", _REBUILT)
_STORAGE = {
    os.strerror(errno.ENOSPC): _FULL,
    os.strerror(errno.EDQUOT): Trouble("the disk quota is used up", "make room there, or raise the quota"),
    os.strerror(errno.EFBIG): Trouble("a file grew beyond what this process may write", "raise `ulimit -f`"),
    os.strerror(errno.EACCES): _RIGHTS,
    os.strerror(errno.EPERM): _RIGHTS,
    os.strerror(errno.EROFS): Trouble("the disk is read-only", "make it writable"),
    os.strerror(errno.ENOTDIR): Trouble("a file is where a folder should be", "move the file away"),
    os.strerror(errno.EIO): _FAILS,
    os.strerror(errno.ENOENT): _GONE,
    # Sail's and Spark's own words.
    "FAILED_READ_FILE.FILE_NOT_EXIST": _GONE,
    "Parquet error": _DAMAGED,
    "FAILED_READ_FILE": _DAMAGED,
    # SQLite's own words.
    "database or disk is full": _FULL,
    "attempt to write a readonly database": _RIGHTS,
    "unable to open database file": _RIGHTS,
    "disk I/O error": _FAILS,
}
"""What storage says, in the system's words: Python, engines and delta-rs agree on nothing else."""


@contextmanager
def as_failure() -> Iterator[None]:
    """Fail the Dagster step with the sentence of an error that a retry cannot mend."""
    try:
        yield
    except TOLD as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error


def first_line(error: BaseException) -> str:
    """What an error says, in a line; its kind, where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def storage_errors(place: str, troubles: Mapping[str, Trouble] = MappingProxyType({})) -> Iterator[None]:
    """Tell storage's own trouble, whoever met it: Python, an engine, delta-rs, SQLite.

    Args:
        place: where it is met.
        troubles: what else than a disk's may be met there, by words of the error's text.

    Raises:
        StorageRefused: the disk is full, a right is missing, a file is in the way or gone.
    """
    try:
        yield
    except TOLD:
        raise
    except Exception as error:  # Python, Sail, delta-rs and SQLite share no base; none is swallowed
        for words, trouble in {**troubles, **_STORAGE}.items():
            if words in str(error):
                raise StorageRefused(
                    f"{place}: {trouble.what}: {trouble.remedy}, then rerun; what was published before is "
                    "untouched."
                ) from error
        raise
