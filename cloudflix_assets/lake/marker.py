"""The marker of a lake: its format, its source, and where that source lies."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Self

FORMAT = 1


@dataclass(frozen=True)
class Place:
    """Where a source lies that is known by a name.

    Args:
        at: an absolute path, or an address.
        vouched: the user has given the name, and so says that the source may lie elsewhere than before.
    """

    at: str
    vouched: bool = False


@dataclass(frozen=True)
class Mode:
    """What undeclared columns do in a lake.

    Args:
        drift: `rescue`, `evolve` or `fail`.
        is_declared: the user has set it, and so says that it may be another one than before.
    """

    drift: str
    is_declared: bool = False


@dataclass(frozen=True)
class Marker:
    """What a lake remembers of its source; those of earlier versions have no place and no drift.

    Args:
        source: its identity, `directory:netflix`.
        place: where it lies.
        from_lake: the same, relative to the lake's folder, with which it may be moved; None for an address.
        format: of the lake.
        claim: a random text, by which a run sees that the lake was emptied and claimed anew.
        drift: what undeclared columns do.
    """

    source: str
    place: str | None = None
    from_lake: str | None = None
    format: object = FORMAT
    claim: str | None = None
    drift: str | None = None

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """Return the marker that a file holds, or None if it holds none."""
        try:
            stored = dict(json.loads(content))
            texts = {name: stored.get(name) for name in ("place", "from_lake", "claim", "drift")}
            if not all(isinstance(told, str | None) for told in (stored["source"], *texts.values())):
                return None
            return cls(stored["source"], format=stored["format"], **texts)
        except (ValueError, TypeError, KeyError):
            return None

    @property
    def name(self) -> str:
        """The source's name, `netflix`."""
        return self.source.partition(":")[2]

    @property
    def options(self) -> str:
        """How a user names the source again: `--source landing`."""
        kind, _, name = self.source.partition(":")
        if kind == "directory":
            named, own = self.place or name, Path(self.place or name).name
        else:
            named, own = (kind, "") if kind == "landing" else (self.source, name)
        return f"--source {quote(named)}" + (
            f" and CLOUDFLIX_SOURCE_NAME={quote(name)}" if name != own else ""
        )

    def as_bytes(self) -> bytes:
        """Return the content of the file."""
        told = {
            "format": self.format,
            "source": self.source,
            "place": self.place,
            "from_lake": self.from_lake,
            "claim": self.claim,
            "drift": self.drift,
        }
        return f"{json.dumps({name: value for name, value in told.items() if value}, indent=2)}\n".encode()

    def may_be_at(self, other: "Marker") -> bool:
        """Whether two markers may mean one source: it lies at the same place, or was moved with the lake.

        A symbolic link is where it leads to, and what it leads to may change.
        """
        if self.place is None or other.place is None or self.place == other.place:
            return True
        is_as_far = self.from_lake is not None and self.from_lake == other.from_lake
        # Where the old place is still there, the lake was copied beside another source.
        moved_together = is_as_far and not Path(self.place).exists()
        return moved_together or (_is_path(self.place) and _real(self.place) == _real(other.place))


def relative(place: str, root: Path) -> str | None:
    """Return a path relative to the folder of a lake; None for an address."""
    return os.path.relpath(_real(place), _real(str(root))) if _is_path(place) else None


def _is_path(place: str) -> bool:
    return Path(place).is_absolute()


def _real(path: str) -> str:
    return os.path.realpath(path)
