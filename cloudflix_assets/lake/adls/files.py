"""Files in a storage account, through the Blob SDK. Listings ask for one folder, never for a container."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, ClassVar, cast

import pyarrow as pa
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import (
    BlobClient,
    BlobPrefix,
    BlobProperties,
    ContainerClient,
    ContentSettings,
)

from cloudflix_assets.lake.adls import leases, namespaces, ranges
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.client import AT_ONCE, BlobStorageResource, data_lake
from cloudflix_assets.lake.adls.namespaces import raise_unless_absent
from cloudflix_assets.lake.files import Files, Stored
from cloudflix_assets.lake.held import spool
from cloudflix_assets.lake.local import LocalLake


@dataclass(frozen=True)
class AccountFiles(Files):
    """Files in the containers of `account`; `local` is the scratch, None if the engine runs elsewhere."""

    account: Account
    local: LocalLake | None
    may_tear: ClassVar = False

    @property
    def scratch(self) -> Files:
        """A folder beside Dagster's instance, which saves calls; the account if the engine runs elsewhere."""
        return self.local or self

    def uri(self, path: str) -> str:
        """Return `abfss://<container>@<account>.dfs.core.windows.net/<path>`."""
        return self.account.uri(path)

    def store(self, path: str, content: Path) -> bool:
        """Upload a file to a content-addressed path; False if one of its size and MD5 is there already."""
        with content.open("rb") as source:
            digest = file_digest(source, "md5").digest()
            if self._has(path, content.stat().st_size, digest):
                return False
            source.seek(0)
            settings = ContentSettings(content_md5=bytearray(digest))
            self._blob(path).upload_blob(
                source, overwrite=True, content_settings=settings, max_concurrency=AT_ONCE
            )
        return True

    def _has(self, path: str, size: int, digest: bytes) -> bool:
        try:
            there = self._blob(path).get_blob_properties()
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            return False
        return there.size == size and bytes(there.content_settings.content_md5 or b"") == digest

    def write(self, path: str, content: bytes) -> None:
        """Write a small file, replacing one that is there in one call."""
        self._blob(path).upload_blob(content, overwrite=True)

    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file unless there is one; False if there is, which stays as it is."""
        try:
            self._blob(path).upload_blob(content, overwrite=False)
        except ResourceExistsError:
            return False
        return True

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a small file, or None if there is no such file."""
        try:
            return self._blob(path).download_blob().readall()
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            return None

    def open(self, path: str) -> BinaryIO:
        """Download a file and open the copy for reading; it is gone once the caller closes it.

        Raises:
            FileNotFoundError: there is no such file.
        """
        spooled = cast("BinaryIO", TemporaryFile())  # noqa: SIM115  # the caller closes it
        try:
            self._fetch(path, spooled)
        except BaseException:  # an interrupt too; it is raised again
            spooled.close()
            raise
        spooled.seek(0)
        return spooled

    @contextmanager
    def local_copy(self, path: str) -> Iterator[Path]:
        """Yield the path of a downloaded copy, which is removed after the block."""
        with spool() as folder, (folder / "copy").open("wb") as copy:
            self._fetch(path, copy)
            copy.flush()
            yield folder / "copy"

    def _fetch(self, path: str, target: BinaryIO) -> None:
        try:
            self._blob(path).download_blob(max_concurrency=AT_ONCE).readinto(target)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            raise FileNotFoundError(self.uri(path)) from error

    def random_access(self, stored: Stored) -> pa.NativeFile:
        """Open a file for reading parts of it, one call for each read; the caller closes it."""
        return ranges.open_ranges(self._blob(stored.path), stored.size)

    def files_below(self, folder: str) -> list[Stored]:
        """Return the files in a folder and all its subfolders, sorted by path."""
        layer, _, _ = folder.partition("/")
        return [
            Stored(f"{layer}/{blob.name}", blob.size, blob.last_modified)
            for blob in self._list_blobs(folder)
            if not _is_folder(blob)
        ]

    def _list_blobs(self, folder: str) -> list[BlobProperties]:
        container, name = self._container(folder)
        return list(container.list_blobs(name_starts_with=_below(name), include=["metadata"]))

    def names(self, path: str) -> list[str]:
        """Return the names of the files and subfolders directly in a folder, sorted."""
        return sorted({entry.name.rstrip("/").rpartition("/")[2] for entry in self._walk(path)})

    def _walk(self, path: str) -> Iterator[BlobProperties | BlobPrefix]:
        container, name = self._container(path)
        return iter(container.walk_blobs(name_starts_with=_below(name)))

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes, or None if there is no such file."""
        try:
            return int(self._blob(path).get_blob_properties().size)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            return None

    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Return the name and entity tag of each file directly in a folder."""
        found = (entry for entry in self._walk(path) if isinstance(entry, BlobProperties))
        return frozenset((blob.name, blob.etag) for blob in found)

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Hold the lease of the blob `path`; a dead holder's ends within a minute."""
        self.write_new(path, b"")
        with leases.hold(self._blob(path)):
            yield

    def move(self, path: str, target: str) -> None:
        """Move a file within its container; nothing happens if another process has moved it already."""
        try:
            if namespaces.is_flat(self.account):
                self._copy(path, target)
                self._blob(path).delete_blob()
            else:
                container, name = self.account.locate(path)
                _, moved = self.account.locate(target)
                namespaces.move_file(data_lake(self.account), container, name, moved)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)

    def publish(self, folder: str, target: str) -> None:
        """Upload all files of a scratch folder; if they lie in the account, they are copied there."""
        for stored in self.scratch.files_below(folder):
            path = f"{target}{stored.path.removeprefix(folder)}"
            if self.local:
                self._upload(Path(self.local.uri(stored.path)), path)
            else:
                self._copy(stored.path, path)

    @contextmanager
    def write_locally(self, path: str) -> Iterator[Path]:
        """Yield a temporary local path, which is uploaded to `path` if the block succeeds."""
        with spool() as folder:
            yield folder / "written"
            self._upload(folder / "written", path)

    def _upload(self, file: Path, path: str) -> None:
        with file.open("rb") as source:
            self._blob(path).upload_blob(source, overwrite=True, max_concurrency=AT_ONCE)

    def _copy(self, path: str, target: str) -> None:
        copy = self._blob(target)
        copy.start_copy_from_url(self._blob(path).url)
        namespaces.await_copy(copy)

    def remove(self, path: str) -> None:
        """Remove a folder with everything in it; nothing happens if it does not exist."""
        container, name = self._container(path)
        if not namespaces.is_flat(self.account):
            namespaces.remove_folder(data_lake(self.account), container.container_name, name)
            return
        blobs = [blob.name for blob in self._list_blobs(path)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(partial(_delete, container), blobs))

    def remove_file(self, path: str) -> None:
        """Remove a file; nothing happens if there is none."""
        container, name = self._container(path)
        _delete(container, name)

    def _container(self, path: str) -> tuple[ContainerClient, str]:
        container, name = self.account.locate(path)
        return _client(self.account, container), name

    def _blob(self, path: str) -> BlobClient:
        container, name = self._container(path)
        return container.get_blob_client(name)


@cache
def _client(account: Account, container: str) -> ContainerClient:
    with BlobStorageResource.of(account).get_client() as client:
        return client.get_container_client(container)


def _below(folder: str) -> str | None:
    """Return the prefix of all blobs in a folder; None for a whole container."""
    return f"{folder}/" if folder else None


def _is_folder(blob: BlobProperties) -> bool:
    """Whether a blob is a folder: a hierarchical namespace lists its folders as blobs."""
    return bool((blob.metadata or {}).get("hdi_isfolder") == "true")


def _delete(container: ContainerClient, name: str) -> None:
    try:
        container.delete_blob(name)
    except ResourceNotFoundError as error:
        raise_unless_absent(error)
