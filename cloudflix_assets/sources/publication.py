"""What every source offers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol

from cloudflix_assets.errors import CloudflixError


class SourceRefused(CloudflixError):
    """A source that cannot be read, or does not hold what it should."""


@dataclass(frozen=True)
class Delivered:
    """One file of a publication; `open` reads it from its beginning, `origin` tells where it was."""

    dataset: str
    file: str
    open: Callable[[], BinaryIO]
    origin: Mapping[str, str]


class Source(Protocol):
    """A publisher of the five files, week by week."""

    @property
    def identity(self) -> str:
        """Name that a lake remembers: `directory:netflix`."""

    def deliveries(self, week: date, *, refresh: bool = False) -> Sequence[Delivered]:
        """The files as of the end of a week, one per dataset; `refresh` forgets earlier answers.

        Raises:
            SourceRefused: there is no such publication, or it lacks a file.
        """
