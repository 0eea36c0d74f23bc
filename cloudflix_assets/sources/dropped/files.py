"""The files in `raw/landing/`: dropped by hand or by another tool, complete or still growing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored
from cloudflix_assets.sources.dropped.routing import Part, Route, Unroutable, is_unfinished, route_of
from spark.datasets import Dataset
from spark.delivery.lines import printable

DROP_FOLDER = "raw/landing"
SETTLED_AFTER = timedelta(seconds=30)
"""A file that was written to more recently may still be growing."""

MAX_NAME_BYTES = 150
"""File systems allow 255 bytes; a moment of arrival, a suffix and a temporary prefix are added."""

MOMENT = "%Y%m%dT%H%M%S%fZ"
"""Sorts by time as text."""


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
        """The path as it was dropped, below `raw/landing/`, with escapes for what cannot be printed."""
        return printable(self.path.removeprefix(f"{DROP_FOLDER}/"))

    @property
    def file(self) -> str:
        """Its last component."""
        return PurePosixPath(self.name).name

    def has_settled(self, now: datetime) -> bool:
        """Return whether nobody has written to it for a while."""
        return now - self.written >= SETTLED_AFTER


def dropped_files(lake: Lake, files: Sequence[Dataset]) -> Sequence[DroppedFile]:
    """Return the files whose names do not say that they are unfinished, the oldest first."""
    found = [
        _dropped_file(lake, stored, files)
        for stored in lake.files_below(DROP_FOLDER)
        if not is_unfinished(stored.path)
    ]
    return sorted(found, key=lambda file: (file.written, file.path))


def kept_as(name: str, arrived: datetime, part: Part | None = None) -> str:
    """Return the name under which a file is kept: it sorts by arrival, and any storage can hold it.

    The time of a file is its writer's, who may have copied it. Of a long name the part, the beginning and
    the end stay.
    """
    name = name.replace("/", "__").replace("\\", "_")
    text = name.encode()
    if len(text) > MAX_NAME_BYTES:
        number, of = part or Part(1, 1)
        start = f"part{number}of{of}-"
        half = MAX_NAME_BYTES // 2
        name = f"{start}{text[:half].decode(errors='ignore')}...{text[-half:].decode(errors='ignore')}"
    return f"{arrived.strftime(MOMENT)}-{name}"


def _dropped_file(lake: Lake, stored: Stored, files: Sequence[Dataset]) -> DroppedFile:
    route: Route | Unroutable
    name = printable(stored.path.removeprefix(f"{DROP_FOLDER}/"))
    try:
        route = route_of(name, files)
        if not stored.size and lake.size(stored.path) is None:
            route = Unroutable(f"{name} is no file but a link to nothing, a pipe or a device: drop a file.")
    except Unroutable as reason:
        route = reason
    return DroppedFile(stored.path, stored.size, stored.written, route)
