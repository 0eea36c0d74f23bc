"""Tests of the double of Entra ID: real clients sign in, and wrong credentials get Entra ID's error codes."""

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.storage.blob import BlobServiceClient

from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import Azurite
from cloudflix_assets_tests.loopback.azure.entra import ASSERTION, EXPIRED_SECRET, Entra, Kind, Tokens


@pytest.mark.parametrize("way", ["client secret", "federated", "managed identity"])
def test_who_signs_in_is_let_in(  # noqa: PLR0917 - fixtures
    way: Kind,
    entra: Entra,
    azurite_tls: Azurite,
    authority: Authority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Guard against a double that the real clients cannot use over TLS, as they use Entra ID."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", entra.url)
    trust = _trusting(authority)
    with (
        _credential(way, entra, authority, tmp_path / "token") as credential,
        BlobServiceClient(azurite_tls.endpoint, credential=credential, **trust) as client,
    ):
        assert isinstance(list(client.list_containers()), list)
    assert entra.counted(way) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": "no"}, "AADSTS7000215"),
        ({"client_secret": EXPIRED_SECRET}, "AADSTS7000222"),
        ({"client_id": "44444444-4444-4444-4444-444444444444"}, "AADSTS700016"),
    ],
)
def test_who_does_not_is_told_why(
    change: dict[str, str], code: str, entra: Entra, authority: Authority
) -> None:
    """Guard against errors without the codes that operators search for."""
    who = {"tenant_id": entra.tenant, "client_id": entra.client, "client_secret": entra.secret, **change}
    with (
        ClientSecretCredential(**who, **_signing_in(entra, authority)) as credential,
        pytest.raises(ClientAuthenticationError, match=code),
    ):
        credential.get_token("https://storage.azure.com/.default")


@pytest.mark.parametrize("tokens", ["expired", "other audience"])
def test_a_bad_token_is_refused(
    tokens: Tokens, entra: Entra, azurite_tls: Azurite, authority: Authority
) -> None:
    """Guard against an account that accepts every token of the identity provider."""
    entra.tokens = tokens
    trust = _trusting(authority)
    with (
        ClientSecretCredential(
            entra.tenant, entra.client, entra.secret, **_signing_in(entra, authority)
        ) as credential,
        BlobServiceClient(azurite_tls.endpoint, credential=credential, retry_total=0, **trust) as client,
        pytest.raises(ClientAuthenticationError),
    ):
        list(client.list_containers())


def _credential(
    way: Kind, entra: Entra, authority: Authority, file: Path
) -> ClientSecretCredential | WorkloadIdentityCredential | ManagedIdentityCredential:
    told = _signing_in(entra, authority)
    if way == "client secret":
        return ClientSecretCredential(entra.tenant, entra.client, entra.secret, **told)
    if way == "managed identity":
        return ManagedIdentityCredential()
    file.write_text(ASSERTION)
    who = {"tenant_id": entra.tenant, "client_id": entra.client, "token_file_path": str(file)}
    return WorkloadIdentityCredential(**who, **told)


def _signing_in(entra: Entra, authority: Authority) -> dict[str, Any]:
    return {"authority": entra.tls_url, "disable_instance_discovery": True, **_trusting(authority)}


def _trusting(authority: Authority) -> dict[str, Any]:
    return {"connection_verify": str(authority.ca)}
