"""The DBFS API 2.0 with its limits: one megabyte per block and per read."""

import base64
import binascii
import itertools
import shutil
from collections.abc import Sequence
from pathlib import Path

from cloudflix_assets_tests.loopback.databricks.calls import ABSENT, BAD, Call, Json, Refused, Route
from cloudflix_assets_tests.loopback.databricks.storage import Storage, clean

MEGABYTE = 1024 * 1024
USUAL_READ = MEGABYTE // 2


class Dbfs:
    """The DBFS API: the files by path, and the handles of files that are being written."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.handles: dict[int, tuple[Path, bytearray]] = {}
        self.next_handle = itertools.count(7_000_001)

    def routes(self) -> Sequence[Route]:
        base = "/api/2.0/dbfs"
        path = {"path": str}
        return [
            Route("POST", f"{base}/create", self._create, {**path, "overwrite?": bool}),
            Route("POST", f"{base}/add-block", self._add_block, {"handle": int, "data": str}),
            Route("POST", f"{base}/close", self._close, {"handle": int}),
            Route("POST", f"{base}/put", self._put, {**path, "contents?": str, "overwrite?": bool}),
            Route("GET", f"{base}/read", self._read, {**path, "offset?": int, "length?": int}),
            Route("GET", f"{base}/get-status", self._status, path),
            Route("GET", f"{base}/list", self._list, path),
            Route("POST", f"{base}/mkdirs", self._mkdirs, path),
            Route("POST", f"{base}/move", self._move, {"source_path": str, "destination_path": str}),
            Route("POST", f"{base}/delete", self._delete, {**path, "recursive?": bool}),
        ]

    def _create(self, call: Call) -> Json:
        path = self._writable(call)
        handle = next(self.next_handle)
        self.handles[handle] = (path, bytearray())
        return {"handle": handle}

    def _add_block(self, call: Call) -> Json:
        _, content = self._handle(call)
        content += _decode(call["data"])
        return {}

    def _close(self, call: Call) -> Json:
        path, content = self._handle(call)
        del self.handles[call["handle"]]
        _write(path, bytes(content))
        return {}

    def _put(self, call: Call) -> Json:
        _write(self._writable(call), _decode(call.get("contents", "")))
        return {}

    def _read(self, call: Call) -> Json:
        path = self._present(call)
        length, offset = call.get("length", USUAL_READ), call.get("offset", 0)
        if path.is_dir():
            raise Refused(400, BAD, f"Cannot read {call['path']}: it is a directory")
        if min(length, offset) < 0:
            raise Refused(400, BAD, "length and offset must not be negative")
        if length > MEGABYTE:
            raise Refused(400, "MAX_READ_SIZE_EXCEEDED", "The read length exceeds 1 MB")
        part = path.read_bytes()[offset : offset + length]
        return {"bytes_read": len(part), "data": base64.b64encode(part).decode()}

    def _status(self, call: Call) -> Json:
        return _describe(clean(call["path"]), self._present(call))

    def _list(self, call: Call) -> Json:
        path, name = self._present(call), clean(call["path"]).rstrip("/")
        if path.is_file():
            return {"files": [_describe(name, path)]}
        return {"files": [_describe(f"{name}/{child.name}", child) for child in sorted(path.iterdir())]}

    def _mkdirs(self, call: Call) -> Json:
        path = self.storage.in_dbfs(call["path"])
        if path.is_file():
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"A file exists at {call['path']}")
        path.mkdir(parents=True, exist_ok=True)
        return {}

    def _delete(self, call: Call) -> Json:
        """Delete a file or directory; deleting an absent path succeeds."""
        path = self.storage.in_dbfs(call["path"])
        if path.is_dir():
            if any(path.iterdir()) and not call.get("recursive"):
                raise Refused(400, "IO_ERROR", f"Directory {call['path']} is not empty")
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        return {}

    def _move(self, call: Call) -> Json:
        """Move a file or directory; refuse to replace an existing one."""
        source, target = (self.storage.in_dbfs(call[f"{which}_path"]) for which in ("source", "destination"))
        if not source.exists():
            raise Refused(404, ABSENT, f"No file or directory exists on path {call['source_path']}.")
        if target.exists():
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"A file exists at {call['destination_path']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        return {}

    def _handle(self, call: Call) -> tuple[Path, bytearray]:
        if call["handle"] not in self.handles:
            raise Refused(404, ABSENT, f"No stream with handle {call['handle']} is open")
        return self.handles[call["handle"]]

    def _present(self, call: Call) -> Path:
        path = self.storage.in_dbfs(call["path"])
        if not path.exists():
            raise Refused(404, ABSENT, f"No file or directory exists on path {call['path']}.")
        return path

    def _writable(self, call: Call) -> Path:
        path = self.storage.in_dbfs(call["path"])
        if path.is_dir() or (path.exists() and not call.get("overwrite")):
            raise Refused(400, "RESOURCE_ALREADY_EXISTS", f"A file already exists at {call['path']}")
        return path


def _decode(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refused(400, BAD, "The block of data is not base64") from None
    if len(content) > MEGABYTE:
        raise Refused(400, "MAX_BLOCK_SIZE_EXCEEDED", "The block of data exceeds 1 MB")
    return content


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _describe(name: str, path: Path) -> Json:
    """Return the status of a path as JSON, with bytes and milliseconds since 1970."""
    status = path.stat()
    size = 0 if path.is_dir() else status.st_size
    modified = int(status.st_mtime * 1000)
    return {"path": name, "is_dir": path.is_dir(), "file_size": size, "modification_time": modified}
