"""Tokens for the JVM over a port of this machine: who asks wrongly gets none, errors keep their words."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError, ServiceRequestError
from azure.identity import AzureCliCredential

from cloudflix_assets.lake.adls.token_endpoint import serve_tokens
from cloudflix_assets_tests.loopback.azure import az

ASKED = {"Metadata": "true"}


class Tokens:
    """A credential that hands out one token, or fails."""

    def __init__(self, error: AzureError | None = None) -> None:
        self.error = error
        self.scopes: tuple[str, ...] = ()

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes = scopes
        if self.error:
            raise self.error
        return AccessToken("a.token.oftests", int(time.time()) + 100)


def asked(url: str, headers: dict[str, str]) -> tuple[int, Any]:
    """Status and content."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_hadoop_gets_a_token_and_its_end_as_the_metadata_service_tells_them() -> None:
    """Without its end, a JVM would use a token that the account takes no more."""
    credential = Tokens()
    status, told = asked(f"{serve_tokens(uuid4(), credential)}?resource=x&api-version=2018-02-01", ASKED)
    assert (status, told["access_token"], told["token_type"]) == (200, "a.token.oftests", "Bearer")
    assert 50 < int(told["expires_on"]) - time.time() <= 100
    assert credential.scopes == ("https://storage.azure.com/.default",)


def test_who_does_not_know_the_path_or_is_a_browser_gets_none() -> None:
    """Every user of the machine can reach the port."""
    url = serve_tokens(uuid4(), Tokens())
    base, _, secret = url.rpartition("/")
    assert len(secret) > 40
    for target, headers in ((base, ASKED), (f"{base}/x", ASKED), (f"{url}x", ASKED), (url, {})):
        status, told = asked(target, headers)
        assert status == 404
        assert "a.token" not in told


def test_an_account_has_one_endpoint_and_another_account_another() -> None:
    """One account would get the tokens of another; and each session would leave a thread."""
    mine, other = Tokens(), Tokens()
    account = uuid4()
    assert serve_tokens(account, mine) == serve_tokens(account, mine)
    assert serve_tokens(uuid4(), other) != serve_tokens(account, mine)


def test_nobody_logged_in_reaches_the_jvm_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the step would fail with a parse error of Hadoop's."""
    monkeypatch.setenv("PATH", az.first_on_path(az.install(tmp_path / "az", None)))
    status, told = asked(serve_tokens(uuid4(), AzureCliCredential()), ASKED)
    assert (status, "Please run 'az login'" in told) == (400, True)


def test_an_identity_provider_that_does_not_answer_is_told_too(capfd: pytest.CaptureFixture[str]) -> None:
    """The connection would just end, with a stack trace on the terminal."""
    unreachable = ServiceRequestError("Name or service not known")
    status, told = asked(serve_tokens(uuid4(), Tokens(unreachable)), ASKED)
    assert (status, json.loads(told)["error_description"]) == (503, "Name or service not known")
    assert capfd.readouterr().err == ""
