"""Where things lie in a lake, and what every lake can do with its plain files; tables are delta.py's.

* `raw/files/lake.json`: the marker, format and source
* `raw/files/publications/<week>.json`: manifests
* `raw/files/<dataset>/<sha256>.csv`: landed bytes, content-addressed; `.cp1252.csv` if so declared
* `raw/landing/`, `raw/landed/<week>/<dataset>/`, `raw/refused/`: what was dropped, and where it went
* `raw/files/receipts/…`, `raw/files/incremental/…`: what steps remember, see receipts.py and incremental.py
* `<layer>/<table>/`: Delta tables
* `<layer>/staging/<run>-<retry>-<table>/`: what a running step has judged, in the scratch lake

Paths are relative to the lake and begin with a layer. A folder (local_lake.py) and a storage account
(adls/lake.py) are lakes; which one it is, lakes.py knows.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar

import pyarrow as pa

from cloudflix_assets.errors import CloudflixError, Trouble, storage_errors

FORMAT = 1
MARKER = "raw/files/lake.json"


class LakeRefused(CloudflixError):
    """The lake belongs to another source, to a later version of this software, or is damaged."""


@dataclass(frozen=True)
class Stored:
    """A file that lies in the lake; `size` in bytes."""

    path: str
    size: int
    written: datetime


class Lake(ABC):
    """Files by their path in the lake."""

    may_tear: ClassVar[bool]
    """Whether a power failure can leave a file without its content."""

    @property
    @abstractmethod
    def place(self) -> str:
        """What a reader of a sentence calls it."""

    @property
    def storage_options(self) -> Mapping[str, str] | None:
        """What delta-rs must be told to reach it."""
        return None

    @property
    @abstractmethod
    def scratch(self) -> "Lake":
        """A lake for what a step needs while it runs, on a disk of this machine if the engine is here."""

    @property
    @abstractmethod
    def remedy(self) -> str:
        """How to choose another one."""

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """What may be met there besides a disk's, by words of the error's text."""
        return {}

    def storage_errors(self, path: str) -> AbstractContextManager[None]:
        """Tell storage's own trouble at a path; see errors.storing."""
        return storage_errors(self.uri(path), self.troubles)

    @abstractmethod
    def uri(self, path: str) -> str:
        """What the engine calls it."""

    def delta_uri(self, path: str) -> str:
        """What delta-rs calls it."""
        return self.uri(path)

    @abstractmethod
    def store(self, path: str, content: Path) -> bool:
        """Put a file under a content-addressed path; False if its bytes are there already."""

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Replace a small file at once."""

    @abstractmethod
    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file that is not there; False if it is, and stays as it is."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """A small file's bytes, or None if it is not there."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """A file, to read from its beginning.

        Raises:
            FileNotFoundError: it is not there.
        """

    @abstractmethod
    def local_copy(self, path: str) -> AbstractContextManager[Path]:
        """A file where processes of this machine can open it."""

    @abstractmethod
    def random_access(self, stored: Stored) -> pa.NativeFile:
        """A file, to read parts of it."""

    @abstractmethod
    def files_below(self, folder: str) -> list[Stored]:
        """The files below a folder, by path; none if there is no such folder."""

    @abstractmethod
    def names(self, path: str) -> list[str]:
        """What lies in a folder, by name; nothing if there is no such folder."""

    @abstractmethod
    def size(self, path: str) -> int | None:
        """Bytes of a file; None if it is not there."""

    @abstractmethod
    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """What is another as soon as a file of a folder is."""

    @abstractmethod
    def lock(self, path: str) -> AbstractContextManager[None]:
        """Wait until no other process or thread is in here with this file; one that died is not."""

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Give a file another place, whose folder is made; nothing if somebody else has just moved it."""

    @abstractmethod
    def publish(self, folder: str, target: str) -> None:
        """Copy the files of a folder of the scratch lake into a folder, which is made."""

    @abstractmethod
    def writing(self, path: str) -> AbstractContextManager[Path]:
        """Where to write a new file on this machine, which is at its path when the block has ended well."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a folder, if it is there."""

    @abstractmethod
    def refuse_unusable(self) -> None:
        """Refuse a place that cannot be a lake.

        Raises:
            LakeRefused: with the remedy.
        """

    def open_landed(self, path: str) -> BinaryIO:
        """A landed file, to read from its beginning.

        Raises:
            LakeRefused: it is gone.
        """
        try:
            return self.open(path)
        except FileNotFoundError:
            raise self._gone(path) from None

    def landed_size(self, path: str) -> int:
        """Bytes of a landed file.

        Raises:
            LakeRefused: it is gone.
        """
        if (size := self.size(path)) is None:
            raise self._gone(path)
        return size

    def _gone(self, path: str) -> LakeRefused:
        return LakeRefused(
            f"the landed file {self.uri(path)} is gone: restore it, or rerun the week with its "
            "publication, which lands the file again if the source still has it."
        )

    def claim(self, source: str) -> None:
        """Mark the lake as `source`'s, or check that it is.

        Raises:
            LakeRefused: it is another's, or of another format.
        """
        marker = json.dumps({"format": FORMAT, "source": source}, indent=2) + "\n"
        if not self.write_new(MARKER, marker.encode()):
            self.refuse_other_source(source)

    def refuse_other_source(self, source: str) -> None:
        """Refuse a marked lake that is not `source`'s, and a place that cannot be one.

        Raises:
            LakeRefused: with the remedy.
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

    @abstractmethod
    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the marker, and nothing else."""
