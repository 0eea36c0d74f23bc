"""Errors that an operator can correct, each with one sentence: what is wrong, where, and what to do."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

from spark.delivery.lines import DeliveryDefect, printable
from spark.quality.rules import ContractError
from spark.quality.verdict import UndeclaredReason


class CloudflixError(Exception):
    """Base of every error whose message is shown to users without a traceback."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


class StorageRefused(CloudflixError):
    """Storage does not do what it must: a full disk, a missing right, a file in the way, a denied account."""


class Trouble(NamedTuple):
    """What is wrong with storage, and what to do about it, both as parts of a sentence."""

    what: str
    remedy: str


TOLD = (CloudflixError, ContractError, DeliveryDefect, UndeclaredReason)
"""Errors whose message is shown to users as it is."""

_RIGHTS = Trouble("permission is denied", "give this user the right to read and write there")
_FULL = Trouble("no space is left on the disk", "make room there")
_FAILS = Trouble("the disk fails to read or write, or is full", "check it")
_REBUILT = (
    "restore it from a backup, or let `cloudflix run --stale` build its week anew, which `cloudflix status` "
    "names"
)
_FILE_OF_A_WEEK = re.compile(r"(\w+/(?!\w+_quarantine/)\w+)/week=(\d{4}-\d\d-\d\d)/")
_GONE = Trouble("a stored file is gone", _REBUILT)
_DAMAGED = Trouble("a stored Parquet file is damaged, its own or one that it reads", _REBUILT)
_LACKS = Trouble("the disk does not do what a lake needs", "see `cloudflix doctor`, which tries it")
_STORAGE = {
    os.strerror(errno.ENOSPC): _FULL,
    os.strerror(errno.EDQUOT): Trouble("the disk quota is used up", "make room there, or raise the quota"),
    os.strerror(errno.EFBIG): Trouble("a file grew beyond what this process may write", "raise `ulimit -f`"),
    os.strerror(errno.EACCES): _RIGHTS,
    os.strerror(errno.EPERM): Trouble(
        "the disk or its owner does not permit it",
        "give this user the right to read and write there, or use a disk on which `cloudflix doctor` finds "
        "nothing wrong",
    ),
    os.strerror(errno.ENOSYS): _LACKS,
    os.strerror(errno.EOPNOTSUPP): _LACKS,
    os.strerror(errno.ENOLCK): _LACKS,
    os.strerror(errno.EROFS): Trouble("the disk is read-only", "make it writable"),
    os.strerror(errno.ENOTDIR): Trouble("a file is where a folder should be", "move the file away"),
    os.strerror(errno.EIO): _FAILS,
    os.strerror(errno.ENOENT): _GONE,
    # The words of Sail and Spark.
    "FAILED_READ_FILE.FILE_NOT_EXIST": _GONE,
    "Parquet error": _DAMAGED,
    "Parquet argument error": _DAMAGED,
    "FAILED_READ_FILE": _DAMAGED,
    # The words of SQLite.
    "database or disk is full": _FULL,
    "attempt to write a readonly database": _RIGHTS,
    "unable to open database file": _RIGHTS,
    "disk I/O error": _FAILS,
}
"""Troubles by words in an error's text: Python, the engines and delta-rs share these words and no class."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its class if it has no message."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def storage_errors(place: str, troubles: Mapping[str, Trouble] = MappingProxyType({})) -> Iterator[None]:
    """Raise trouble with storage as StorageRefused, whether Python, an engine, delta-rs or SQLite met it.

    Args:
        place: the folder or address, which the message names.
        troubles: the troubles of this storage beside a disk's, by words in the error's text.

    Raises:
        StorageRefused: the disk is full, a right is missing, a file is in the way or gone, and the like.
    """
    try:
        yield
    except TOLD:
        raise
    except Exception as error:  # they share no base class; every other error is raised again
        for words, trouble in {**troubles, **_STORAGE}.items():
            if words in str(error):
                remedy = _remedy(trouble, str(error))
                raise StorageRefused(
                    f"{place}: {trouble.what}: {remedy}, then rerun; what was published before is untouched."
                ) from error
        raise


def _remedy(trouble: Trouble, text: str) -> str:
    """Return the remedy of a trouble; of a file in a table's week, the command that builds that anew."""
    if trouble.remedy != _REBUILT or not (found := _FILE_OF_A_WEEK.search(text)):
        return trouble.remedy
    table, week = found.groups()
    command = f"cloudflix run --week {week} --select {table} --force"
    return f"restore it from a backup, or build it anew with `{command}`"


def masked(value: object) -> str:
    """Return a value without secrets, for a sentence: one may be pasted into the wrong variable."""
    return _SECRET.sub("…", str(value).encode(errors="backslashreplace").decode())


def without_parameters(value: object) -> str:
    """Return a setting without secrets: of a web address the host, of text nothing behind a colon."""
    text = masked(value)
    if not (address := _ADDRESS.fullmatch(text)):
        return _BEHIND_COLON.sub(r"\1…", text)
    scheme, user, host, rest = address.groups()
    is_shown = rest in {"", "/"} or (rest.startswith("/") and not scheme.endswith(("http://", "https://")))
    shown = _PARAMETERS.sub("…", rest) if is_shown else "/…" if rest.startswith("/") else "…"
    return f"{scheme}{'…@' if user else ''}{host}{shown}"


_ADDRESS = re.compile(r"(?s)(.*?\w+://)((?<!abfss://).*@)?([^\s/?#;:]*(?::\d+(?![^\s/?#;]))?)(.*)")
_PARAMETERS = re.compile(r"(?s)(?<=[?#;]).+")
_BEHIND_COLON = re.compile(r"(?s)^(?!github:)([^:]*:)(?![\\/]).+")
_SECRET = re.compile(
    r"(?i)(?<=sig=)[^&;\s]+|(?<=key=)[^;\s]+|(?<=://)(?<!abfss://)[^/\s]+(?=@)|[a-z0-9+/]{86}=="
    r"|(?<=:)(?<!github:)[^\s:@/]\S*(?=@)|(?<=github:)[^\s:@/]+(?=@)"
    r"|(?<=token=)[^;\s]+|(?<=secret=)[^;\s]+|(?<=password=)[^;\s]+|(?<=bearer )\S+"
    r"|(?:dapi|dose)[a-z0-9-]{20,}|gh[opsru]_[a-z0-9]{20,}|github_pat_\w{20,}"
    r"|(?<=hooks.slack.com/)\S+|(?<=/webhook/)\S+"
)
"""A signature, a key in a connection string, a password in an address, a bare key of an account; a token or a
secret of a workspace; a token of GitHub; the path of a webhook."""
