"""A loopback GitHub: real HTTP over real git objects, strict about requests, with faults on demand.

It follows GitHub's documentation of the REST API, version 2022-11-28.
"""

import hashlib
import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from dulwich.objects import Commit

from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.web import Connection

OWNER, NAME, BRANCH = "acme", "catalogue", "main"
JSON, RAW = "application/vnd.github+json", "application/vnd.github.raw+json"
RESET = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


Fault = Callable[["Handler", "Reply"], "Reply | None"]
"""A function that returns a changed reply, or uses the connection itself and returns None."""


@dataclass
class Reply:
    """An answer of the server."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class LoopbackGitHub:
    """The API of one repository.

    Attributes:
        faults: the faults to come by kind of request (`commits`, `commit`, `contents`, `repository`, `blob`).
        requests: the requests so far, as (kind, status), with the 304s.
        wrong: the requests that GitHub would not understand; a test that makes any is wrong.
        token: if set, the repository is private: a request without a token gets 404.
        remaining: the number of requests left before the primary rate limit; a 304 costs none.
        renamed: a former name of the repository, if it has one, which redirects to the present name.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.requests: list[tuple[str, int]] = []
        self.wrong: list[str] = []
        self.token: str | None = None
        self.remaining = 5_000
        self.renamed: str | None = None
        self.url = ""

    @contextmanager
    def serve(self) -> Iterator["LoopbackGitHub"]:
        """Serve on a free port of this machine until the block ends."""
        handler = type("Bound", (Handler,), {"github": self})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_address[1]}"
            try:
                yield self
            finally:
                server.shutdown()

    def answered(self, kind: str) -> list[int]:
        """Return the statuses of the answers to one kind of request."""
        return [status for found, status in self.requests if found == kind]

    def reply(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str, Reply]:
        """Return the kind of a request, and the answer to it."""
        for kind, pattern, known in _ROUTES:
            if found := re.fullmatch(pattern, path):
                if unknown := set(query) - known:
                    self.wrong.append(f"{path} does not know {sorted(unknown)}")
                return kind, self._check_and_answer(kind, found, query, headers)
        self.wrong.append(f"no such path: {path}")
        return "unknown", error(404, "Not Found")

    def _check_and_answer(
        self, kind: str, found: re.Match[str], query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        authorization = headers.get("authorization")
        if authorization not in {None, f"Bearer {self.token}"}:
            return error(401, "Bad credentials")
        if (self.token and authorization is None) or found["repo"] not in {f"{OWNER}/{NAME}", self.renamed}:
            return error(404, "Not Found")
        if found["repo"] == self.renamed:
            moved = found.string.replace(f"/{self.renamed}", f"/{OWNER}/{NAME}", 1)
            return Reply(301, b"{}", {"location": f"{self.url}{moved}?{urlencode(query)}"})
        if self.remaining <= 0:
            limits = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET)}
            return error(403, "API rate limit exceeded for 127.0.0.1.", limits)
        if headers.get("accept") != (RAW if kind == "blob" else JSON):
            self.wrong.append(f"{kind} asked for {headers.get('accept')}")
        reply: Reply = getattr(self, f"_{kind}")(found, query)
        return reply

    def _repository(self, found: re.Match[str], query: Mapping[str, str]) -> Reply:
        return _json({"full_name": f"{OWNER}/{NAME}", "default_branch": BRANCH, "private": bool(self.token)})

    def _commits(self, found: re.Match[str], query: Mapping[str, str]) -> Reply:
        if self.history.head is None:
            return error(409, "Git Repository is empty.")
        if query.get("sha", BRANCH) != BRANCH:
            return error(404, "Not Found")
        until = datetime.fromisoformat(query["until"]) if "until" in query else None
        last = self.history.last(until, query.get("path", ""))
        return _json([self._describe(commit) for commit in last])

    def _commit(self, found: re.Match[str], query: Mapping[str, str]) -> Reply:
        if (commit := self.history.commits.get(found["sha"].encode())) is None:
            return error(422, f"No commit found for SHA: {found['sha']}")
        return _json(self._describe(commit))

    def _contents(self, found: re.Match[str], query: Mapping[str, str]) -> Reply:
        path = unquote(found["path"] or "")
        if (commit := self.history.commits.get(query["ref"].encode())) is None:
            return error(404, f"No commit found for the ref {query['ref']}")
        sha = self.history.at(commit, path)
        if sha is None:
            return error(404, "Not Found")
        if (tree := self.history.trees.get(sha)) is None:
            return _json(self._entry(path.rpartition("/")[2], sha))
        return _json([self._entry(item.path.decode(), item.sha) for item in tree.items() if item.path])

    def _blob(self, found: re.Match[str], query: Mapping[str, str]) -> Reply:
        if (blob := self.history.blobs.get(found["sha"].encode())) is None:
            return error(404, "Not Found")
        return Reply(200, blob.data, {"content-type": f"{RAW}; charset=utf-8"})

    def _describe(self, commit: Commit) -> dict[str, Any]:
        author, committer = (
            {"name": "Ana", "email": "ana@example.org", "date": f"{datetime.fromtimestamp(when, UTC):%FT%TZ}"}
            for when in (commit.author_time, commit.commit_time)
        )
        signed = {"author": author, "committer": committer, "message": commit.message.decode()}
        return {"sha": commit.id.decode(), "commit": signed}

    def _entry(self, name: str, sha: bytes) -> dict[str, Any]:
        blob = self.history.blobs.get(sha)
        size = len(blob.data) if blob else 0
        return {"name": name, "type": "file" if blob else "dir", "sha": sha.decode(), "size": size}


_REPO = r"/repos/(?P<repo>[\w.-]+/[\w.-]+)"
_ROUTES: list[tuple[str, str, set[str]]] = [
    ("commits", rf"{_REPO}/commits", {"sha", "path", "until", "per_page"}),
    ("commit", rf"{_REPO}/commits/(?P<sha>[0-9a-f]{{40}})", set()),
    ("contents", rf"{_REPO}/contents(?:/(?P<path>.+))?", {"ref"}),
    ("blob", rf"{_REPO}/git/blobs/(?P<sha>[0-9a-f]{{40}})", set()),
    ("repository", _REPO, set()),
]


class Handler(Connection):
    """The handler of one connection."""

    github: LoopbackGitHub

    def do_GET(self) -> None:  # noqa: N802
        address = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        kind, reply = self.github.reply(address.path, dict(parse_qsl(address.query)), headers)
        if reply.status == 200:
            etag = f'W/"{hashlib.sha256(reply.body).hexdigest()}"'
            if headers.get("if-none-match") == etag:
                reply = Reply(304, b"", {"etag": etag})
            else:
                self.github.remaining -= 1
                reply.headers |= {"etag": etag, "x-ratelimit-remaining": str(self.github.remaining)}
        changed: Reply | None = reply
        if self.github.faults[kind]:
            changed = self.github.faults[kind].popleft()(self, reply)
        self.github.requests.append((kind, changed.status if changed else 0))
        if changed:
            self.answer(changed)

    def answer(self, reply: Reply, length: int | None = None) -> None:
        """Send a reply; `length` may announce a wrong Content-Length."""
        self.send_response(reply.status)
        headers = {"content-type": "application/json; charset=utf-8", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body) if length is None else length))
        self.end_headers()
        self.wfile.write(reply.body)


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode())


def error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Return an error answer in GitHub's form."""
    return Reply(
        status, json.dumps({"message": message, "status": str(status)}).encode(), dict(headers or {})
    )
