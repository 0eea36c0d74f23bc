"""Where things lie in the lake, and its plain files: landed bytes, manifests, the marker, staging.

* `raw/files/lake.json`: the marker, format and source
* `raw/files/publications/<week>.json`: manifests
* `raw/files/<dataset>/<sha256>.csv`: landed bytes, content-addressed; `.cp1252.csv` if so declared
* `raw/landing/`, `raw/landed/<week>/<dataset>/`, `raw/refused/`: what was dropped, and where it went
* `raw/files/receipts/…`, `raw/files/incremental/…`: what steps remember, see receipts.py and incremental.py
* `<layer>/<table>/`: Delta tables
* `<layer>/staging/<run>-<retry>-<table>/`: what a running step has judged
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from filecmp import cmp
from pathlib import Path
from shutil import copyfile, rmtree
from typing import BinaryIO
from uuid import uuid4

from pyarrow.fs import FileSystem, FileType, LocalFileSystem, SubTreeFileSystem, copy_files

from cloudflix_assets.errors import CloudflixError
from spark.table import Layer

FORMAT = 1
MARKER = "raw/files/lake.json"


class LakeRefused(CloudflixError):
    """The lake belongs to another source, to a later version of this software, or is damaged."""


@dataclass(frozen=True)
class Lake:
    """A lake in a local folder. Paths are relative to it and begin with a layer."""

    root: Path

    @property
    def files(self) -> FileSystem:
        """The lake as a file system, to read what the engines wrote."""
        return SubTreeFileSystem(str(self.root), LocalFileSystem())

    def uri(self, path: str) -> str:
        """What engines and delta-rs call it."""
        return str(self.root / path)

    def store(self, path: str, content: Path) -> bool:
        """Put a file under a content-addressed path; False if its bytes are there already."""
        target = self.root / path
        if target.is_file() and cmp(content, target, shallow=False):
            return False
        with self._part_of(target) as part:
            copyfile(content, part)
            part.replace(target)
        return True

    def write(self, path: str, content: bytes) -> None:
        """Replace a small file at once."""
        target = self.root / path
        with self._part_of(target) as part:
            part.write_bytes(content)
            part.replace(target)

    def read(self, path: str) -> bytes | None:
        """A small file's bytes, or None if it is not there."""
        target = self.root / path
        return target.read_bytes() if target.is_file() else None

    def open(self, path: str) -> BinaryIO:
        """A landed file, to read from its beginning.

        Raises:
            LakeRefused: it is gone.
        """
        try:
            return (self.root / path).open("rb")
        except FileNotFoundError:
            raise LakeRefused(
                f"the landed file {self.root / path} is gone: restore it, or rerun the week with its "
                "publication, which lands the file again if the source still has it."
            ) from None

    def require(self, paths: Sequence[str]) -> None:
        """Refuse if a file is gone.

        Raises:
            FileNotFoundError: of the first that is.
        """
        for info in self.files.get_file_info(paths):
            if info.type is FileType.NotFound:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.uri(info.path))

    def names(self, path: str) -> list[str]:
        """What lies in a folder, by name; nothing if there is no such folder."""
        folder = self.root / path
        return sorted(child.name for child in folder.iterdir()) if folder.is_dir() else []

    @contextmanager
    def alone(self, path: str) -> Iterator[None]:
        """Wait until no other process or thread is in here with this file; one that died is not."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as lock:
            flock(lock, LOCK_EX)
            yield

    def state(self, path: str) -> frozenset[tuple[str, int, int, int]]:
        """What is another as soon as a file of a folder is: names, inodes, sizes and times."""
        try:
            found = ((child.name, child.stat()) for child in os.scandir(self.root / path))
            return frozenset((name, its.st_ino, its.st_size, its.st_mtime_ns) for name, its in found)
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()

    def move(self, path: str, target: str) -> None:
        """Give a file another place, whose folder is made; nothing if somebody else has just moved it."""
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (self.root / path).rename(self.root / target)

    def claim(self, source: str) -> None:
        """Mark the lake as `source`'s, or check that it is.

        Raises:
            LakeRefused: it is another's, or of another format.
        """
        target = self.root / MARKER
        with self._part_of(target) as part:
            part.write_text(json.dumps({"format": FORMAT, "source": source}, indent=2) + "\n")
            try:
                os.link(part, target)
            except FileExistsError:
                self.check(source)

    def check(self, source: str) -> None:
        """Refuse a marked lake that is not `source`'s, and one that is no folder.

        Raises:
            LakeRefused: with the remedy.
        """
        for folder in (*self.root.parents, self.root, *(self.root / layer for layer in Layer)):
            if folder.is_file():
                raise LakeRefused(
                    f"{folder} is a file, and the lake needs a folder there: move the file away, or choose "
                    "another lake (CLOUDFLIX_LAKE)."
                )
        if (content := self.read(MARKER)) is None:
            return
        try:
            marker = dict(json.loads(content))
        except (ValueError, TypeError):
            marker = {}
        if not {"format", "source"} <= set(marker):
            raise LakeRefused(
                f"the marker {self.root / MARKER} cannot be read: restore it, or empty the lake with "
                "`cloudflix run --replace-source`."
            )
        if marker["format"] != FORMAT:
            raise LakeRefused(
                f"the lake {self.root} has format {marker['format']} and this version writes {FORMAT}: "
                "install a newer cloudflix, or choose another lake (CLOUDFLIX_LAKE)."
            )
        if marker["source"] != source:
            raise LakeRefused(
                f"the lake {self.root} holds {marker['source']}, not {source}: choose another lake "
                "(CLOUDFLIX_LAKE), or empty this one with `cloudflix run --replace-source`."
            )

    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the marker, and nothing else."""
        for path in (*tables, "raw/files"):
            if (self.root / path).is_dir():
                rmtree(self.root / path)

    def copy(self, folder: str, target: str) -> None:
        """Copy the files of a folder into another, which is made."""
        self.files.create_dir(target)
        copy_files(folder, target, source_filesystem=self.files, destination_filesystem=self.files)

    def remove(self, path: str) -> None:
        """Remove a folder, if it is there."""
        rmtree(self.root / path, ignore_errors=True)

    @contextmanager
    def _part_of(self, target: Path) -> Iterator[Path]:
        """A name beside `target` to write under, so that nobody meets half a file; nothing is left there."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)
