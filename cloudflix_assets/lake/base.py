"""What a lake is beyond its files: where things lie, whose it is, how it is emptied.

* `raw/files/lake.json`: the marker, which holds the lake's format and source
* `raw/files/publications/<week>.json`: manifests
* `raw/files/<dataset>/<sha256>.csv`: landed files, named by their content; `.cp1252.csv` if so declared
* `raw/landing/`, `raw/landed/<week>/<dataset>/`, `raw/refused/`: dropped files: new, accepted, rejected
* `raw/files/receipts/…`, `raw/files/incremental/…`: what steps remember (receipts.py, stream.py)
* `<layer>/<table>/`: Delta tables
* `<layer>/staging/<run>-<retry>-<table>/`: frames of a running step, in the scratch files

Reading and writing by path is files.py; a folder is local.py, a storage account adls/lake.py, and choice.py
picks the one of the settings. Tables are the package delta.
"""

import json
from abc import abstractmethod
from collections.abc import Iterable
from typing import BinaryIO

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.files import Files

DROPPED = frozenset({"landing", "landed", "refused"})
"""Folders that may lie in raw before the lake is marked: files are dropped and sorted before a week lands."""
FORMAT = 1
MARKER = "raw/files/lake.json"


class LakeRefused(CloudflixError):
    """The lake belongs to another source, has another format, is damaged, or cannot be one."""


class Lake(Files):
    """Files that belong to one source and hold its tables."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The lake's name in messages to users."""

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

    def claim(self, source: str) -> None:
        """Mark the lake as `source`'s; refuse one that is marked as another's.

        Raises:
            LakeRefused: it belongs to another source, or has another format.
        """
        marker = json.dumps({"format": FORMAT, "source": source}, indent=2) + "\n"
        if not self.write_new(MARKER, marker.encode()):
            self.refuse_other_source(source)

    def refuse_other_source(self, source: str) -> None:
        """Refuse a lake that is marked as another source's, and a place that cannot be a lake.

        Raises:
            LakeRefused: it is one of these; the message says what to do.
        """
        self.refuse_unusable()
        if (content := self.read(MARKER)) is None:
            return
        try:
            marker = dict(json.loads(content))
        except (ValueError, TypeError):
            marker = {}
        if not {"format", "source"} <= set(marker):
            raise LakeRefused(
                f"the marker {self.uri(MARKER)} cannot be read: restore it, or empty the lake with "
                "`cloudflix run --replace-source`."
            )
        if marker["format"] != FORMAT:
            raise LakeRefused(
                f"the lake {self.place} has format {marker['format']} and this version writes {FORMAT}: "
                f"install a newer cloudflix, or {self.remedy}."
            )
        if marker["source"] != source:
            raise LakeRefused(
                f"the lake {self.place} holds {marker['source']}, not {source}: {self.remedy}, or empty "
                "this one with `cloudflix run --replace-source`."
            )
