"""Files and directories over a flat account: the semantics of the DFS protocol, without its HTTP.

A directory is an empty blob with a mark in its metadata, as the Blob service of a real account shows one.
Every change holds `lock`. A reader during the rename of a directory may see half of it, which no real account
shows. Errors have the codes of the Path REST reference.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient, ContainerClient

MARK = {"hdi_isfolder": "true"}


class PathError(Exception):
    """An error answer of Azure."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Place(NamedTuple):
    """The place of a file or directory; the root of a container has an empty path."""

    container: str
    path: str

    @property
    def ancestors(self) -> list["Place"]:
        """The directories above this place, from the top down and without the root."""
        parts = self.path.split("/")[:-1]
        return [Place(self.container, "/".join(parts[: depth + 1])) for depth in range(len(parts))]


@dataclass(frozen=True)
class Entry:
    """A file or a directory that exists."""

    name: str
    directory: bool
    size: int
    etag: str
    modified: datetime
    metadata: dict[str, str]


class Tree:
    """The files and directories of an account."""

    def __init__(self, service: BlobServiceClient) -> None:
        self.service = service
        self.lock = threading.RLock()
        self.uncommitted: dict[Place, dict[int, bytes]] = {}

    def find(self, place: Place) -> Entry | None:
        """Return the entry at a place, or None; raise `PathError` if the container is missing."""
        if not place.path:
            return self._root(place.container)
        try:
            return _entry(self._within(place).get_blob_client(place.path).get_blob_properties())
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == "ContainerNotFound":
                raise PathError(404, "FilesystemNotFound") from None
            return None

    def get(self, place: Place, missing: str = "PathNotFound") -> Entry:
        """Return the entry at a place; raise `PathError` if there is none."""
        if entry := self.find(place):
            return entry
        raise PathError(404, missing)

    def inside(self, place: Place) -> list[Entry]:
        """Return all entries below a directory, at any depth, in the order of their names."""
        return self.starting(place.container, f"{place.path}/" if place.path else "")

    def starting(self, container: str, prefix: str) -> list[Entry]:
        """Return all entries of a container whose path starts with a prefix, in the order of their names."""
        blobs = self.service.get_container_client(container)
        try:
            return [_entry(blob) for blob in blobs.list_blobs(prefix or None, include=["metadata"])]
        except ResourceNotFoundError:
            raise PathError(404, "FilesystemNotFound") from None

    def make_parents(self, place: Place) -> None:
        """Make the missing directories above a new file."""
        for ancestor in place.ancestors:
            entry = self.find(ancestor)
            if entry and not entry.directory:
                raise PathError(409, "PathConflict")
            if not entry:
                self._put(ancestor, b"", MARK)

    def make(
        self, place: Place, metadata: Mapping[str, str], *, directory: bool, absent: bool, etag: str = ""
    ) -> Entry:
        """Make an empty file or a directory; an existing file is overwritten, an existing directory stays."""
        with self.lock:
            there = self.find(place)
            if there and absent:
                raise PathError(409, "PathAlreadyExists")
            if there and there.directory != directory:
                raise PathError(409, "PathConflict")
            if etag and (not there or there.etag != etag):
                raise PathError(412, "ConditionNotMet")
            self.make_parents(place)
            self.uncommitted.pop(place, None)
            if not (there and directory):
                self._put(place, b"", {**metadata, **(MARK if directory else {})})
            return self.get(place)

    def append(self, place: Place, position: int, content: bytes) -> None:
        """Store bytes that are invisible until they are flushed; they may come in any order."""
        with self.lock:
            if position < self._file(place).size or not content:
                raise PathError(400, "InvalidFlushPosition")
            self.uncommitted.setdefault(place, {})[position] = content

    def flush(self, place: Place, position: int, *, retain: bool = False) -> Entry:
        """Make the appended bytes up to `position` part of the file."""
        with self.lock:
            entry = self._file(place)
            pieces = dict(self.uncommitted.get(place, {}))
            added, end = [], entry.size
            while end < position and (piece := pieces.pop(end, None)):
                added.append(piece)
                end += len(piece)
            if end != position:
                raise PathError(400, "InvalidFlushPosition")
            self.uncommitted[place] = pieces if retain else {}
            if added:
                self._put(place, b"".join([self._content(place, entry), *added]), entry.metadata)
            return self.get(place)

    def rename(self, source: Place, target: Place, *, absent: bool, etag: str = "") -> None:
        """Rename a file or directory; no other change happens in between."""
        with self.lock:
            moved = self.get(source, "SourcePathNotFound")
            if etag and moved.etag != etag:
                raise PathError(412, "SourceConditionNotMet")
            self._check_target(moved, source, target, absent=absent)
            names = [source.path, *(entry.name for entry in self.inside(source) if moved.directory)]
            for name in names:
                self._copy(Place(source.container, name), target, name.removeprefix(source.path))
            for name in reversed(names):
                self._within(source).delete_blob(name)

    def delete(self, place: Place, *, recursive: bool) -> None:
        """Delete a file, an empty directory or, if `recursive`, a directory with its contents."""
        with self.lock:
            entry = self.get(place)
            below = self.inside(place) if entry.directory else []
            if below and not recursive:
                raise PathError(409, "DirectoryNotEmpty")
            for name in [*(inner.name for inner in reversed(below)), place.path]:
                self.uncommitted.pop(Place(place.container, name), None)
                self._within(place).delete_blob(name)

    def _check_target(self, moved: Entry, source: Place, target: Place, *, absent: bool) -> None:
        if target.ancestors and not self.find(target.ancestors[-1]):
            raise PathError(404, "RenameDestinationParentPathNotFound")
        if f"{target.path}/".startswith(f"{source.path}/") and target.container == source.container:
            raise PathError(409, "InvalidRenameSourcePath")
        there = self.find(target)
        if there and absent:
            raise PathError(409, "PathAlreadyExists")
        if there and there.directory != moved.directory:
            raise PathError(409, "InvalidSourceOrDestinationResourceType")
        if there and there.directory and self.inside(target):
            raise PathError(409, "DirectoryNotEmpty")

    def _copy(self, source: Place, target: Place, below: str) -> None:
        url = self._within(source).get_blob_client(source.path).url
        self._within(target).get_blob_client(target.path + below).start_copy_from_url(url)

    def _file(self, place: Place) -> Entry:
        entry = self.get(place)
        if entry.directory:
            raise PathError(409, "PathConflict")
        return entry

    def _content(self, place: Place, entry: Entry) -> bytes:
        if not entry.size:
            return b""
        return self._within(place).download_blob(place.path).readall()

    def _put(self, place: Place, content: bytes, metadata: Mapping[str, str]) -> None:
        self._within(place).upload_blob(place.path, content, metadata=dict(metadata), overwrite=True)

    def _root(self, container: str) -> Entry:
        try:
            found = self.service.get_container_client(container).get_container_properties()
        except ResourceNotFoundError:
            raise PathError(404, "FilesystemNotFound") from None
        return Entry("", directory=True, size=0, etag=found.etag, modified=found.last_modified, metadata={})

    def _within(self, place: Place) -> ContainerClient:
        return self.service.get_container_client(place.container)


def _entry(blob: BlobProperties) -> Entry:
    metadata = dict(blob.metadata or {})
    directory = metadata.get("hdi_isfolder") == "true"
    return Entry(blob.name, directory, blob.size, blob.etag.strip('"'), blob.last_modified, metadata)
