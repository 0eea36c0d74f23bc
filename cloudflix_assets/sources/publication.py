"""What every source offers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from cloudflix_assets.errors import CloudflixError


class SourceRefused(CloudflixError):
    """A source that cannot be read, or does not hold what it should."""


class NoPublication(SourceRefused):
    """A week before the source's history: there is nothing to land, and nothing is wrong."""


@dataclass(frozen=True)
class Delivered:
    """One file of a publication; `open` reads it from its beginning, `origin` tells where it was.

    A source with a history names in `origin` its `commit`, and the `blob` by which equal bytes are known.
    """

    dataset: str
    file: str
    open: Callable[[], BinaryIO]
    origin: Mapping[str, str]


class Source(Protocol):
    """A publisher of the five files, week by week."""

    @property
    def identity(self) -> str:
        """Name that a lake remembers: `directory:netflix`."""

    def deliveries(self, week: date, *, pin: str | None = None) -> Sequence[Delivered]:
        """The files as of the end of a week, or as of the commit `pin`, one per dataset.

        Raises:
            NoPublication: the source's history begins after the week.
            SourceRefused: it cannot be read, or lacks a file.
        """
