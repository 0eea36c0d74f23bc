"""The check of Shared Key signatures, for the calls of DFS, which never reach Azurite."""

import base64
import hashlib
import hmac
from collections import defaultdict
from urllib.parse import parse_qsl, urlsplit

from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY
from cloudflix_assets_tests.loopback.web import Request

SIGNED_HEADERS = (
    "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
    "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
)  # fmt: skip


def is_signed(request: Request) -> bool:
    """Return whether a request has a valid signature by the account's key."""
    text = "\n".join([request.method, *_headers(request), *_own_headers(request), *_resource(request)])
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    expected = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    return hmac.compare_digest(request.header("authorization"), expected)


def _headers(request: Request) -> list[str]:
    found = {name: request.header(name) for name in SIGNED_HEADERS}
    if found["content-length"] == "0":
        found["content-length"] = ""
    if "x-ms-date" in request.headers:
        found["date"] = ""
    return list(found.values())


def _own_headers(request: Request) -> list[str]:
    found = {name.lower(): value.strip() for name, value in request.headers.items()}
    return [f"{name}:{value}" for name, value in sorted(found.items()) if name.startswith("x-ms-")]


def _resource(request: Request) -> list[str]:
    parts = urlsplit(request.target)
    query: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        query[name.lower()].append(value)
    return [
        f"/{ACCOUNT}{parts.path}",
        *(f"{name}:{','.join(sorted(values))}" for name, values in sorted(query.items())),
    ]
