"""What a lake in a folder needs of its disk, each tried by itself."""

from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, flock

from cloudflix_assets.lake.disk import beside, sync
from cloudflix_assets.lake.local import LocalLake


def lacking(lake: LocalLake, place: str) -> str | None:
    """Try everything in the empty folder `place` of a lake; return the first trouble, or None.

    Raises:
        LakeRefused: the disk has no hard links.
    """
    for name, works, otherwise in _NEEDED:
        try:
            if not works(lake, place):
                return otherwise
        except OSError as error:
            return f"{name} fails ({error.strerror})"
    return None


def _syncs(lake: LocalLake, place: str) -> bool:
    with beside(lake.root / place / "file") as part:
        part.touch()
        sync([part], part.parent)
    return True  # else it has failed


def _makes_once(lake: LocalLake, place: str) -> bool:
    return [lake.write_new(f"{place}/file", b"") for _ in range(2)] == [True, False]


def _replaces(lake: LocalLake, place: str) -> bool:
    lake.write(f"{place}/file", b"replaced")
    return lake.read(f"{place}/file") == b"replaced"


def _lists(lake: LocalLake, place: str) -> bool:
    return lake.names(place) == ["file"]


def _excludes(lake: LocalLake, place: str) -> bool:
    with lake.lock(f"{place}/lock"), (lake.root / place / "lock").open("rb") as again:
        try:
            flock(again, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return True
        return False


_NEEDED: tuple[tuple[str, Callable[[LocalLake, str], bool], str], ...] = (
    ("syncing a file to disk", _syncs, ""),
    ("linking a file", _makes_once, "a hard link replaces a file that is there"),
    ("replacing a file by rename", _replaces, "a replaced file keeps its old content"),
    ("listing a folder", _lists, "a file that was written is not listed"),
    ("locking a file", _excludes, "a locked file can be locked again"),
)
"""What is tried, how, and what to say if it does not work without failing."""
