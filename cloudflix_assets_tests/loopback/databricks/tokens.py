"""Who may ask: a personal access token, or the tokens of a service principal (OAuth M2M)."""

import base64
import itertools
from collections.abc import Sequence
from urllib.parse import parse_qsl

from cloudflix_assets_tests.loopback.databricks.calls import Call, Refused, Route, answered
from cloudflix_assets_tests.loopback.web import Reply, Request

TOKEN = "dapi-of-the-loopback-workspace"
CLIENT_ID, CLIENT_SECRET = "44444444-4444-4444-4444-444444444444", "dose-of-the-loopback-workspace"
LIFE_SECONDS = 3_600


class Tokens:
    """Those that were handed out.

    Attributes:
        token: the personal access token.
        client_id, client_secret: of the service principal.
        life_seconds: what a client is told of the life of an OAuth token.
    """

    token, client_id, client_secret = TOKEN, CLIENT_ID, CLIENT_SECRET

    def __init__(self) -> None:
        self.host = ""
        self.life_seconds = LIFE_SECONDS
        self.handed_out = itertools.count(1)
        self.good = {self.token}
        self.expired: set[str] = set()

    def routes(self) -> Sequence[Route]:
        """For those who have no token yet."""
        return [Route("GET", r"/oidc/\.well-known/oauth-authorization-server", self._endpoints, {})]

    def expire(self) -> None:
        """All that were handed out, the personal one too, are refused from here on."""
        self.expired |= self.good
        self.good.clear()

    def renew(self) -> None:
        """The personal one is good again."""
        self.expired.discard(self.token)
        self.good.add(self.token)

    def check(self, request: Request) -> None:
        """Raises: Refused: 401 without a token, 403 with one that is unknown or expired."""
        kind, _, token = request.header("authorization").partition(" ")
        if kind != "Bearer" or not token:
            unsent = "Credential was not sent or was of an unsupported type for this API."
            raise Refused(401, "UNAUTHENTICATED", unsent)
        if token in self.expired:
            raise Refused(403, 403, "Token is expiring within 30 seconds. (token expired)")
        if token not in self.good:
            # The service has a number here, which the SDK must live with.
            raise Refused(403, 403, "Invalid access token.")

    def _endpoints(self, call: Call) -> dict[str, object]:
        return {
            "issuer": f"{self.host}/oidc",
            "authorization_endpoint": f"{self.host}/oidc/v1/authorize",
            "token_endpoint": f"{self.host}/oidc/v1/token",
            "grant_types_supported": ["client_credentials"],
        }

    def hand_out(self, request: Request) -> Reply:
        """A token for a client and its secret, as a form; every mistake is a refusal."""
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
        return answered({**told, "expires_in": self.life_seconds})

    def _pair(self) -> str:
        return base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()


def _no(error: str, description: str, status: int) -> Reply:
    return answered({"error": error, "error_description": description}, status)
