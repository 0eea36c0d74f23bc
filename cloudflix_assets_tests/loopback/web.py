"""The base of the doubles: a threaded HTTP server on a loopback port, and a client of the server behind it.

Bodies are held in memory. End-to-end headers are forwarded unchanged, because a signature covers some.
"""

import contextlib
import http.client
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import Azurite

OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding"}
IDLE_SECONDS = 2.0  # Node closes a connection that was idle for five
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Request:
    """A client's request; a chunked body is already decoded."""

    method: str
    target: str
    headers: Message
    body: bytes

    @cached_property
    def path(self) -> str:
        """The path of the target, percent-decoded and without the query."""
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        """The parameters of the query; of a repeated parameter, the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty string if the request lacks it."""
        return str(self.headers.get(name, ""))


@dataclass
class Reply:
    """A server's answer; a missing Content-Length is added when it is sent."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next((value for found, value in self.headers if found.lower() == name.lower()), None)


Answer = Callable[[Request, "Handler"], Reply | None]
"""A function that answers a request; it returns None if it has used the handler itself, or never answers."""


class Server(ThreadingHTTPServer):
    """A server with one thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Answer, wrong: list[str], port: int) -> None:
        self.answer, self.wrong = answer, wrong
        self.stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Record an error of a double in `wrong`, so that it is not taken for a fault; ignore an OSError."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.wrong.append(f"the double itself failed: {error!r}")

    def cut_off(self) -> None:
        """End pauses and open connections, so that nothing is answered after the test."""
        self.stopping.set()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serve(answer: Answer, wrong: list[str], tls: Authority | None = None, port: int = 0) -> Iterator[int]:
    """Serve on a port (0: any free one) until the block ends, and yield the port."""
    with Server(answer, wrong, port) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.cert, tls.key)
            # The thread of the connection makes the handshake, not the thread that accepts.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.cut_off()


class Connection(BaseHTTPRequestHandler):
    """The base of the doubles' handlers: one connection, which a fault may reset."""

    protocol_version = "HTTP/1.1"

    def reset(self) -> None:
        """Reset the TCP connection, as a crashed peer does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Write no access log."""


class Handler(Connection):
    """The handler of one connection."""

    server: Server
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def _any(self) -> None:
        request = Request(self.command, self.path, self.headers, self._body())
        if reply := self.server.answer(request, self):
            self.send(reply)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def send(self, reply: Reply) -> None:
        """Write a whole answer."""
        self.wfile.write(self.raw(reply))

    def raw(self, reply: Reply) -> bytes:
        """Return an answer as bytes of HTTP; without a body if the request is a HEAD."""
        headers = list(reply.headers)
        if reply.header("content-length") is None:
            headers.append(("Content-Length", str(len(reply.body))))
        lines = [f"HTTP/1.1 {reply.status} {http.client.responses.get(reply.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head if self.command == "HEAD" else head + reply.body

    def pause(self, seconds: float) -> None:
        """Wait for some seconds, at most until the server stops."""
        self.server.stopping.wait(seconds)


class Upstream:
    """A client of the server behind a double. It reuses connections: a new one costs more than most calls."""

    def __init__(self, azurite: Azurite, tls: Authority | None = None) -> None:
        self.azurite = azurite
        self.trust = ssl.create_default_context(cafile=tls.ca) if tls else None
        self.idle: list[tuple[http.client.HTTPConnection, float]] = []

    def send(self, request: Request) -> Reply:
        """Forward a request, and return the whole answer."""
        connection = self._connection()
        try:
            connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.items():
                if name.lower() not in OF_ONE_CONNECTION:
                    connection.putheader(name, value)
            if request.body and "content-length" not in request.headers:
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in OF_ONE_CONNECTION]
            reply = Reply(answer.status, headers, answer.read())
        except BaseException:
            connection.close()
            raise
        self.idle.append((connection, time.monotonic()))
        return reply

    def _connection(self) -> http.client.HTTPConnection:
        while found := self._kept():
            connection, since = found
            if time.monotonic() - since < IDLE_SECONDS:
                return connection
            connection.close()
        if self.trust:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.azurite.port, timeout=TIMEOUT_SECONDS, context=self.trust
            )
        return http.client.HTTPConnection("127.0.0.1", self.azurite.port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the idle connections."""
        while found := self._kept():
            found[0].close()

    def _kept(self) -> tuple[http.client.HTTPConnection, float] | None:
        try:
            return self.idle.pop()
        except IndexError:  # none is idle, or another thread has taken the last one
            return None
