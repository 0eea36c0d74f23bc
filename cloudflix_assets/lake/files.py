"""Files by path: all that this project asks of a storage backend.

A path names a file or folder: the layer first, parts separated by `/`, no slash at either end, as in
`raw/files/lake.json`. No method takes a folder's path for a file's, or the other way round. A method that
writes makes missing folders; the layers themselves a backend may want to be there, and then its own error
says so where a file would be called absent.

A method raises what it names, and its backend's own errors (OSError, AzureError) if storage refuses;
callers turn those into sentences with `storage_errors`. What makes files a lake is base.py's.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
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

    def remove_dead_parts(self, folders: Iterable[str]) -> None:  # noqa: B027  # others write in one call
        """Remove the halves of files that killed writers left in these folders, if there can be any."""

    def sync(self, paths: Iterable[str]) -> None:  # noqa: B027  # an account keeps what it has taken
        """Have storage keep files that another wrote, also if its power fails, before it returns.

        What the other methods write is kept when they return.
        """

    @property
    def storage_options(self) -> Mapping[str, str] | None:
        """The options with which delta-rs reaches these files; None for a local disk."""
        return None

    @property
    def troubles(self) -> Mapping[str, Trouble]:
        """The backend's own errors, by words in their text; errors of a disk are known without."""
        return {}

    def storage_errors(self, path: str) -> AbstractContextManager[None]:
        """Turn storage's errors in the block into sentences that name `path`.

        Raises:
            StorageRefused: an error whose text has words of `troubles` or of a disk's troubles.
        """
        return storage_errors(self.uri(path), self.troubles)

    @abstractmethod
    def uri(self, path: str) -> str:
        """Return the address of a file or folder as the engine takes it; it need not exist."""

    def delta_uri(self, path: str) -> str:
        """Return the address of a table as delta-rs takes it; it need not exist."""
        return self.uri(path)

    @abstractmethod
    def store(self, path: str, content: Path) -> bool:
        """Copy a local file to a content-addressed path, which readers see whole or not at all.

        Several that store the same bytes at once all succeed.

        Args:
            path: where to; a file there whose bytes differ is damaged, and replaced.
            content: a file on this machine, of any size.

        Returns:
            False if the same bytes were there already; nothing is written then.

        Raises:
            FileNotFoundError: `content` does not exist.
        """

    @abstractmethod
    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing one that is there; readers see the old or the new, never a mix.

        Of several that write at once, the last one's file stays.
        """

    @abstractmethod
    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file unless there is one; of several that try at once, exactly one succeeds.

        Commits rest on it: a reader sees the whole file or none, as soon as the call has returned.

        Returns:
            False if there is one already, which stays as it is.
        """

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None if there is no such file."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Open a file of any size for reading from its beginning; the caller closes it.

        What it reads stays that of the moment of opening, also if the file is replaced or removed.

        Raises:
            FileNotFoundError: there is no such file.
        """

    @abstractmethod
    def local_copy(self, path: str) -> AbstractContextManager[Path]:
        """Yield a local path that processes of this machine can read the file from, within the block.

        It may be the file itself: nobody may write to it.

        Raises:
            FileNotFoundError: there is no such file; at the latest when the local path is opened.
        """

    @abstractmethod
    def random_access(self, stored: Stored) -> pa.NativeFile:
        """Open a file for reading parts of it, such as a Parquet footer; the caller closes it.

        If the file has been removed since, the backend's own error says so, at the latest at the first read.

        Args:
            stored: as `files_below` returned it; its size must still be true.
        """

    @abstractmethod
    def files_below(self, folder: str) -> list[Stored]:
        """Return the files in a folder and all its subfolders, sorted by path; none if it does not exist.

        It is no snapshot: of what is written or removed meanwhile, some may be missing or listed. A disk
        also lists the parts of files that are being written, whose names begin with a dot, and raises
        FileNotFoundError if one is removed while it lists.
        """

    @abstractmethod
    def names(self, path: str) -> list[str]:
        """Return the names of the files and subfolders directly in a folder, sorted.

        Returns:
            Names without their folder and without a slash; none if the folder does not exist. A disk also
            has the parts of files that are being written, whose names begin with a dot.
        """

    @abstractmethod
    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes, or None if there is no such file."""

    @abstractmethod
    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Return a fingerprint of the files directly in a folder.

        It changes when one is added, removed or rewritten, also with bytes of the same number. It is
        compared within one process and never stored.

        Returns:
            A set, empty if the folder does not exist.
        """

    @abstractmethod
    def lock(self, path: str) -> AbstractContextManager[None]:
        """Hold an exclusive lock named by `path`, across processes and threads, for the block.

        It waits without a limit for another holder and is not reentrant. The backend releases the lock of a
        dead holder, at once or within a minute; where locks expire, it renews the one of a living holder.

        Args:
            path: of the lock, at which nothing else is stored; an empty file may stay there.
        """

    @abstractmethod
    def move(self, path: str, target: str) -> None:
        """Move a file; nothing happens if there is none at `path`, since another process has moved it.

        Where storage cannot rename, the file is copied, then removed: for a moment it is at both paths.

        Args:
            path: from where.
            target: where to, in the same layer; a file there is replaced.

        Raises:
            CopyFailed: an account without folders did not copy it (adls/namespaces.py); it stays at `path`.
        """

    @abstractmethod
    def publish(self, folder: str, target: str) -> None:
        """Copy all files of a folder in `scratch`, and of its subfolders, into the folder `target`.

        Readers may see some of them before the others: nothing may refer to a file before this returns.
        If it fails, some are there.

        Args:
            folder: in `scratch`; it must exist, and stays as it is.
            target: here; a file of the same name is replaced, other files stay.

        Raises:
            CopyFailed: as in `move`, where scratch lies in the account itself.
        """

    @abstractmethod
    def write_locally(self, path: str) -> AbstractContextManager[Path]:
        """Yield a local path to write to; if the block succeeds, the file is stored under `path`.

        If the block fails, an incomplete file may be left at `path`, and readers may see it before: the
        caller chooses a folder that nobody reads, and removes it after a failure.
        """

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a folder with everything in it; nothing happens if it does not exist.

        Readers may see it half removed, and what is written to it meanwhile may stay. On a disk, what cannot
        be removed stays without an error.

        Args:
            path: of a folder, never of a file.
        """

    @abstractmethod
    def remove_file(self, path: str) -> None:
        """Remove a file; nothing happens if there is none."""
