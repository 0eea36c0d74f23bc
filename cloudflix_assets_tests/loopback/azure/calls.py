"""The calls of the Blob service: which call a request is, and whether the service knows such a call.

The tables follow the REST reference of the Blob service. A call that is not in the reference, or that none of
our clients sends, is a mistake. Calls of DFS have names too, for a proxy in front of a hierarchical account.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from cloudflix_assets_tests.loopback.azure import dfs
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT
from cloudflix_assets_tests.loopback.web import Request

Kind = Literal[
    "list", "list containers", "head", "get", "put", "put-if-absent", "put block", "put block list",
    "copy", "delete", "batch", "container", "account", "lease", "other",
    "create", "append", "flush", "rename",
]  # fmt: skip
KINDS = get_args(Kind)

SIGNED = {"sv", "ss", "srt", "sr", "sp", "st", "se", "spr", "sip", "si", "sig"}
SIGNED_BY_USER = {"skoid", "sktid", "skt", "ske", "sks", "skv", "saoid", "suoid", "scid", "sdd"}
LISTED = {"prefix", "delimiter", "marker", "maxresults", "include", "showonly", "startFrom"}
OF_A_BLOB = {"snapshot", "versionid", "blockid", "blocklisttype", "deletetype"}
OF_HADOOP = {"upn", "close"}  # parameters of DFS that Hadoop sends to flat accounts too, which ignore them
PARAMETERS = {"restype", "comp", "timeout"} | OF_HADOOP | SIGNED | SIGNED_BY_USER | LISTED | OF_A_BLOB

ON_THE_ACCOUNT: dict[tuple[str, str, str], Kind] = {
    ("GET", "", "list"): "list containers",
    ("POST", "", "batch"): "batch",
    ("POST", "service", "userdelegationkey"): "account",
    **{(method, "service", "properties"): "account" for method in ("GET", "PUT")},
}
ON_A_CONTAINER: dict[tuple[str, str], Kind] = {
    ("GET", "list"): "list",
    ("POST", "batch"): "batch",
    ("PUT", "lease"): "lease",
    **{(method, ""): "container" for method in ("GET", "HEAD", "PUT", "DELETE")},
    **{(method, part): "container" for method in ("GET", "HEAD", "PUT") for part in ("metadata", "acl")},
}
ON_A_BLOB: dict[tuple[str, str], Kind] = {
    ("GET", ""): "get",
    ("HEAD", ""): "head",
    ("HEAD", "metadata"): "head",
    ("DELETE", ""): "delete",
    ("PUT", "block"): "put block",
    ("PUT", "blocklist"): "put block list",
    ("PUT", "lease"): "lease",
    ("PUT", "copy"): "other",  # aborts a copy
    **{("GET", part): "other" for part in ("blocklist", "metadata", "tags")},
    **{("PUT", part): "other" for part in ("metadata", "properties", "tags", "snapshot", "tier", "undelete")},
}
OF_DFS: dict[str, Kind] = {
    "filesystems": "list containers",
    **dict.fromkeys(("make_filesystem", "filesystem", "delete_filesystem"), "container"),
    "paths": "list",
    "make": "create",
    "append": "append",
    "flush": "flush",
    "rename": "rename",
    "status": "head",
    "delete": "delete",
}
ON_BLOBS: set[Kind] = {"get", "head", "put", "put-if-absent", "put block", "put block list", "copy", "delete"}


@dataclass
class Call:
    """One call of a client.

    Attributes:
        path: the path of a blob; the prefix of a list.
        conditional: the request has `If-None-Match: *`.
        status: the status that the client got; 0 if the connection ended instead.
        served: the status that the server returned; None if the server was not asked.
        seconds: the time from the request to its answer.
        bytes: the size of both bodies.
    """

    kind: Kind
    method: str
    container: str
    path: str
    conditional: bool = False
    status: int = 0
    served: int | None = None
    seconds: float = 0.0
    bytes: int = 0


def classify(request: Request, wrong: list[str], *, hierarchical: bool = False) -> Call:
    """Classify a request, and add its mistakes to `wrong`."""
    account, _, rest = request.path.removeprefix("/").partition("/")
    container, _, path = rest.partition("/")
    of_dfs = dfs.kind_of(request) if hierarchical else None
    kind = _kind_of_dfs(request, of_dfs) if of_dfs else _kind(request, container, path)
    prefix = request.query.get("prefix") or request.query.get("directory", "")
    call = Call(kind, request.method, container, path or prefix)
    call.conditional = request.header("if-none-match") == "*"
    mistakes = [dfs.mistake(request, of_dfs)] if of_dfs else _mistakes(request, account, call)
    wrong += [f"{request.method} {request.target} {mistake}" for mistake in mistakes if mistake]
    return call


def _kind_of_dfs(request: Request, kind: str) -> Kind:
    operation = dfs.OPERATIONS.get((dfs.method_of(request), kind))
    return OF_DFS.get(operation.name, "other") if operation else "other"


def _kind(request: Request, container: str, path: str) -> Kind:
    method, query = request.method, request.query
    comp, restype = query.get("comp", ""), query.get("restype", "")
    if (restype, comp) == ("account", "properties"):
        return "account"  # valid at every address
    if not container:
        return ON_THE_ACCOUNT.get((method, restype, comp), "other")
    if restype == "container" and not path:
        return ON_A_CONTAINER.get((method, comp), "other")
    if method == "PUT" and not comp:
        if "x-ms-copy-source" in request.headers:
            return "copy"
        return "put-if-absent" if request.header("if-none-match") == "*" else "put"
    return ON_A_BLOB.get((method, comp), "other")


def _mistakes(request: Request, account: str, call: Call) -> list[str]:
    query = request.query
    unknown = sorted(set(query) - PARAMETERS)
    other = (request.method, query.get("comp", "")) not in ON_A_BLOB or "restype" in query or not call.path
    asks_for_hierarchy = _asks_for_hierarchy(request)
    untyped = call.kind.startswith("put") and "comp" not in query and "x-ms-blob-type" not in request.headers
    found = {
        f"is for the account {account}": account != ACCOUNT,
        f"has parameters that are not known: {unknown}": bool(unknown) and not asks_for_hierarchy,
        "is no call of the Blob service": call.kind == "other" and other and not asks_for_hierarchy,
        "says no x-ms-version": "x-ms-version" not in request.headers,
        "is not signed": "authorization" not in request.headers and "sig" not in query,
        "says no x-ms-blob-type": untyped,
        "names no blob": call.kind in ON_BLOBS and not call.path and not asks_for_hierarchy,
    }
    return [mistake for mistake, made in found.items() if made]


def _asks_for_hierarchy(request: Request) -> bool:
    """Return whether Hadoop asks here if the account has a hierarchy; a flat account answers 400."""
    return request.method == "HEAD" and request.query.get("action") == "getAccessControl"
