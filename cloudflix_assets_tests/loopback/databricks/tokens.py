"""Authentication by a personal access token, or by tokens of a service principal (OAuth M2M)."""

import base64
import itertools
from collections.abc import Sequence
from urllib.parse import parse_qsl

from cloudflix_assets_tests.loopback.databricks.calls import Call, Refused, Route, json_reply
from cloudflix_assets_tests.loopback.web import Reply, Request

TOKEN = "dapi-of-the-loopback-workspace"
CLIENT_ID, CLIENT_SECRET = "44444444-4444-4444-4444-444444444444", "dose-of-the-loopback-workspace"
LIFE_SECONDS = 3_600


class Tokens:
    """The tokens of a workspace.

    Attributes:
        token: the personal access token.
        client_id, client_secret: the credentials of the service principal.
        life_seconds: the life of an OAuth token, as its answer states it to a client.
    """

    token, client_id, client_secret = TOKEN, CLIENT_ID, CLIENT_SECRET

    def __init__(self) -> None:
        self.host = ""
        self.life_seconds = LIFE_SECONDS
        self.handed_out = itertools.count(1)
        self.good = {self.token}
        self.expired: set[str] = set()

    def routes(self) -> Sequence[Route]:
        """Return the routes that need no token."""
        return [Route("GET", r"/oidc/\.well-known/oauth-authorization-server", self._endpoints, {})]

    def expire(self) -> None:
        """Expire all tokens so far, the personal access token too."""
        self.expired |= self.good
        self.good.clear()

    def renew(self) -> None:
        """Make the personal access token good again."""
        self.expired.discard(self.token)
        self.good.add(self.token)

    def check(self, request: Request) -> None:
        """Refuse a request without a token (401), or with an unknown or expired one (403)."""
        kind, _, token = request.header("authorization").partition(" ")
        if kind != "Bearer" or not token:
            unsent = "Credential was not sent or was of an unsupported type for this API."
            raise Refused(401, "UNAUTHENTICATED", unsent)
        if token in self.expired:
            raise Refused(403, 403, "Token is expiring within 30 seconds. (token expired)")
        if token not in self.good:
            # The service sends a number as the code here, and the SDK must cope with it.
            raise Refused(403, 403, "Invalid access token.")

    def _endpoints(self, call: Call) -> dict[str, object]:
        return {
            "issuer": f"{self.host}/oidc",
            "authorization_endpoint": f"{self.host}/oidc/v1/authorize",
            "token_endpoint": f"{self.host}/oidc/v1/token",
            "grant_types_supported": ["client_credentials"],
        }

    def hand_out(self, request: Request) -> Reply:
        """Return a token for a form and a client's Basic credentials; return an error for any mistake."""
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if request.method != "POST" or set(form) != {"grant_type", "scope"}:
            return _no("invalid_request", f"{request.method} with {', '.join(sorted(form))}", 400)
        if form["grant_type"] != "client_credentials":
            return _no("unsupported_grant_type", f"{form['grant_type']} is not supported", 400)
        if form["scope"] != "all-apis":
            return _no("invalid_scope", f"{form['scope']} is no scope", 400)
        if request.header("authorization") != f"Basic {self._pair()}":
            return _no("invalid_client", "Client authentication failed", 401)
        token = f"oauth-{next(self.handed_out)}"
        self.good.add(token)
        told = {"access_token": token, "token_type": "Bearer", "scope": "all-apis"}
        return json_reply({**told, "expires_in": self.life_seconds})

    def _pair(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


def _no(error: str, description: str, status: int) -> Reply:
    return json_reply({"error": error, "error_description": description}, status)
