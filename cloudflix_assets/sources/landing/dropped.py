"""What lies in `raw/landing/`: dropped by hand or by another tool, whole or still growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

from pyarrow.fs import FileInfo, FileSelector, FileType

from cloudflix_assets.lake import Lake
from cloudflix_assets.sources.landing.routing import Route, Unroutable, is_unfinished, routed

LANDING = "raw/landing"
SETTLED_AFTER = timedelta(seconds=30)
"""A file that was written to more recently may still be growing."""


@dataclass(frozen=True)
class Dropped:
    """One file.

    Args:
        path: in the lake.
        route: its dataset and week, or why it has none.
    """

    path: str
    size: int
    written: datetime
    route: Route | Unroutable

    @property
    def name(self) -> str:
        """As it was dropped, below `raw/landing/`."""
        return self.path.removeprefix(f"{LANDING}/")

    @property
    def file(self) -> str:
        """Its last component."""
        return PurePosixPath(self.path).name

    def has_settled(self, now: datetime) -> bool:
        """Nobody has written to it for a while."""
        return now - self.written >= SETTLED_AFTER


def dropped(lake: Lake) -> Sequence[Dropped]:
    """Every finished-looking file, those written first first."""
    selector = FileSelector(LANDING, recursive=True, allow_not_found=True)
    files = [info for info in lake.files.get_file_info(selector) if info.type is FileType.File]
    found = [_of(info) for info in files if not is_unfinished(info.path)]
    return sorted(found, key=lambda file: (file.written, file.path))


def _of(info: FileInfo) -> Dropped:
    route: Route | Unroutable
    try:
        route = routed(info.path.removeprefix(f"{LANDING}/"))
    except Unroutable as reason:
        route = reason
    written = datetime.fromtimestamp(info.mtime_ns / 1e9, UTC)
    return Dropped(info.path, info.size, written, route)
