"""A lake in a local folder."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from filecmp import cmp
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from stat import S_ISREG
from typing import BinaryIO, ClassVar

import pyarrow as pa

from cloudflix_assets.lake import disk
from cloudflix_assets.lake.base import DROPPED, MARKER, REJECTED, Lake, LakeRefused
from cloudflix_assets.lake.files import Files, Stored
from spark.table import Layer

_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}
"""How a disk without hard links refuses one, beside a file that it let be written."""


@dataclass(frozen=True)
class LocalLake(Lake):
    """A lake in the folder `root`, which is its own scratch."""

    root: Path
    may_tear: ClassVar = True

    @property
    def remedy(self) -> str:
        """What a user does to choose another lake: name another folder."""
        return "choose another lake (CLOUDFLIX_LAKE)"

    @property
    def folder(self) -> Path:
        """The folder."""
        return self.root

    @property
    def place(self) -> str:
        """The path of the folder."""
        return str(self.root)

    @property
    def scratch(self) -> Files:
        """The lake itself: the engine runs on this machine."""
        return self

    def uri(self, path: str) -> str:
        """Return the absolute path, or one relative to the working directory, as `root` is."""
        return str(self.root / path)

    def store(self, path: str, content: Path) -> bool:
        """Copy a local file to a content-addressed path; False if the same bytes were there already."""
        target = self.root / path
        if target.is_file() and cmp(content, target, shallow=False):
            return False
        with disk.beside(target) as part:
            copyfile(content, part)
            self._put(part, target)
        return True

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing one that is there in one step."""
        target = self.root / path
        with disk.beside(target) as part:
            part.write_bytes(content)
            self._put(part, target)

    def _put(self, part: Path, target: Path) -> None:
        """Put a file in its place once the disk has it: a power failure leaves the old one or the new."""
        disk.sync([part], part.parent)
        part.replace(target)
        disk.sync([target], self.root)

    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file unless there is one; False if there is, which stays as it is."""
        target = self.root / path
        with disk.beside(target) as part:
            part.write_bytes(content)
            disk.sync([part], part.parent)
            try:
                os.link(part, target)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno in _NO_LINKS:
                    raise self._without_links(error) from error
                raise
        disk.sync([target], self.root)
        return True

    def _without_links(self, error: OSError) -> LakeRefused:
        lacks = f"the disk of {self.root} has no hard links ({error.strerror}), by which a lake commits"
        return LakeRefused(f"{lacks}: put the lake on another disk (CLOUDFLIX_LAKE).")

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None if there is no such file."""
        target = self.root / path
        return target.read_bytes() if target.is_file() else None

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading from its beginning; the caller closes it.

        Raises:
            FileNotFoundError: there is no such file.
        """
        return (self.root / path).open("rb")

    @contextmanager
    def local_copy(self, path: str) -> Iterator[Path]:
        """Yield the path of the file itself; nothing is copied."""
        yield self.root / path

    def random_access(self, stored: Stored) -> pa.NativeFile:
        """Open a file for reading parts of it; the caller closes it."""
        return pa.OSFile(self.uri(stored.path), "rb")

    def files_below(self, folder: str) -> list[Stored]:
        """Return the files in a folder and all its subfolders, sorted by path."""
        walked = os.walk(self.root / folder, onerror=_raise_unless_absent)
        paths = (Path(parent, name) for parent, _, names in walked for name in names)
        found = (self._stored(path) for path in paths)
        return sorted((stored for stored in found if stored), key=lambda stored: stored.path)

    def _stored(self, path: Path) -> Stored | None:
        """Return the file at a path: a link that leads nowhere is an empty one; None if it is gone by now."""
        try:
            link = path.lstat()
        except FileNotFoundError:
            return None
        found = disk.look_at(path)
        its, size = found or link, found.st_size if found else 0
        # A tool that copies a file may set the time of its writer, whose clock was ahead.
        written = datetime.fromtimestamp(min(its.st_mtime_ns, its.st_ctime_ns) / 1e9, UTC)
        return Stored(path.relative_to(self.root).as_posix(), size, written)

    def names(self, path: str) -> list[str]:
        """Return the names of the files and subfolders directly in a folder, sorted."""
        folder = self.root / path
        return sorted(child.name for child in folder.iterdir()) if folder.is_dir() else []

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes, or None if there is no such file."""
        found = disk.look_at(self.root / path)
        return found.st_size if found and S_ISREG(found.st_mode) else None

    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Return the name, inode, size and modification time of each file directly in a folder."""
        try:
            found = ((child.name, child.stat()) for child in os.scandir(self.root / path))
            return frozenset((name, its.st_ino, its.st_size, its.st_mtime_ns) for name, its in found)
        except FileNotFoundError:
            return frozenset()
        except NotADirectoryError:
            return frozenset({("no folder",)})

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Hold an exclusive lock on the file `path`; the system releases a dead holder's at once."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as lock:
            flock(lock, LOCK_EX)
            yield

    def move(self, path: str, target: str) -> None:
        """Move a file; nothing happens if another process has moved it already."""
        (self.root / target).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            (self.root / path).rename(self.root / target)

    def sync(self, paths: Iterable[str]) -> None:
        """Have the disk keep these files, and the folders that lead to them, before it returns."""
        disk.sync((self.root / path for path in paths), self.root)

    def publish(self, folder: str, target: str) -> None:
        """Copy all files of a folder into the folder `target`; other files there stay."""
        copytree(self.root / folder, self.root / target, copy_function=copyfile, dirs_exist_ok=True)

    @contextmanager
    def write_locally(self, path: str) -> Iterator[Path]:
        """Yield the path of the file itself: if the block fails, what was written stays there."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        yield target

    def remove(self, path: str) -> None:
        """Remove a folder with everything in it; what cannot be removed stays without an error."""
        rmtree(self.root / path, ignore_errors=True)

    def remove_file(self, path: str) -> None:
        """Remove a file; nothing happens if there is none."""
        (self.root / path).unlink(missing_ok=True)

    def empty(self, tables: Iterable[str]) -> None:
        """Remove these tables, every landed file and the marker, and nothing else."""
        for path in (*tables, "raw/files"):
            if (self.root / path).is_dir():
                rmtree(self.root / path)  # raises: what stayed would be mixed with the next source's

    def refuse_unusable(self) -> None:
        """Refuse a file instead of a folder, and layers that hold what no marker says to be ours.

        Raises:
            LakeRefused: it is one of these; the message names what lies there.
        """
        for folder in (*self.root.parents, self.root, *(self.root / layer for layer in Layer)):
            if folder.is_file():
                raise LakeRefused(
                    f"{folder} is a file, and the lake needs a folder there: move the file away, or "
                    f"{self.remedy}."
                )
        others = [name for layer in Layer for name in self._strangers(layer)]
        # The marker is looked for last, because another run may just have claimed the lake.
        if others and not (self.root / MARKER).exists():
            raise LakeRefused(
                f"the folder {self.root} holds {', '.join(others[:3])} and no marker ({MARKER}) "
                f"that says whose that is: {self.remedy}, or restore the marker; nothing was written."
            )

    def _strangers(self, layer: Layer) -> Iterator[str]:
        """Yield what lies in a layer and was neither dropped nor staged; hidden files are the system's."""
        for name in self.names(layer.value):
            kept = {"staging", "files", *DROPPED} if layer is Layer.RAW else {"staging"}
            if name not in kept and not name.startswith("."):
                yield f"{layer.value}/{name}"
        if layer is Layer.RAW:
            files = [f"raw/files/{name}" for name in self.names("raw/files") if not name.startswith(".")]
            yield from (path for path in files if path != REJECTED)

    def remove_dead_parts(self, folders: Iterable[str]) -> None:
        """Remove the halves of files that killed writers left in these folders, a day after."""
        for folder in folders:
            disk.remove_dead_parts(self.root / folder)


def _raise_unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
