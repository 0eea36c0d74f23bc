"""The interface of a source, and its errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Protocol, runtime_checkable

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.marker import Place


class SourceRefused(CloudflixError):
    """A source that cannot be read, or does not hold what it should."""


class NoPublication(SourceRefused):
    """A week before the source's history: there is nothing to land, and nothing is wrong."""


@dataclass(frozen=True)
class Delivered:
    """One file of a publication; `open` reads it from its beginning, `origin` tells where it was.

    A source with a history names in `origin` its `commit`, and the `blob` by which equal bytes are known.
    A `notice` is part of a sentence: what else the source holds that could be meant. `of_any_week` tells that
    the source has this file for every week that is asked, and no history.
    """

    dataset: str
    file: str
    open: Callable[[], BinaryIO]
    origin: Mapping[str, str]
    notice: str | None = None
    of_any_week: bool = False


@dataclass(frozen=True)
class LandedBefore:
    """One file as a week was landed with it: its size in bytes, and what `origin` told then."""

    dataset: str
    file: str
    bytes: int
    origin: Mapping[str, str]


@dataclass(frozen=True)
class Pin:
    """The state of a source that a past week stays with."""

    commit: str
    files: Sequence[LandedBefore]


@dataclass(frozen=True)
class News:
    """The state that a source is in now, and the tag to ask with next time."""

    commit: str
    etag: str | None


@runtime_checkable
class Polled(Protocol):
    """A source that can be asked whether it has changed, for the price of one request."""

    def news(self, etag: str | None) -> News | None:
        """Return the source's newest state, or None if it is the one that was returned with `etag`.

        Raises:
            NoPublication: it has published nothing.
            SourceRefused: it cannot be asked.
        """


@runtime_checkable
class Receiving(Protocol):
    """A source that is given its files: what was dropped is taken in before a week is landed."""

    def receive(self, week: date) -> Sequence[str]:
        """Take in what was dropped for a week.

        Returns:
            Sentences on what was rejected and belongs to no week, left for the next run, or replaced.

        Raises:
            NoPublication: what was dropped for the week may be incomplete; nothing was taken in.
            SourceRefused: some of it was rejected; the sentence says why, and where it lies now.
        """


@runtime_checkable
class Placed(Protocol):
    """A source whose identity does not say where it lies: another one may have the same."""

    @property
    def place(self) -> Place:
        """Where it lies, which a lake remembers beside its identity."""


class Source(Protocol):
    """A publisher of the declared files, week by week."""

    @property
    def identity(self) -> str:
        """Name that a lake remembers: `directory:netflix`."""

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files as of the end of a week, or as of the state `pin`, one or more per dataset.

        Raises:
            NoPublication: the source's history begins after the week.
            SourceRefused: it cannot be read, or lacks a file.
        """


def place_of(source: Source) -> Place | None:
    """Return where a source lies; None if its identity says so."""
    return source.place if isinstance(source, Placed) else None
