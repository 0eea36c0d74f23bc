"""Read parts of a blob: the footer of a Parquet file without its rows.

2026-11-26: delta-rs offers such a file too, but its calls hold the GIL: no other thread runs meanwhile,
Ctrl-C waits, and footers are read one after the other.
"""

import io

import pyarrow as pa
from azure.storage.blob import BlobClient


class _Ranges(io.RawIOBase):
    """A readable, seekable file; each read is one call for exactly the bytes it asks for."""

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


def open_ranges(blob: BlobClient, size: int) -> pa.NativeFile:
    """Open a blob of `size` bytes as a file that Arrow reads in parts; the caller closes it."""
    return pa.PythonFile(_Ranges(blob, size), mode="r")
