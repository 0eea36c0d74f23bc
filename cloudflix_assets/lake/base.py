"""What a lake is beyond its files: where things lie, whose it is, how it is emptied.

* `raw/files/lake.json`: the marker, which holds the lake's format and source (marker.py)
* `raw/files/publications/<week>.json`: manifests
* `raw/files/<dataset>/<sha256>.csv`: landed files, named by their content; `.cp1252.csv` if so declared
* `raw/files/delivered/<sha256>.csv`: files of a layout as they came, from which landed ones were made
* `raw/landing/`, `raw/landed/<week>/<dataset>/`, `raw/refused/`: dropped files: new, accepted, rejected
* `raw/files/receipts/…`, `raw/files/incremental/…`, `raw/files/rejected/…`: what steps remember (receipts.py,
  stream.py, rejected.py)
* `raw/files/refused/<layer>/<table>/<week>.jsonl`: records that refused a week (refused_records.py)
* `<layer>/<table>/`: Delta tables
* `<layer>/staging/<run>-<retry>-<table>/`: frames of a running step, in the scratch files

Reading and writing by path is files.py; a folder is local.py, a storage account adls/lake.py, and choice.py
picks the one of the settings. Tables are the package delta.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.files import Files
from cloudflix_assets.lake.marker import FORMAT, Marker, Mode, Place, relative

DROPPED = frozenset({"landing", "landed", "refused"})
"""Folders that may lie in raw before the lake is marked: files are dropped and sorted before a week lands."""
REJECTED = "raw/files/rejected"
"""Folder of notes on weeks that were not landed, which may lie there before one was (rejected.py)."""
MARKER = "raw/files/lake.json"
RECEIPTS = "raw/files/receipts"


class LakeRefused(CloudflixError):
    """The lake belongs to another source, has another format, is damaged, or cannot be one."""


class Lake(Files):
    """Files that belong to one source and hold its tables."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The lake's name in messages to users."""

    @property
    def folder(self) -> Path | None:
        """The folder that the lake is, and may be moved as; None in an account."""
        return None

    @property
    @abstractmethod
    def remedy(self) -> str:
        """What a user does to choose another lake: the end of a message, in the imperative."""

    @abstractmethod
    def refuse_unusable(self) -> None:
        """Refuse a place that cannot be a lake.

        Raises:
            LakeRefused: something else lies there; the message says what to do.
        """

    @abstractmethod
    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the marker, and nothing else.

        Args:
            tables: their paths, `silver/titles`.
        """

    def open_landed(self, path: str) -> BinaryIO:
        """Open a landed file for reading from its beginning; the caller closes it.

        Raises:
            LakeRefused: it is gone.
        """
        try:
            return self.open(path)
        except FileNotFoundError:
            raise self._gone(path) from None

    def landed_size(self, path: str) -> int:
        """Return the size of a landed file in bytes.

        Raises:
            LakeRefused: it is gone.
        """
        if (size := self.size(path)) is None:
            raise self._gone(path)
        return size

    def altered(self, path: str) -> LakeRefused:
        """Return the error for a landed file whose bytes are not those of the hash in its name."""
        return self._lost(path, "holds other bytes than were landed")

    def _gone(self, path: str) -> LakeRefused:
        return self._lost(path, "is gone")

    def _lost(self, path: str, how: str) -> LakeRefused:
        return LakeRefused(
            f"the landed file {self.uri(path)} {how}: restore it, or rerun the week with its "
            "publication, which lands the file again if the source still has it."
        )

    def claim(self, source: str, place: Place | None = None) -> str | None:
        """Mark the lake as `source`'s; refuse one that is marked as another's.

        Returns:
            A notice if the marker remembers another place from now on, or its first.

        Raises:
            LakeRefused: it belongs to another source, or has another format.
        """
        mine = replace(self._marker(source, place), claim=uuid4().hex)
        if self.write_new(MARKER, mine.as_bytes()):
            return None
        known = self._refuse_other(mine, place)
        mine = replace(mine, claim=known.claim if known else None, drift=known.drift if known else None)
        if known is None or place is None or known == mine:
            return None
        self.write(MARKER, mine.as_bytes())
        if known.place is None:
            return f"the lake {self.place} remembers from now on that {source} lies at {place.at}"
        return None if known.may_be_at(mine) else f"{source} has moved from {known.place} to {place.at}"

    def agree_on(self, mode: Mode) -> str | None:
        """Remember what undeclared columns do here; a lake without a marker remembers nothing.

        Returns:
            A notice if it is another mode than before.

        Raises:
            LakeRefused: it is another one, and nobody has declared that.
        """
        known = self._refuse_other_mode(mode)
        if known is None or known.drift == mode.drift:
            return None
        self.write(MARKER, replace(known, drift=mode.drift).as_bytes())
        if known.drift is None:
            return None
        return (
            f"CLOUDFLIX_SCHEMA_DRIFT={mode.drift} holds for the lake {self.place} from now on, in place of "
            f"{known.drift}: `cloudflix run --stale` brings its weeks to it"
        )

    def refuse_other_mode(self, mode: Mode) -> None:
        """Refuse another mode than the lake remembers, unless it was declared.

        Raises:
            LakeRefused: it is one; the message says what to set.
        """
        self._refuse_other_mode(mode)

    def _refuse_other_mode(self, mode: Mode) -> Marker | None:
        known = Marker.parse(self.read(MARKER) or b"")
        if known and known.drift not in {None, mode.drift} and not mode.is_declared:
            raise LakeRefused(
                f"CLOUDFLIX_SCHEMA_DRIFT={known.drift} holds for the lake {self.place}, and is not set: set "
                f"it, or set CLOUDFLIX_SCHEMA_DRIFT={mode.drift} once if that shall hold from now on; "
                "nothing was written."
            )
        return known

    def claimed_as(self) -> str | None:
        """Return a text that changes when the lake is emptied and claimed anew; None without a marker."""
        known = Marker.parse(self.read(MARKER) or b"")
        return f"{known.source} {known.claim}" if known else None

    def refuse_other_source(self, source: str, place: Place | None = None) -> None:
        """Refuse a lake that is marked as another source's, and a place that cannot be a lake.

        Raises:
            LakeRefused: it is one of these; the message says what to do.
        """
        self.refuse_unusable()
        self._refuse_other(self._marker(source, place), place)

    def _marker(self, source: str, place: Place | None) -> Marker:
        if place is None:
            return Marker(source)
        return Marker(source, place.at, relative(place.at, self.folder) if self.folder else None)

    def _refuse_other(self, mine: Marker, place: Place | None) -> Marker | None:
        """Return the lake's marker, None if there is none; refuse the marker of another source."""
        if (content := self.read(MARKER)) is None:
            return None
        known = Marker.parse(content)
        if known is None:
            raise LakeRefused(
                f"the marker {self.uri(MARKER)} cannot be read: restore it, or empty the lake with "
                "`cloudflix run --replace-source`."
            )
        if known.format != FORMAT:
            raise LakeRefused(
                f"the lake {self.place} has format {known.format} and this version writes {FORMAT}: "
                f"install a newer cloudflix, or {self.remedy}."
            )
        if known.source != mine.source:
            raise LakeRefused(
                f"the lake {self.place} holds {known.source}, not {mine.source}: name its source again "
                f"({known.options}){_renamed(known, mine)}, {self.remedy}, or empty this one with "
                "`cloudflix run --replace-source`."
            )
        if place and not place.vouched and not known.may_be_at(mine):
            raise LakeRefused(
                f"the lake {self.place} holds {known.source} from {known.place}, and {place.at} is another "
                f"place: if the source has moved there, say so with CLOUDFLIX_SOURCE_NAME={mine.name}; else "
                f"{self.remedy}, or empty this one with `cloudflix run --replace-source`; nothing was "
                "written."
            )
        return known


def _renamed(known: Marker, mine: Marker) -> str:
    """What a user does whose folder of files was renamed; nothing if one of the two is no folder."""
    are_folders = all(marker.source.startswith("directory:") for marker in (known, mine))
    return f", say so with CLOUDFLIX_SOURCE_NAME={known.name} if it was renamed" if are_folders else ""
