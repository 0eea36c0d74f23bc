"""The staging area, where host and cluster exchange files: a Unity Catalog volume, or a folder of DBFS."""

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
"""The most that one call to DBFS writes or reads."""


class StagingRefused(CloudflixError):
    """The staging area of the settings cannot be written to."""


@dataclass(frozen=True)
class Area(ABC):
    """The files below a folder of the workspace, by their paths in it.

    Args:
        client: of the workspace.
        root: the folder.
    """

    client: WorkspaceClient
    root: str

    def address(self, path: str) -> str:
        """The file's address, as a task's `python_file` names it."""
        return f"{self.root}/{path}"

    @abstractmethod
    def mounted(self, path: str) -> str:
        """The local path at which a driver opens the file."""

    @abstractmethod
    def has(self, path: str) -> bool:
        """Whether a file is there."""

    @abstractmethod
    def put(self, path: str, content: bytes) -> None:
        """Write a file, which appears whole or not at all."""

    @abstractmethod
    def get(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Sorted names of the files in a folder; none if there is no such folder."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""


class Volume(Area):
    """A folder of a Unity Catalog volume: `/Volumes/<catalog>/<schema>/<volume>/…`."""

    def mounted(self, path: str) -> str:
        """The local path at which a driver opens the file: its address."""
        return self.address(path)

    def has(self, path: str) -> bool:
        """Whether a file is there."""
        try:
            patiently(lambda: self.client.files.get_metadata(self.address(path)))
        except NotFound:
            return False
        return True

    def put(self, path: str, content: bytes) -> None:
        """Write a file whole; where its folder is missing, create it, for two more calls."""
        try:
            self._upload(path, content)
        except NotFound:
            folder = self.address(path).rpartition("/")[0]
            patiently(lambda: self.client.files.create_directory(folder))
            self._upload(path, content)

    def _upload(self, path: str, content: bytes) -> None:
        upload = self.client.files.upload
        patiently(lambda: upload(self.address(path), io.BytesIO(content), overwrite=True))

    def get(self, path: str) -> bytes | None:
        """The bytes of a file, None if there is none."""

        def download() -> bytes:
            contents = self.client.files.download(self.address(path)).contents
            return contents.read() if contents else b""

        try:
            return patiently(download)
        except NotFound:
            return None

    def names(self, folder: str) -> list[str]:
        """Sorted names of the files in a folder; none if there is no such folder."""
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
        """The local path at which a driver opens the file, below `/dbfs`."""
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
        """Write a file whole: one block in one call, more under another name that is moved at the end.

        Raises:
            StagingRefused: the workspace has no DBFS.
        """
        with self._dbfs_errors():
            self._put(path, content)

    @contextmanager
    def _dbfs_errors(self) -> Iterator[None]:
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
        patiently(lambda: self._write(partial, content))
        patiently(lambda: self._move_into_place(partial, path))

    def _write(self, plain: str, content: bytes) -> None:
        """Write a file and compare its size: a block whose answer was lost may have been added or not.

        Raises:
            ConnectionError: the size is another; write the file again.
        """
        created = self.client.dbfs.create(plain, overwrite=True)
        handle = created.handle or 0
        for start in range(0, len(content), BLOCK_BYTES):
            block = base64.b64encode(content[start : start + BLOCK_BYTES]).decode()
            self.client.dbfs.add_block(handle, block)
        self.client.dbfs.close(handle)
        if (size := self.client.dbfs.get_status(plain).file_size) != len(content):
            raise ConnectionError(f"{plain} has {size} bytes instead of {len(content)}")

    def _move_into_place(self, partial: str, path: str) -> None:
        if not self.has(path):
            self.client.dbfs.move(partial, self._plain(path))
        else:  # another step has written it
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
        """Sorted names of the files in a folder; none if there is no such folder."""
        try:
            with self._dbfs_errors():
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
    """Return the staging area that the setting CLOUDFLIX_DATABRICKS_STAGING names."""
    return Dbfs(client, staging) if staging.startswith("dbfs:") else Volume(client, staging)
