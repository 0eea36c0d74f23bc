"""A local HTTP endpoint that hands tokens to the JVM, for credentials that Hadoop does not support.

It answers like the metadata service of a virtual machine. Its path is a secret: without it there is no token.
"""

import json
import secrets
from collections.abc import Hashable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

SCOPE = "https://storage.azure.com/.default"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, credential: TokenCredential) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.credential, self.path = credential, f"/{secrets.token_urlsafe(32)}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        # The header keeps web pages out: a browser does not let them send it.
        if not secrets.compare_digest(urlsplit(self.path).path, server.path) or not self.headers["Metadata"]:
            self.send_error(404)
            return
        try:
            token = server.credential.get_token(SCOPE)
        except ClientAuthenticationError as error:
            self._answer(400, {"error": "invalid_request", "error_description": str(error)})
        except AzureError as error:  # no answer, perhaps only for the moment
            self._answer(503, {"error": "temporarily_unavailable", "error_description": str(error)})
        else:
            told = {"token_type": "Bearer", "expires_on": str(token.expires_on)}
            self._answer(200, {"access_token": token.token, **told})

    def _answer(self, status: int, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the path is a secret."""


def serve_tokens(account: Hashable, credential: TokenCredential) -> str:
    """Hand out tokens for an account from this process, unless it does already; return the address."""
    if account not in _ENDPOINTS:
        server = _Server(credential)
        Thread(target=server.serve_forever, daemon=True).start()
        _ENDPOINTS[account] = f"http://127.0.0.1:{server.server_address[1]}{server.path}"
    return _ENDPOINTS[account]


_ENDPOINTS: dict[Hashable, str] = {}
