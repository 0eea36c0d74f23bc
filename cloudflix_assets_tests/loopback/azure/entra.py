"""A double of Entra ID and IMDS: tokens that Azurite accepts, and errors in Entra ID's words.

There is one tenant, one application with a secret and a federated credential, and one managed identity.
Azurite checks a token's audience, issuer and times, never its signature: no test shows whether a role allows
a call. azure-identity asks Microsoft about an authority that it does not know, unless a client sets
`disable_instance_discovery`.
"""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qsl

from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, serve

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
IDENTITY = "33333333-3333-3333-3333-333333333333"
SECRET, EXPIRED_SECRET = "the-secret-of-the-tests", "the-secret-of-last-year"
ASSERTION = "header.the-assertion-of-the-tests.signature"

RESOURCES = {"https://storage.azure.com", "https://storage.azure.com/"}
BY_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
IMDS = "/metadata/identity/oauth2/token"
IMDS_KNOWS = {"api-version", "resource", "client_id", "authority"}
IMDS_VERSIONS = {"2018-02-01", "2019-08-01", "2021-02-01"}
FORM_KNOWS = {"grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type",
              "client_info"}  # fmt: skip
LIFE_SECONDS = 3_599

Kind = Literal["client secret", "federated", "managed identity", "openid configuration", "unknown"]
Tokens = Literal["good", "expired", "other audience"]


class Refused(Exception):
    """An error answer of Entra ID."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.code, self.message = status, error, code, message


@dataclass(frozen=True)
class Asked:
    """A request, and the status of its answer."""

    kind: Kind
    status: int


class Entra:
    """Entra ID and IMDS, over HTTP at `url` and, for clients that insist on it, over TLS at `tls_url`.

    Attributes:
        tokens: the kind of token that they hand out.
        requests: the requests so far, in order.
        wrong: the requests that Entra ID would not understand; a test that makes any is wrong.
    """

    tenant, client, secret, assertion, identity = TENANT, CLIENT, SECRET, ASSERTION, IDENTITY

    def __init__(self, tls: Authority) -> None:
        self.tls = tls
        self.tokens: Tokens = "good"
        self.requests: list[Asked] = []
        self.wrong: list[str] = []
        self.url = self.tls_url = ""

    @property
    def imds_url(self) -> str:
        """The URL of IMDS's tokens; azure-identity takes `url` (`AZURE_POD_IDENTITY_AUTHORITY_HOST`)."""
        return f"{self.url}{IMDS}"

    @contextmanager
    def serve(self) -> Iterator["Entra"]:
        """Serve on two free ports of this machine until the block ends."""
        with serve(self._answer, self.wrong) as plain, serve(self._answer, self.wrong, self.tls) as secure:
            self.url, self.tls_url = f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}"
            yield self

    def reset(self) -> None:
        """Restore the initial state, for the next test."""
        self.tokens = "good"
        self.requests.clear()
        self.wrong.clear()

    def counted(self, kind: Kind) -> int:
        """Return the number of requests of a kind so far."""
        return sum(asked.kind == kind for asked in list(self.requests))

    def token(self, audience: str = "https://storage.azure.com") -> str:
        """Return a token of the kind that `tokens` names."""
        now = int(time.time()) - (2 * LIFE_SECONDS if self.tokens == "expired" else 0)
        claims = {
            "aud": "https://vault.azure.net" if self.tokens == "other audience" else audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            **dict.fromkeys(("iat", "nbf"), now - 10),
            "exp": now + LIFE_SECONDS,
            "appid": CLIENT,
            "oid": IDENTITY,
            "tid": TENANT,
            "ver": "1.0",
        }
        return ".".join(map(_encoded, ({"typ": "JWT", "alg": "RS256"}, claims, "no signature")))

    def _answer(self, request: Request, handler: Handler) -> Reply:
        kind, reply = self._route(request)
        self.requests.append(Asked(kind, reply.status))
        return reply

    def _route(self, request: Request) -> tuple[Kind, Reply]:
        if request.path == IMDS:
            return "managed identity", self._imds(request)
        if not (found := _PATH.fullmatch(request.path)):
            return "unknown", self._reject(f"there is no {request.method} {request.path}")
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        kind: Kind = "federated" if "client_assertion" in form else "client secret"
        if not found["token"]:
            kind = "openid configuration"
        try:
            return kind, self._answer_tenant(found, request, form)
        except Refused as refused:
            return kind, _refusal(refused)

    def _answer_tenant(self, found: re.Match[str], request: Request, form: Mapping[str, str]) -> Reply:
        if found["tenant"] != TENANT:
            raise Refused(400, "invalid_request", 90002, f"Tenant '{found['tenant']}' not found.")
        if not found["token"]:
            return _json(self._configuration())
        return self._token(request, form, v2=bool(found["v2"]))

    def _configuration(self) -> dict[str, str]:
        tenant = f"{self.tls_url}/{TENANT}"
        return {
            "issuer": f"{tenant}/v2.0",
            "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
            "token_endpoint": f"{tenant}/oauth2/v2.0/token",
        }

    def _token(self, request: Request, form: Mapping[str, str], *, v2: bool) -> Reply:
        self._understand(request, form, "scope" if v2 else "resource")
        if form.get("client_id") != CLIENT:
            unknown = f"Application with identifier '{form.get('client_id')}' was not found in the directory."
            raise Refused(400, "unauthorized_client", 700016, unknown)
        _check_credential(form)
        asked = form.get("scope", "").removesuffix("/.default") if v2 else form.get("resource", "")
        if asked not in RESOURCES:
            unknown = f"The resource principal named {asked} was not found in the tenant named tests."
            raise Refused(400, "invalid_resource", 500011, unknown)
        return _json(self._token_answer(asked, {} if v2 else {"resource": asked}))

    def _understand(self, request: Request, form: Mapping[str, str], target: str) -> None:
        unknown = sorted(set(form) - FORM_KNOWS - {target})
        credentials = {"client_secret", "client_assertion"} & set(form)
        found = {
            f"it is a {request.method}": request.method != "POST",
            f"has fields that are not known: {unknown}": bool(unknown),
            f"has no {target}": target not in form,
            f"asks for the grant {form.get('grant_type')}": form.get("grant_type") != "client_credentials",
            "is no form": not request.header("content-type").startswith("application/x-www-form-urlencoded"),
            f"has the credentials {sorted(credentials)}": len(credentials) != 1,
            "does not say what its assertion is": "client_assertion" in credentials
            and form.get("client_assertion_type") != BY_ASSERTION,
        }
        mistakes = [f"a request for a token {mistake}" for mistake, made in found.items() if made]
        self.wrong += mistakes
        if mistakes:
            raise Refused(400, "invalid_request", 900144, "; ".join(mistakes))

    def _imds(self, request: Request) -> Reply:
        query = request.query
        unknown = sorted(set(query) - IMDS_KNOWS)
        if request.header("metadata").lower() != "true":
            return self._reject("Required metadata header not specified")
        if request.method != "GET" or unknown or query.get("api-version") not in IMDS_VERSIONS:
            return self._reject(f"IMDS was asked with {request.method} {query}")
        if query.get("resource") not in RESOURCES:
            return _json({"error": "invalid_resource", "error_description": "AADSTS500011"}, 400)
        if query.get("client_id") not in {None, IDENTITY}:
            return _json({"error": "invalid_request", "error_description": "Identity not found"}, 400)
        # IMDS sends numbers as text.
        told = self._token_answer(query["resource"], {"resource": query["resource"], "client_id": IDENTITY})
        return _json({name: str(value) for name, value in told.items()})

    def _token_answer(self, audience: str, more: Mapping[str, str]) -> dict[str, str | int]:
        """Return an answer with a token; its times are good, so only the account sees an expired token."""
        now = int(time.time())
        lives = dict.fromkeys(("expires_in", "ext_expires_in"), LIFE_SECONDS)
        times = {"expires_on": now + LIFE_SECONDS, "not_before": now - 10} if more else {}
        return {"token_type": "Bearer", "access_token": self.token(audience), **lives, **times, **more}

    def _reject(self, mistake: str) -> Reply:
        self.wrong.append(mistake)
        return _json({"error": "invalid_request", "error_description": mistake}, 400)


_PATH = re.compile(
    r"/(?P<tenant>[^/]+)/(?:(?P<token>oauth2/(?P<v2>v2\.0/)?token)|v2\.0/\.well-known/openid-configuration)"
)


def _check_credential(form: Mapping[str, str]) -> None:
    assertion, secret = form.get("client_assertion"), form.get("client_secret", "")
    if assertion is not None:
        if assertion != ASSERTION:
            unmatched = "No matching federated identity record found for presented assertion subject 'tests'."
            raise Refused(401, "invalid_client", 700213, unmatched)
    elif secret == EXPIRED_SECRET:
        expired = f"The provided client secret keys for app '{CLIENT}' are expired."
        raise Refused(401, "invalid_client", 7000222, expired)
    elif secret != SECRET:
        invalid = f"Invalid client secret provided, for a secret added to app '{CLIENT}'."
        raise Refused(401, "invalid_client", 7000215, invalid)


def _refusal(refused: Refused) -> Reply:
    nothing, now = "00000000-0000-0000-0000-000000000000", f"{datetime.now(UTC):%F %TZ}"
    traced = f"Trace ID: {nothing} Correlation ID: {nothing} Timestamp: {now}"
    return _json(
        {
            "error": refused.error,
            "error_description": f"AADSTS{refused.code}: {refused.message} {traced}",
            "error_codes": [refused.code],
            "timestamp": now,
            "trace_id": nothing,
            "correlation_id": nothing,
        },
        refused.status,
    )


def _json(value: object, status: int = 200) -> Reply:
    return Reply(status, [("Content-Type", "application/json; charset=utf-8")], json.dumps(value).encode())


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
