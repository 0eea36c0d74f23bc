"""Tests of authentication, and of the strict check of requests."""

from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import PermissionDenied

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.people import USER
from cloudflix_assets_tests.loopback.databricks.tasks import client_of


def ask(emulator: Emulator, method: str, path: str, **arguments: Any) -> tuple[int, Any]:
    """Send a request without the SDK, which makes few mistakes; return the status and the body."""
    headers = arguments.pop("headers", {"Authorization": f"Bearer {emulator.token}"})
    answer = httpx.request(method, emulator.host + path, headers=headers, **arguments)
    return answer.status_code, answer.json()


def test_the_owner_of_a_token_is_known(client: WorkspaceClient) -> None:
    assert client.current_user.me().user_name == USER


def test_a_request_without_a_credential_is_refused_as_the_service_does(emulator: Emulator) -> None:
    status, body = ask(emulator, "GET", "/api/2.0/preview/scim/v2/Me", headers={})
    assert (status, body["error_code"]) == (401, "UNAUTHENTICATED")


def test_an_unknown_token_is_refused_with_a_number_for_a_code(emulator: Emulator) -> None:
    """Guard against a client that takes an error code for text: the service sends a number here."""
    status, body = ask(
        emulator, "GET", "/api/2.0/preview/scim/v2/Me", headers={"Authorization": "Bearer other"}
    )
    assert (status, body) == (403, {"error_code": 403, "message": "Invalid access token."})
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        client_of(emulator, token="other").current_user.me()


def test_a_token_expires_and_is_renewed(emulator: Emulator, client: WorkspaceClient) -> None:
    emulator.tokens.expire()
    with pytest.raises(PermissionDenied, match="token expired"):
        client.current_user.me()
    emulator.tokens.renew()
    assert client.current_user.me().active


def test_a_service_principal_signs_in(emulator: Emulator) -> None:
    tokens = emulator.tokens
    client = client_of(emulator, client_id=tokens.client_id, client_secret=tokens.client_secret)
    assert client.current_user.me().active
    assert emulator.counted("POST", "/oidc/v1/token") == 1
    tokens.expire()
    with pytest.raises(PermissionDenied, match="token expired"):
        client.current_user.me()


def test_a_service_principal_whose_tokens_live_short_asks_anew(emulator: Emulator) -> None:
    """Guard against a client that uses a token beyond its life; the SDK renews it ten seconds early."""
    tokens = emulator.tokens
    tokens.life_seconds = 1
    client = client_of(emulator, client_id=tokens.client_id, client_secret=tokens.client_secret)
    client.current_user.me()
    tokens.expire()
    assert client.current_user.me().active


def test_a_wrong_secret_is_refused(emulator: Emulator) -> None:
    client = client_of(emulator, client_id=emulator.tokens.client_id, client_secret="other")
    with pytest.raises(ValueError, match="invalid_client: Client authentication failed"):
        client.current_user.me()


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", "scope": "all-apis"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "sql"}, "invalid_scope"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "all-apis", "resource": "x"}, "invalid_request"),
    ],
)
def test_a_form_for_a_token_is_read_strictly(emulator: Emulator, form: dict[str, str], error: str) -> None:
    pair = (emulator.tokens.client_id, emulator.tokens.client_secret)
    answer = httpx.post(f"{emulator.host}/oidc/v1/token", data=form, auth=pair)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("method", "path", "arguments", "status", "told"),
    [
        ("GET", "/api/2.0/clusters/list", {}, 404, "No API found for 'GET /api/2.0/clusters/list'"),
        ("PUT", "/api/2.0/dbfs/create", {}, 404, "No API found for 'PUT /api/2.0/dbfs/create'"),
        ("POST", "/api/2.0/dbfs/mkdirs", {"json": {"path": "/a", "mode": 7}}, 400, "Unknown fields: mode"),
        ("POST", "/api/2.0/dbfs/mkdirs", {"json": {}}, 400, "Missing required field: path"),
        ("POST", "/api/2.0/dbfs/mkdirs", {"json": {"path": 7}}, 400, "Field path must be a str, not 7"),
        ("POST", "/api/2.0/dbfs/mkdirs", {"json": ["/a"]}, 400, "no JSON object"),
        ("POST", "/api/2.0/dbfs/mkdirs", {"content": b"{"}, 400, "no JSON"),
        ("POST", "/api/2.0/dbfs/mkdirs?path=/a", {"json": {}}, 400, "takes no query"),
        ("GET", "/api/2.0/dbfs/read?path=/a&length=all", {}, 400, "Field length must be a int, not 'all'"),
        ("GET", "/api/2.2/jobs/runs/get?run_id=1&view=x", {}, 400, "Unknown fields: view"),
    ],
)
def test_a_mistaken_request_is_refused_and_kept(
    emulator: Emulator, *, method: str, path: str, arguments: dict[str, Any], status: int, told: str
) -> None:
    """Guard against a client that mistypes a field, and passes because the double is lenient."""
    found, body = ask(emulator, method, path, **arguments)
    assert (found, told in body["message"]) == (status, True), body
    assert len(emulator.wrong) == 1
    assert told in emulator.wrong[0]
    emulator.wrong.clear()


def test_every_request_is_logged_with_its_status(emulator: Emulator, client: WorkspaceClient) -> None:
    client.current_user.me()
    ask(emulator, "GET", "/api/2.0/secrets/get?scope=a&key=b")
    logged = [(request.line, request.status) for request in emulator.requests]
    assert logged == [("GET /api/2.0/preview/scim/v2/Me", 200), ("GET /api/2.0/secrets/get", 404)]
