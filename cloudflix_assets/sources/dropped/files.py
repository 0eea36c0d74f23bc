"""What lies in `raw/landing/`: dropped by hand or by another tool, whole or still growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.sources.dropped.routing import Route, Unroutable, is_unfinished, routed

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
    found = [_of(stored) for stored in lake.files_below(LANDING) if not is_unfinished(stored.path)]
    return sorted(found, key=lambda file: (file.written, file.path))


def _of(stored: Stored) -> Dropped:
    route: Route | Unroutable
    try:
        route = routed(stored.path.removeprefix(f"{LANDING}/"))
    except Unroutable as reason:
        route = reason
    return Dropped(stored.path, stored.size, stored.written, route)
