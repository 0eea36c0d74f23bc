"""The plain files of a lake in a storage account. Listings ask for one folder, never for a container."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from hashlib import file_digest
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
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
from cloudflix_assets.lake.base import Lake, Stored
from cloudflix_assets.lake.local import LocalLake


@dataclass(frozen=True)
class AccountFiles(Lake):
    """Files in the containers of `account`; `local` is its scratch lake, None if the engine is elsewhere."""

    account: Account
    local: LocalLake | None
    may_tear: ClassVar = False

    @property
    def scratch(self) -> Lake:
        """A folder beside Dagster's instance: what no reader needs is not worth a call to the account."""
        return self.local or self

    def uri(self, path: str) -> str:
        """`abfss://<container>@<account>.dfs.core.windows.net/<table>`."""
        return self.account.uri(path)

    def store(self, path: str, content: Path) -> bool:
        """Put a file under a content-addressed path, by blocks; False if its bytes are there already."""
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
        """Replace a small file at once."""
        self._blob(path).upload_blob(content, overwrite=True)

    def write_new(self, path: str, content: bytes) -> bool:
        """Write a small file that is not there; False if it is, and stays as it is."""
        try:
            self._blob(path).upload_blob(content, overwrite=False)
        except ResourceExistsError:
            return False
        return True

    def read(self, path: str) -> bytes | None:
        """A small file's bytes, or None if it is not there."""
        try:
            return self._blob(path).download_blob().readall()
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            return None

    def open(self, path: str) -> BinaryIO:
        """A copy of a file, fetched by blocks, to read from its beginning.

        Raises:
            FileNotFoundError: it is not there.
        """
        spooled = cast("BinaryIO", TemporaryFile())  # noqa: SIM115  # closed by whoever reads it
        try:
            self._fetch(path, spooled)
        except BaseException:  # an interrupt too; it is raised again
            spooled.close()
            raise
        spooled.seek(0)
        return spooled

    @contextmanager
    def local_copy(self, path: str) -> Iterator[Path]:
        """A copy of a file, for as long as it is needed."""
        with NamedTemporaryFile(prefix="cloudflix-") as copy:
            self._fetch(path, cast("BinaryIO", copy))
            copy.flush()
            yield Path(copy.name)

    def _fetch(self, path: str, target: BinaryIO) -> None:
        try:
            self._blob(path).download_blob(max_concurrency=AT_ONCE).readinto(target)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            raise FileNotFoundError(self.uri(path)) from error

    def random_access(self, stored: Stored) -> pa.NativeFile:
        """A file, to read parts of it."""
        return ranges.opened(self._blob(stored.path), stored.size)

    def files_below(self, folder: str) -> list[Stored]:
        """The files below a folder, by path; none if there is no such folder."""
        layer, _, _ = folder.partition("/")
        return [
            Stored(f"{layer}/{blob.name}", blob.size, blob.last_modified)
            for blob in self._listed(folder)
            if not _is_folder(blob)
        ]

    def _listed(self, folder: str) -> list[BlobProperties]:
        container, name = self._container(folder)
        return list(container.list_blobs(name_starts_with=_below(name), include=["metadata"]))

    def names(self, path: str) -> list[str]:
        """What lies in a folder, by name; nothing if there is no such folder."""
        return sorted({entry.name.rstrip("/").rpartition("/")[2] for entry in self._walked(path)})

    def _walked(self, path: str) -> Iterator[BlobProperties | BlobPrefix]:
        container, name = self._container(path)
        return iter(container.walk_blobs(name_starts_with=_below(name)))

    def size(self, path: str) -> int | None:
        """Bytes of a file; None if it is not there."""
        try:
            return int(self._blob(path).get_blob_properties().size)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)
            return None

    def fingerprint(self, path: str) -> frozenset[tuple[object, ...]]:
        """Names and entity tags."""
        found = (entry for entry in self._walked(path) if isinstance(entry, BlobProperties))
        return frozenset((blob.name, blob.etag) for blob in found)

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """Wait until no other process or thread is in here with this file; one that died is not."""
        self.write_new(path, b"")
        with leases.held(self._blob(path)):
            yield

    def move(self, path: str, target: str) -> None:
        """Give a file another place; nothing if somebody else has just moved it."""
        try:
            if self._is_flat:
                self._copied(path, target)
                self._blob(path).delete_blob()
            else:
                container, name = self.account.placed(path)
                _, moved = self.account.placed(target)
                namespaces.move_file(data_lake(self.account), container, name, moved)
        except ResourceNotFoundError as error:
            raise_unless_absent(error)

    def publish(self, folder: str, target: str) -> None:
        """Upload the files of a folder of the scratch lake, by blocks; in the account they are copied."""
        for stored in self.scratch.files_below(folder):
            path = f"{target}{stored.path.removeprefix(folder)}"
            if self.local:
                self._upload(Path(self.local.uri(stored.path)), path)
            else:
                self._copied(stored.path, path)

    @contextmanager
    def writing(self, path: str) -> Iterator[Path]:
        """A file of this machine, uploaded afterwards."""
        with NamedTemporaryFile(prefix="cloudflix-") as near:
            yield Path(near.name)
            self._upload(Path(near.name), path)

    def _upload(self, file: Path, path: str) -> None:
        with file.open("rb") as source:
            self._blob(path).upload_blob(source, overwrite=True, max_concurrency=AT_ONCE)

    def _copied(self, path: str, target: str) -> None:
        copied = self._blob(target)
        copied.start_copy_from_url(self._blob(path).url)
        namespaces.await_copy(copied)

    def remove(self, path: str) -> None:
        """Remove a folder, if it is there."""
        container, name = self._container(path)
        if not self._is_flat:
            namespaces.remove_folder(data_lake(self.account), container.container_name, name)
            return
        blobs = [blob.name for blob in self._listed(path)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(partial(_delete, container), blobs))

    @property
    def _is_flat(self) -> bool:
        return namespaces.is_flat(self.account)

    def _container(self, path: str) -> tuple[ContainerClient, str]:
        container, name = self.account.placed(path)
        return _client(self.account, container), name

    def _blob(self, path: str) -> BlobClient:
        container, name = self._container(path)
        return container.get_blob_client(name)

    def _remove_file(self, path: str) -> None:
        container, name = self._container(path)
        _delete(container, name)


@cache
def _client(account: Account, container: str) -> ContainerClient:
    with BlobStorageResource.of(account).get_client() as client:
        return client.get_container_client(container)


def _below(folder: str) -> str | None:
    """How the names of what lies in a folder begin."""
    return f"{folder}/" if folder else None


def _is_folder(blob: BlobProperties) -> bool:
    """A hierarchical namespace lists its folders as blobs."""
    return bool((blob.metadata or {}).get("hdi_isfolder") == "true")


def _delete(container: ContainerClient, name: str) -> None:
    try:
        container.delete_blob(name)
    except ResourceNotFoundError as error:
        raise_unless_absent(error)
