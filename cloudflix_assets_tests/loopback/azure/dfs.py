"""The DFS protocol, after the Path and Filesystem REST references.

Access control lists, leases and changes of properties are missing: a request for them is a mistake.
"""

import base64
import json
from dataclasses import dataclass
from email.utils import format_datetime
from urllib.parse import unquote

from azure.core.exceptions import ResourceExistsError

from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT
from cloudflix_assets_tests.loopback.azure.tree import Entry, PathError, Place, Tree
from cloudflix_assets_tests.loopback.web import Reply, Request

RIGHTS = [
    ("x-ms-owner", "$superuser"),
    ("x-ms-group", "$superuser"),
    ("x-ms-permissions", "rwxr-x---"),
    ("x-ms-acl", "user::rwx,group::r-x,other::---"),
]
NOT_HERE = {"x-ms-lease-id", "x-ms-lease-action", "x-ms-acl", "x-ms-expiry-option"}


@dataclass(frozen=True)
class Operation:
    """A call of DFS: the parameters that it needs, and all that it knows."""

    name: str
    needs: frozenset[str]
    knows: frozenset[str] = frozenset({"timeout"})


def _operation(name: str, needs: str, knows: str = "") -> Operation:
    return Operation(name, frozenset(needs.split()), frozenset({*needs.split(), *knows.split(), "timeout"}))


OPERATIONS = {
    ("GET", "account"): _operation("filesystems", "resource", "prefix maxResults"),
    ("PUT", "filesystem"): _operation("make_filesystem", "resource"),
    ("HEAD", "filesystem"): _operation("filesystem", "resource"),
    ("DELETE", "filesystem"): _operation("delete_filesystem", "resource"),
    ("GET", "filesystem"): _operation("paths", "resource recursive", "directory maxResults continuation upn"),
    ("PUT", "file"): _operation("make", "resource"),
    ("PUT", "directory"): _operation("make", "resource"),
    ("PUT", "rename"): _operation("rename", "", "mode continuation"),
    ("PATCH", "append"): _operation("append", "action position", "flush close"),
    ("PATCH", "flush"): _operation("flush", "action position", "retainUncommittedData close"),
    ("HEAD", "getStatus"): _operation("status", "action", "upn"),
    ("HEAD", "getAccessControl"): _operation("status", "action", "upn"),
    ("DELETE", "recursive"): _operation("delete", "recursive", "continuation paginated"),
}


def method_of(request: Request) -> str:
    """Return the method of a request; a client that cannot send PATCH names it in a header."""
    return request.header("x-http-method-override") or request.method


def kind_of(request: Request) -> str | None:
    """Return the kind of a DFS request; None if it may be a call of the Blob service."""
    query = request.query
    if "x-ms-rename-source" in request.headers:
        return "rename"
    if method_of(request) == "DELETE" and "recursive" in query:
        return "recursive"
    unknown = "patch" if method_of(request) == "PATCH" else None
    return query.get("resource") or query.get("action") or unknown


def mistake(request: Request, kind: str) -> str | None:
    """Return what Azure, or this double, would not understand about a request; else None."""
    method, query = method_of(request), set(request.query)
    operation = OPERATIONS.get((method, kind))
    if operation is None:
        return f"is no call of DFS that is known here: {method} {kind}"
    if missing := operation.needs - query:
        return f"lacks {sorted(missing)}"
    if unknown := query - operation.knows:
        return f"has parameters that are not known: {sorted(unknown)}"
    if "x-ms-version" not in request.headers:
        return "says no x-ms-version"
    if other := sorted(NOT_HERE & {name.lower() for name in request.headers}):
        return f"has headers that are not known here: {other}"
    return None


class Dfs:
    """The DFS service; it takes requests without a `mistake`, and raises `PathError`."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def answer(self, request: Request, kind: str) -> Reply:
        """Answer one call."""
        name = OPERATIONS[method_of(request), kind].name
        place = place_of(request.path.removeprefix(f"/{ACCOUNT}"))
        reply: Reply = getattr(self, f"_{name}")(request, place)
        return reply

    def _filesystems(self, request: Request, place: Place) -> Reply:
        prefix = request.query.get("prefix", "")
        names = [found.name for found in self.tree.service.list_containers(prefix)]
        return _json({"filesystems": [{"name": name} for name in names]})

    def _make_filesystem(self, request: Request, place: Place) -> Reply:
        try:
            self.tree.service.create_container(place.container)
        except ResourceExistsError:
            raise PathError(409, "FilesystemAlreadyExists") from None
        return Reply(201, _stamps(self.tree.get(place)))

    def _filesystem(self, request: Request, place: Place) -> Reply:
        return Reply(200, [("x-ms-namespace-enabled", "true"), *_stamps(self.tree.get(place))])

    def _delete_filesystem(self, request: Request, place: Place) -> Reply:
        self.tree.get(place)
        self.tree.service.delete_container(place.container)
        return Reply(202)

    def _make(self, request: Request, place: Place) -> Reply:
        made = self.tree.make(
            place,
            _metadata(request.header("x-ms-properties")),
            directory=request.query["resource"] == "directory",
            absent=request.header("if-none-match") == "*",
            etag=request.header("if-match").strip('"'),
        )
        return Reply(201, _stamps(made))

    def _rename(self, request: Request, place: Place) -> Reply:
        named = unquote(request.header("x-ms-rename-source").partition("?")[0])
        source = place_of(named.removeprefix(f"/{ACCOUNT}/"))
        etag = request.header("x-ms-source-if-match").strip('"')
        self.tree.rename(source, place, absent=request.header("if-none-match") == "*", etag=etag)
        return Reply(201)

    def _append(self, request: Request, place: Place) -> Reply:
        position = int(request.query["position"])
        self.tree.append(place, position, request.body)
        if request.query.get("flush") == "true":
            return Reply(202, _stamps(self.tree.flush(place, position + len(request.body))))
        return Reply(202, [("x-ms-request-server-encrypted", "true")])

    def _flush(self, request: Request, place: Place) -> Reply:
        retain = request.query.get("retainUncommittedData") == "true"
        return Reply(200, _stamps(self.tree.flush(place, int(request.query["position"]), retain=retain)))

    def _status(self, request: Request, place: Place) -> Reply:
        entry = self.tree.get(place)
        return Reply(200, [*_stamps(entry), *described(entry), ("Content-Length", str(entry.size))])

    def _delete(self, request: Request, place: Place) -> Reply:
        self.tree.delete(place, recursive=request.query["recursive"] == "true")
        return Reply(200)

    def _paths(self, request: Request, place: Place) -> Reply:
        query = request.query
        top = Place(place.container, query.get("directory", "").strip("/"))
        self.tree.get(top)
        depth = top.path.count("/") + bool(top.path)
        deep, after = query["recursive"] == "true", query.get("continuation", "")
        inside = [entry for entry in self.tree.inside(top) if deep or entry.name.count("/") == depth]
        rest = [entry for entry in inside if entry.name > after]
        page = rest[: int(query.get("maxResults", 5_000))]
        reply = _json({"paths": [_listed(entry) for entry in page]})
        if page != rest:
            reply.headers.append(("x-ms-continuation", page[-1].name))
        return reply


def place_of(path: str) -> Place:
    """Return the place that a path names; slashes at its ends are ignored."""
    container, _, inside = path.strip("/").partition("/")
    return Place(container, inside.strip("/"))


def refused(error: PathError, message: str = "") -> Reply:
    """Return an error answer in the form of DFS."""
    reply = _json({"error": {"code": error.code, "message": message or error.code}})
    return Reply(error.status, [*reply.headers, ("x-ms-error-code", error.code)], reply.body)


def described(entry: Entry) -> list[tuple[str, str]]:
    """Return the headers of an entry that only an account with a hierarchy sends."""
    return [("x-ms-resource-type", "directory" if entry.directory else "file"), *RIGHTS]


def _stamps(entry: Entry) -> list[tuple[str, str]]:
    return [("ETag", f'"{entry.etag}"'), ("Last-Modified", format_datetime(entry.modified, usegmt=True))]


def _listed(entry: Entry) -> dict[str, str]:
    rights = {name.removeprefix("x-ms-"): value for name, value in RIGHTS if name != "x-ms-acl"}
    return {
        "name": entry.name,
        "etag": entry.etag,
        "lastModified": format_datetime(entry.modified, usegmt=True),
        "contentLength": str(entry.size),
        **rights,
        **({"isDirectory": "true"} if entry.directory else {}),
    }


def _metadata(properties: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in properties.split(",") if pair)
    return {name.strip(): base64.b64decode(value).decode() for name, _, value in pairs}


def _json(value: object) -> Reply:
    return Reply(200, [("Content-Type", "application/json;charset=utf-8")], json.dumps(value).encode())
