"""A double of the endpoint at which App Service and Container Apps hand out tokens of their identity."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cloudflix_assets_tests.loopback.azure.entra import IDENTITY, LIFE_SECONDS, RESOURCES, Entra
from cloudflix_assets_tests.loopback.web import Handler, Reply, Request, serve

HEADER = "the-header-of-the-tests"
KNOWN = {"api-version", "resource", "client_id"}


@contextmanager
def serve_tokens(entra: Entra, wrong: list[str]) -> Iterator[dict[str, str]]:
    """Serve tokens, and yield the variables that App Service sets; add invalid requests to `wrong`."""

    def answer(request: Request, _: Handler) -> Reply:
        if mistake := _mistake(request):
            wrong.append(mistake)
            return Reply(400, [], mistake.encode())
        told = {"access_token": entra.token(), "token_type": "Bearer", "client_id": IDENTITY}
        told |= {"resource": request.query["resource"], "expires_on": str(int(time.time()) + LIFE_SECONDS)}
        return Reply(200, [("Content-Type", "application/json")], json.dumps(told).encode())

    with serve(answer, wrong) as port:
        yield {"IDENTITY_ENDPOINT": f"http://127.0.0.1:{port}/msi/token", "IDENTITY_HEADER": HEADER}


def _mistake(request: Request) -> str | None:
    query = request.query
    if (request.method, request.path) != ("GET", "/msi/token") or set(query) - KNOWN:
        return f"App Service was asked with {request.method} {request.target}"
    if query.get("api-version") != "2019-08-01" or query.get("resource") not in RESOURCES:
        return f"App Service was asked for {query}"
    return None if request.header("x-identity-header") == HEADER else "without X-IDENTITY-HEADER"
