"""Whom Entra ID does not know, or knows and the account does not: a sentence each, from both."""

from pathlib import Path

import pytest

from cloudflix_assets_tests.faults import Row
from cloudflix_assets_tests.lake.adls.credential_cases import RIGHT, application, lake, new_names, refused
from cloudflix_assets_tests.loopback.azure import az
from cloudflix_assets_tests.loopback.azure.authority import Authority
from cloudflix_assets_tests.loopback.azure.azurite import Azurite
from cloudflix_assets_tests.loopback.azure.entra import EXPIRED_SECRET, Entra, Tokens
from cloudflix_assets_tests.loopback.azure.faults import status
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy

pytestmark = pytest.mark.usefixtures("one_try")

PRESENT = "set the application's present secret as AZURE_CLIENT_SECRET"
TENANT = "Entra ID knows no such tenant: check AZURE_TENANT_ID, and AZURE_AUTHORITY_HOST if it is set"
TOKEN = (
    "the token has expired or is for somebody else: check the clock of this machine, AZURE_TENANT_ID and "
    "AZURE_AUTHORITY_HOST"
)
SIGNED_IN = {
    "a wrong secret": Row({"AZURE_CLIENT_SECRET": "no"}, "the client secret is wrong: " + PRESENT),
    "an expired secret": Row(
        {"AZURE_CLIENT_SECRET": EXPIRED_SECRET},
        "the client secret has expired: make a new one, and " + PRESENT,
    ),
    "an unknown application": Row(
        {"AZURE_CLIENT_ID": "44444444-4444-4444-4444-444444444444"},
        "the tenant knows no such application: check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    ),
    "an unknown tenant": Row({"AZURE_TENANT_ID": "55555555-5555-5555-5555-555555555555"}, TENANT),
}


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", SIGNED_IN)
def test_whom_entra_id_refuses(
    name: str, azurite_tls: Azurite, entra: Entra, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The codes of its long answers are what operators would have to look up; its library logs them too."""
    row = SIGNED_IN[name]
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **application(entra, **row.wrong))
    refused(told, row.told)
    assert [record.name for record in caplog.records if record.name.startswith("azure.identity")] == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tokens", ["expired", "other audience"])
def test_a_token_that_the_account_refuses(
    tokens: Tokens, azurite_tls: Azurite, entra: Entra, tmp_path: Path
) -> None:
    """It is no wrong secret: Entra ID has taken that."""
    entra.tokens = tokens
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **application(entra))
    refused(told, TOKEN)


@pytest.mark.usefixtures("trusted")
def test_who_signs_in_and_has_no_role(
    azurite_tls: Azurite, authority: Authority, entra: Entra, tmp_path: Path
) -> None:
    """The commonest of all on the first day."""
    with Proxy(azurite_tls, authority).serve() as proxy:
        proxy.fault(status(403, "AuthorizationPermissionMismatch"), times=ALWAYS)
        refused(lake(tmp_path / "home", proxy.endpoint, new_names(), **application(entra)), RIGHT)


def test_nobody_is_logged_in_to_the_azure_cli(
    azurite_tls: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own advice is not the last line of what it says."""
    monkeypatch.setenv("PATH", az.first_on_path(az.install(tmp_path / "az", None)))
    own = {"CLOUDFLIX_AZURE_CREDENTIAL": "azure_cli"}
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **own)
    refused(told, "nobody is logged in to the Azure CLI: run `az login`")
