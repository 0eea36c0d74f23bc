"""A blob of which parts are read: the footer of a Parquet file, not its rows.

2026-11-26: delta-rs has such a file too, but its calls hold Python's lock: nothing else runs meanwhile, not
even a Ctrl-C, and footers are read one after the other.
"""

import io

import pyarrow as pa
from azure.storage.blob import BlobClient


class _Ranges(io.RawIOBase):
    """Each read is a call, for as much as it asks."""

    def __init__(self, blob: BlobClient, size: int) -> None:
        self._blob, self._size, self._at = blob, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        length = left if size < 0 else min(size, left)
        found = self._blob.download_blob(self._at, length).readall() if length else b""
        self._at += len(found)
        return found


def opened(blob: BlobClient, size: int) -> pa.NativeFile:
    """A blob of a known size, as Arrow reads it."""
    return pa.PythonFile(_Ranges(blob, size), mode="r")
