"""Where host and cluster hand files to each other: a volume of Unity Catalog, or a folder of DBFS."""

import base64
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound, PermissionDenied

from cloudflix_assets.databricks.calls import patiently
from cloudflix_assets.errors import CloudflixError

BLOCK_BYTES = 2**20
"""DBFS takes and gives no more at once."""


class StagingRefused(CloudflixError):
    """Nothing can be handed over where the settings say."""


@dataclass(frozen=True)
class Area(ABC):
    """Files below the folder `root`, by their path in it."""

    client: WorkspaceClient
    root: str

    def address(self, path: str) -> str:
        """What a task's `python_file` calls it."""
        return f"{self.root}/{path}"

    @abstractmethod
    def mounted(self, path: str) -> str:
        """Where a driver opens it."""

    @abstractmethod
    def has(self, path: str) -> bool:
        """Whether a file is there."""

    @abstractmethod
    def put(self, path: str, content: bytes) -> None:
        """Write a file, which appears at once or not at all."""

    @abstractmethod
    def get(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing if there is no such folder."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""


class Volume(Area):
    """A folder of a Unity Catalog volume: `/Volumes/<catalog>/<schema>/<volume>/…`."""

    def mounted(self, path: str) -> str:
        """The same as its address."""
        return self.address(path)

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        try:
            patiently(lambda: self.client.files.get_metadata(self.address(path)))
        except NotFound:
            return False
        return True

    def put(self, path: str, content: bytes) -> None:
        """Write a file; its folder is made where it is missing, which costs two calls, once."""
        try:
            self._uploaded(path, content)
        except NotFound:
            folder = self.address(path).rpartition("/")[0]
            patiently(lambda: self.client.files.create_directory(folder))
            self._uploaded(path, content)

    def _uploaded(self, path: str, content: bytes) -> None:
        upload = self.client.files.upload
        patiently(lambda: upload(self.address(path), io.BytesIO(content), overwrite=True))

    def get(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""

        def downloaded() -> bytes:
            contents = self.client.files.download(self.address(path)).contents
            return contents.read() if contents else b""

        try:
            return patiently(downloaded)
        except NotFound:
            return None

    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing if there is no such folder."""
        listed = self.client.files.list_directory_contents
        try:
            return sorted(entry.name or "" for entry in patiently(lambda: list(listed(self.address(folder)))))
        except NotFound:
            return []

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        try:
            patiently(lambda: self.client.files.delete(self.address(path)))
        except NotFound:
            return


class Dbfs(Area):
    """A folder of DBFS: `dbfs:/…`, which a driver opens below `/dbfs`."""

    def mounted(self, path: str) -> str:
        """Below `/dbfs`."""
        return f"/dbfs{self._plain(path)}"

    def _plain(self, path: str) -> str:
        return self.address(path).removeprefix("dbfs:")

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        try:
            patiently(lambda: self.client.dbfs.get_status(self._plain(path)))
        except NotFound:
            return False
        return True

    def put(self, path: str, content: bytes) -> None:
        """Write a file of one block at once, and a larger one under another name first.

        Raises:
            StagingRefused: the workspace has no DBFS.
        """
        with self._enabled():
            self._put(path, content)

    @contextmanager
    def _enabled(self) -> Iterator[None]:
        try:
            yield
        except PermissionDenied as error:
            if "disabled" not in str(error):
                raise
            raise StagingRefused(
                f"{self.root} cannot be staged in, because DBFS is disabled in this workspace: set "
                "CLOUDFLIX_DATABRICKS_STAGING to a volume, /Volumes/<catalog>/<schema>/<volume>."
            ) from error

    def _put(self, path: str, content: bytes) -> None:
        if len(content) <= BLOCK_BYTES:
            data = base64.b64encode(content).decode()
            patiently(lambda: self.client.dbfs.put(self._plain(path), contents=data, overwrite=True))
            return
        partial = f"{self._plain(path)}.{uuid4().hex}"
        patiently(lambda: self._written(partial, content))
        patiently(lambda: self._renamed(partial, path))

    def _written(self, plain: str, content: bytes) -> None:
        """All of it: of a block whose answer was lost nobody knows whether it was added."""
        created = self.client.dbfs.create(plain, overwrite=True)
        handle = created.handle or 0
        for start in range(0, len(content), BLOCK_BYTES):
            block = base64.b64encode(content[start : start + BLOCK_BYTES]).decode()
            self.client.dbfs.add_block(handle, block)
        self.client.dbfs.close(handle)
        if (size := self.client.dbfs.get_status(plain).file_size) != len(content):
            raise ConnectionError(f"{plain} has {size} bytes instead of {len(content)}")

    def _renamed(self, partial: str, path: str) -> None:
        if not self.has(path):
            self.client.dbfs.move(partial, self._plain(path))
        else:  # another step has put it there
            self.client.dbfs.delete(partial)

    def get(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""
        found = io.BytesIO()
        while True:
            start = found.tell()

            def read(offset: int = start) -> bytes:
                answer = self.client.dbfs.read(self._plain(path), length=BLOCK_BYTES, offset=offset)
                return base64.b64decode(answer.data or "")

            try:
                block = patiently(read)
            except NotFound:
                return None
            found.write(block)
            if len(block) < BLOCK_BYTES:
                return found.getvalue()

    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing if there is no such folder."""
        try:
            with self._enabled():
                entries = patiently(lambda: list(self.client.dbfs.list(self._plain(folder))))
        except NotFound:
            return []
        return sorted((entry.path or "").rpartition("/")[2] for entry in entries)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        try:
            patiently(lambda: self.client.dbfs.delete(self._plain(path)))
        except NotFound:
            return


def area(client: WorkspaceClient, staging: str) -> Area:
    """The place that a setting names."""
    return Dbfs(client, staging) if staging.startswith("dbfs:") else Volume(client, staging)
