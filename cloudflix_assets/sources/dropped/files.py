"""The files in `raw/landing/`: dropped by hand or by another tool, complete or still growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.sources.dropped.routing import Route, Unroutable, is_unfinished, route_of

DROP_FOLDER = "raw/landing"
SETTLED_AFTER = timedelta(seconds=30)
"""A file that was written to more recently may still be growing."""


@dataclass(frozen=True)
class DroppedFile:
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
        """The path as it was dropped, below `raw/landing/`."""
        return self.path.removeprefix(f"{DROP_FOLDER}/")

    @property
    def file(self) -> str:
        """Its last component."""
        return PurePosixPath(self.path).name

    def has_settled(self, now: datetime) -> bool:
        """Return whether nobody has written to it for a while."""
        return now - self.written >= SETTLED_AFTER


def dropped_files(lake: Lake) -> Sequence[DroppedFile]:
    """Return the files whose names do not say that they are unfinished, the oldest first."""
    found = [
        _dropped_file(stored) for stored in lake.files_below(DROP_FOLDER) if not is_unfinished(stored.path)
    ]
    return sorted(found, key=lambda file: (file.written, file.path))


def _dropped_file(stored: Stored) -> DroppedFile:
    route: Route | Unroutable
    try:
        route = route_of(stored.path.removeprefix(f"{DROP_FOLDER}/"))
    except Unroutable as reason:
        route = reason
    return DroppedFile(stored.path, stored.size, stored.written, route)
