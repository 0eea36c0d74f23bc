"""The Files API over volumes: a file needs its directory, and a directory needs its volume."""

import re
from collections.abc import Sequence
from email.utils import formatdate
from pathlib import Path

from cloudflix_assets_tests.loopback.databricks.calls import BAD, Call, Json, Refused, Route
from cloudflix_assets_tests.loopback.databricks.storage import Storage, clean
from cloudflix_assets_tests.loopback.web import Reply

PAGE = 1_000
DONE = Reply(204)


class VolumeFiles:
    """The Files API: the files and directories under `/Volumes`."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def routes(self) -> Sequence[Route]:
        """Return the routes of files and of directories, whose addresses end with a path."""
        file, folder = "/api/2.0/fs/files(/.+)", "/api/2.0/fs/directories(/.+)"
        paging = {"page_size?": int, "page_token?": str}
        return [
            Route("PUT", file, self._put, {"overwrite?": bool}),
            Route("GET", file, self._get, {}),
            Route("HEAD", file, self._head, {}),
            Route("DELETE", file, self._delete, {}),
            Route("PUT", folder, self._make, {}),
            Route("GET", folder, self._list, paging),
            Route("HEAD", folder, self._look, {}),
            Route("DELETE", folder, self._remove, {}),
        ]

    def _put(self, call: Call) -> Reply:
        path = self._path(call)
        if path.is_dir():
            raise Refused(400, BAD, f"{call.parts[0]} is a directory")
        if not path.parent.is_dir():
            raise Refused(404, "NOT_FOUND", f"The parent directory of {call.parts[0]} does not exist.")
        if path.exists() and not call.get("overwrite"):
            raise Refused(409, "ALREADY_EXISTS", f"The file being created already exists: {call.parts[0]}")
        path.write_bytes(call.request.body)
        return DONE

    def _get(self, call: Call) -> Reply:
        content = self._file(call).read_bytes()
        headers = [*_headers(self._file(call)), ("Accept-Ranges", "bytes")]
        if not (asked := call.request.header("range")):
            return Reply(200, headers, content)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked)
        if not found or int(found[1]) >= len(content):
            raise Refused(416, "INVALID_RANGE", f"{asked} is no range of {len(content)} bytes")
        part = content[int(found[1]) : int(found[2]) + 1 if found[2] else None]
        end = int(found[1]) + len(part) - 1
        return Reply(206, [*headers, ("Content-Range", f"bytes {found[1]}-{end}/{len(content)}")], part)

    def _head(self, call: Call) -> Reply:
        path = self._file(call)
        return Reply(200, [*_headers(path), ("Content-Length", str(path.stat().st_size))])

    def _delete(self, call: Call) -> Reply:
        self._file(call).unlink()
        return DONE

    def _make(self, call: Call) -> Reply:
        path = self._path(call)
        if path.is_file():
            raise Refused(409, "ALREADY_EXISTS", f"A file exists at {call.parts[0]}")
        path.mkdir(parents=True, exist_ok=True)
        return DONE

    def _list(self, call: Call) -> Json:
        path, name = self._folder(call), clean(call.parts[0])
        size, first = min(call.get("page_size", PAGE), PAGE), int(call.get("page_token") or 0)
        children = sorted(path.iterdir())
        page = {"contents": [_describe(name, child) for child in children[first : first + size]]}
        more = {"next_page_token": str(first + size)} if first + size < len(children) else {}
        return {**page, **more}

    def _look(self, call: Call) -> Reply:
        self._folder(call)
        return Reply(200)

    def _remove(self, call: Call) -> Reply:
        path = self._folder(call)
        if any(path.iterdir()):
            raise Refused(400, "DIRECTORY_NOT_EMPTY", f"The directory is not empty: {call.parts[0]}")
        if clean(call.parts[0]) in self.storage.volumes:
            raise Refused(400, BAD, f"{call.parts[0]} is a volume: it is dropped in the catalog")
        path.rmdir()
        return DONE

    def _path(self, call: Call) -> Path:
        return self.storage.in_volume(call.parts[0])

    def _file(self, call: Call) -> Path:
        if not (path := self._path(call)).is_file():
            raise Refused(404, "NOT_FOUND", f"The file being accessed is not found: {call.parts[0]}")
        return path

    def _folder(self, call: Call) -> Path:
        if not (path := self._path(call)).is_dir():
            raise Refused(404, "NOT_FOUND", f"The directory being accessed is not found: {call.parts[0]}")
        return path


def _headers(path: Path) -> list[tuple[str, str]]:
    modified = formatdate(path.stat().st_mtime, usegmt=True)
    return [("Content-Type", "application/octet-stream"), ("Last-Modified", modified)]


def _describe(folder: str, child: Path) -> Json:
    """Return the entry of a file or directory as JSON, with bytes and milliseconds since 1970."""
    status = child.stat()
    told = {"path": f"{folder}/{child.name}", "name": child.name, "is_directory": child.is_dir()}
    size = {} if child.is_dir() else {"file_size": status.st_size}
    return {**told, **size, "last_modified": int(status.st_mtime * 1000)}
