"""A lake in a local folder."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from filecmp import cmp
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from typing import BinaryIO, ClassVar
from uuid import uuid4

import pyarrow as pa

from cloudflix_assets.lake.base import Lake, LakeRefused, Stored
from spark.table import Layer


@dataclass(frozen=True)
class LocalLake(Lake):
    """A lake in the folder `root`."""

    root: Path
    may_tear: ClassVar = True

    @property
    def remedy(self) -> str:
        """By its setting."""
        return "choose another lake (CLOUDFLIX_LAKE)"

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def scratch(self) -> Lake:
        """The lake itself."""
        return self

    def uri(self, path: str) -> str:
        """The path on this machine."""
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

    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file that is not there; False if it is, and stays as it is."""
        target = self.root / path
        with self._part_of(target) as part:
            part.write_bytes(content)
            try:
                os.link(part, target)
            except FileExistsError:
                return False
        return True

    def read(self, path: str) -> bytes | None:
        """A small file's bytes, or None if it is not there."""
        target = self.root / path
        return target.read_bytes() if target.is_file() else None

    def open(self, path: str) -> BinaryIO:
        """A file, to read from its beginning.

        Raises:
            FileNotFoundError: it is not there.
        """
        return (self.root / path).open("rb")

    @contextmanager
    def local_copy(self, path: str) -> Iterator[Path]:
        """The file itself."""
        yield self.root / path

    def random_access(self, stored: Stored) -> pa.NativeFile:
        """A file, to read parts of it."""
        return pa.OSFile(self.uri(stored.path), "rb")

    def files_below(self, folder: str) -> list[Stored]:
        """The files below a folder, by path; none if there is no such folder."""
        walked = os.walk(self.root / folder, onerror=_raise_unless_absent)
        paths = (Path(parent, name) for parent, _, names in walked for name in names)
        return sorted((self._stored(path) for path in paths), key=lambda stored: stored.path)

    def _stored(self, path: Path) -> Stored:
        its = path.stat()
        written = datetime.fromtimestamp(its.st_mtime_ns / 1e9, UTC)
        return Stored(path.relative_to(self.root).as_posix(), its.st_size, written)

    def names(self, path: str) -> list[str]:
        """What lies in a folder, by name; nothing if there is no such folder."""
        folder = self.root / path
        return sorted(child.name for child in folder.iterdir()) if folder.is_dir() else []

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if it is not there."""
        target = self.root / path
        return target.stat().st_size if target.is_file() else None

    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Names, inodes, sizes and times."""
        try:
            found = ((child.name, child.stat()) for child in os.scandir(self.root / path))
            return frozenset((name, its.st_ino, its.st_size, its.st_mtime_ns) for name, its in found)
        except FileNotFoundError:
            return frozenset()
        except NotADirectoryError:
            return frozenset({("no folder",)})

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Wait until no other process or thread is in here with this file; one that died is not."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as lock:
            flock(lock, LOCK_EX)
            yield

    def move(self, path: str, target: str) -> None:
        """Give a file another place, whose folder is made; nothing if somebody else has just moved it."""
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (self.root / path).rename(self.root / target)

    def publish(self, folder: str, target: str) -> None:
        """Copy the files of a folder into another, which is made."""
        copytree(self.root / folder, self.root / target, copy_function=copyfile, dirs_exist_ok=True)

    @contextmanager
    def writing(self, path: str) -> Iterator[Path]:
        """The file itself."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target

    def remove(self, path: str) -> None:
        """Remove a folder, if it is there."""
        rmtree(self.root / path, ignore_errors=True)

    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the marker, and nothing else."""
        for path in (*tables, "raw/files"):
            if (self.root / path).is_dir():
                rmtree(self.root / path)  # what cannot be removed would be mixed with what comes

    def refuse_unusable(self) -> None:
        """Refuse a place that cannot be a lake.

        Raises:
            LakeRefused: a file is where a folder should be.
        """
        for folder in (*self.root.parents, self.root, *(self.root / layer for layer in Layer)):
            if folder.is_file():
                raise LakeRefused(
                    f"{folder} is a file, and the lake needs a folder there: move the file away, or "
                    f"{self.remedy}."
                )

    @contextmanager
    def _part_of(self, target: Path) -> Iterator[Path]:
        """A name beside `target` to write under, so that nobody meets half a file; nothing is left there."""
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)


def _raise_unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
