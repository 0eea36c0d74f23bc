"""Files by path: all that this project asks of a storage backend.

A path has no leading slash, separates its parts by `/` and begins with a layer: `raw/files/lake.json`.
Methods that write make the folders that are missing. Beyond the errors that a method names, it raises its
backend's own (OSError, AzureError); callers turn those into sentences with `storage_errors`.
What makes files a lake (its marker, its source, its tables) belongs to base.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar

import pyarrow as pa

from cloudflix_assets.errors import Trouble, storage_errors


@dataclass(frozen=True)
class Stored:
    """A stored file: its path, its size in bytes, and when it was last written (with a time zone)."""

    path: str
    size: int
    written: datetime


class Files(ABC):
    """The files of one backend. Several threads and processes may use the same paths at the same time."""

    may_tear: ClassVar[bool]
    """Whether a power failure can leave a file without its content."""

    @property
    @abstractmethod
    def scratch(self) -> "Files":
        """Files for what a step needs only while it runs; on this machine's disk if the engine runs here."""

    @property
    def storage_options(self) -> Mapping[str, str] | None:
        """The options with which delta-rs reaches these files; None for a local disk."""
        return None

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """The backend's own errors, by words in their text; errors of a disk are known without."""
        return {}

    def storage_errors(self, path: str) -> AbstractContextManager[None]:
        """Raise storage's errors in the block as StorageRefused, whose message names `path`."""
        return storage_errors(self.uri(path), self.troubles)

    @abstractmethod
    def uri(self, path: str) -> str:
        """Return the address of a file or folder as the engine takes it."""

    def delta_uri(self, path: str) -> str:
        """Return the address of a table as delta-rs takes it."""
        return self.uri(path)

    @abstractmethod
    def store(self, path: str, content: Path) -> bool:
        """Copy a local file to a content-addressed path, which readers see whole or not at all.

        Args:
            path: where to; a file there whose bytes differ is damaged, and replaced.
            content: a file on this machine, of any size.

        Returns:
            False if the same bytes were there already; nothing is written then.
        """

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing one that is there; readers see the old or the new, never a mix."""

    @abstractmethod
    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file unless there is one; of several that try at once, exactly one succeeds.

        Returns:
            False if there is one already, which stays as it is.
        """

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None if there is no such file."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Open a file of any size for reading from its beginning; the caller closes it.

        Raises:
            FileNotFoundError: there is no such file.
        """

    @abstractmethod
    def local_copy(self, path: str) -> AbstractContextManager[Path]:
        """Yield a local path that processes of this machine can read the file from, within the block.

        Raises:
            FileNotFoundError: there is no such file; at the latest when the local path is opened.
        """

    @abstractmethod
    def random_access(self, stored: Stored) -> pa.NativeFile:
        """Open a file for reading parts of it, such as a Parquet footer; the caller closes it.

        Args:
            stored: as `files_below` returned it; its size must still be true.
        """

    @abstractmethod
    def files_below(self, folder: str) -> list[Stored]:
        """Return the files in a folder and all its subfolders, sorted by path; none if it does not exist."""

    @abstractmethod
    def names(self, path: str) -> list[str]:
        """Return the names of the files and subfolders directly in a folder, sorted.

        Returns:
            Names without their folder and without a slash; none if the folder does not exist.
        """

    @abstractmethod
    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes, or None if there is no such file."""

    @abstractmethod
    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Return a fingerprint of the files directly in a folder.

        It changes when one is added, removed or rewritten, and is empty if the folder does not exist.
        """

    @abstractmethod
    def lock(self, path: str) -> AbstractContextManager[None]:
        """Hold an exclusive lock named by `path`, across processes and threads, for the block.

        It waits without a limit for another holder and is not reentrant. A dead holder's lock is released
        by the backend. An empty file may stay at `path`.
        """

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Move a file within its layer, replacing a file at `target`.

        It does nothing if there is no file at `path`: another process has moved it.
        """

    @abstractmethod
    def publish(self, folder: str, target: str) -> None:
        """Copy all files of a folder in `scratch` into the folder `target`; other files there stay."""

    @abstractmethod
    def write_locally(self, path: str) -> AbstractContextManager[Path]:
        """Yield a local path to write to; if the block succeeds, the file is stored under `path`.

        If the block fails, an incomplete file may be left at `path`: the caller removes its folder.
        """

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a folder with everything in it; nothing happens if it does not exist.

        On a disk, what cannot be removed stays without an error.
        """
