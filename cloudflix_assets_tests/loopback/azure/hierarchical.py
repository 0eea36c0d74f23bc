"""A double of an account with a hierarchical namespace: the DFS and Blob protocols in front of Azurite.

A real account serves the two protocols at two hosts. Here they share a port, and a request is one of DFS if
only DFS knows such a request. The double is our own reading of the REST references: it shows that clients
speak DFS and cope with directories, not that Azure would answer the same.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from typing import Any

from azure.storage.blob import BlobServiceClient

from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY, Azurite
from cloudflix_assets_tests.loopback.azure.blobs import Blobs
from cloudflix_assets_tests.loopback.azure.dfs import OPERATIONS, Dfs, kind_of, method_of, mistake, refused
from cloudflix_assets_tests.loopback.azure.signatures import is_signed
from cloudflix_assets_tests.loopback.azure.tree import PathError, Tree
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, Upstream, serve


class Hierarchical:
    """An account with a hierarchical namespace.

    Attributes:
        operations: the number of requests for each operation of DFS.
        wrong: the requests that Azure would not understand; a test that makes any is wrong.
    """

    account, key = ACCOUNT, KEY

    def __init__(self, azurite: Azurite, tls: Authority | None = None) -> None:
        self.upstream, self.tls = Upstream(azurite, tls), tls
        trust: dict[str, Any] = {"connection_verify": str(tls.ca)} if tls else {}
        self.service = BlobServiceClient(azurite.endpoint, credential=KEY, **trust)
        self.operations: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.port = 0
        tree = Tree(self.service)
        self.dfs, self.blobs = Dfs(tree), Blobs(tree, self.upstream, self.wrong)

    @property
    def azurite(self) -> Azurite:
        """The address of this account, in the form that a proxy takes."""
        return Azurite(self.port, "https" if self.tls else "http")

    @property
    def endpoint(self) -> str:
        """The URL of the account, for clients of both protocols."""
        return self.azurite.endpoint

    @contextmanager
    def serve(self) -> Iterator["Hierarchical"]:
        """Serve on a free port of this machine until the block ends."""
        with self.service, serve(self._answer, self.wrong, self.tls) as self.port:
            try:
                yield self
            finally:
                self.upstream.close()

    def _answer(self, request: Request, handler: Handler) -> Reply:
        if (kind := kind_of(request)) is None:
            return self.blobs.answer(request)
        if found := mistake(request, kind):
            self.wrong.append(f"{method_of(request)} {request.target} {found}")
            return refused(PathError(400, "InvalidInput"), found)
        if not self._is_known(request):
            return refused(PathError(403, "AuthenticationFailed"))
        self.operations[OPERATIONS[method_of(request), kind].name] += 1
        try:
            return self.dfs.answer(request, kind)
        except PathError as error:
            if error.code == "InvalidFlushPosition":
                self.wrong.append(f"{method_of(request)} {request.target} is for another position")
            return refused(error)

    def _is_known(self, request: Request) -> bool:
        """Return whether a request is authorized: check a signature here, and let Azurite check a token."""
        if not request.header("authorization").startswith("Bearer "):
            return is_signed(request)
        asked = Message()
        for name in ("authorization", "x-ms-version", "x-ms-date", "host"):
            asked[name] = request.header(name)
        return self.upstream.send(Request("GET", f"/{ACCOUNT}?comp=list", asked, b"")).status == 200
