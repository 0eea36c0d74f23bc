"""Whatever keeps the account shut is one sentence with a remedy, from a doctor and from a run alike."""

from pathlib import Path

import pytest
from azure.storage.blob import ResourceTypes

from cloudflix_assets_tests.faults import Row
from cloudflix_assets_tests.lake.adls.credential_cases import (
    AFTERWARDS,
    RIGHT,
    WRONG_KEY,
    found,
    lake,
    made,
    new_names,
    refused,
    signature,
    week,
)
from cloudflix_assets_tests.loopback.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.loopback.azure.faults import status
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy

pytestmark = pytest.mark.usefixtures("one_try")

NOBODY = "http://127.0.0.1:9/devstoreaccount1"
TYPES = (
    "the shared access signature is not for containers and blobs: make one with the resource types service, "
    "container and object"
)
FIREWALL = (
    "the account's firewall does not let this machine in: add its address or network (az storage account "
    "network-rule add), or run inside the network"
)
NEW_SIGNATURE = "make a new one, and set AZURE_STORAGE_SAS_TOKEN to it"


SHUT = {
    "a wrong key": Row(
        {"AZURE_STORAGE_KEY": WRONG_KEY},
        "the account key is wrong, or was rotated: set AZURE_STORAGE_KEY to a present one",
    ),
    "a wrong signature": Row(
        {"AZURE_STORAGE_SAS_TOKEN": signature().partition("sig=")[0] + "sig=bm8%3D"},
        "the shared access signature is wrong, or was revoked with its key: " + NEW_SIGNATURE,
    ),
    "a signature for the service alone": Row(
        {"AZURE_STORAGE_SAS_TOKEN": signature(types=ResourceTypes(service=True))}, TYPES
    ),
    "a signature for objects alone": Row(
        {"AZURE_STORAGE_SAS_TOKEN": signature(types=ResourceTypes(object=True))}, TYPES
    ),
}


@pytest.mark.parametrize("name", SHUT)
def test_a_credential_that_the_account_refuses(name: str, azurite: Azurite, tmp_path: Path) -> None:
    """Each has a remedy of its own."""
    row = SHUT[name]
    names = made(azurite.endpoint, new_names())
    refused(lake(tmp_path / "home", azurite.endpoint, names, **row.wrong), row.told)


def test_an_expired_signature_says_since_when(azurite: Azurite, tmp_path: Path) -> None:
    """Else whoever made it looks for a typing mistake."""
    token = signature(hours=-1)
    told = lake(tmp_path / "home", azurite.endpoint, new_names(), AZURE_STORAGE_SAS_TOKEN=token)
    sentence = week(told).sentence
    assert "the shared access signature expired at 20" in sentence
    assert f" UTC: make a new one, and set AZURE_STORAGE_SAS_TOKEN to it{AFTERWARDS}" in sentence
    assert list(found(told).values()) == [sentence]


def test_a_signature_that_may_only_read(azurite: Azurite, tmp_path: Path) -> None:
    """It opens the account, so only writing finds it out: the doctor by a file, a run in its first step."""
    names = made(azurite.endpoint, new_names())
    told = lake(tmp_path / "home", azurite.endpoint, names, AZURE_STORAGE_SAS_TOKEN=signature("rl"))
    (sentence,) = found(told).values()
    assert sentence == f"abfss://{names[0]}@devstoreaccount1.dfs.core.windows.net/: {RIGHT}{AFTERWARDS}"
    ran = week(told)
    assert ran.code == 1
    assert ran.weeks[0]["failures"]["publication"].endswith(f"/files: {RIGHT}{AFTERWARDS}")


CODES = {
    "AuthorizationFailure": Row(403, FIREWALL),
    "KeyBasedAuthenticationNotPermitted": Row(
        403, "the account accepts no key and no signature made with one: sign in with Entra ID instead"
    ),
    "AccountIsDisabled": Row(403, "the account is disabled: enable it in its subscription"),
    "AuthenticationFailed": Row(
        403, "the account key is wrong, or was rotated: set AZURE_STORAGE_KEY to a present one"
    ),
    "ServerBusy": Row(503, "the account is overloaded, and stayed so: wait a minute"),
}


@pytest.mark.parametrize("code", CODES)
def test_what_an_account_says_by_a_code(code: str, proxy: Proxy, tmp_path: Path) -> None:
    """Of these Azurite knows none, or by another name."""
    proxy.fault(status(CODES[code].wrong, code), times=ALWAYS)
    refused(lake(tmp_path / "home", proxy.endpoint, new_names()), CODES[code].told)


def test_nobody_answers(tmp_path: Path) -> None:
    """A doctor that asks on for each check would take minutes to say so four times."""
    sentence = "nobody answers there: check the network, and CLOUDFLIX_AZURE_ENDPOINT if it is set"
    refused(lake(tmp_path / "home", NOBODY, new_names()), sentence)


def test_an_account_that_does_not_exist_has_no_address(tmp_path: Path) -> None:
    """Azure says it by its name servers alone."""
    sentence = "there is no storage account of that name: check AZURE_STORAGE_ACCOUNT"
    refused(lake(tmp_path / "home", "https://lake1.blob.cloud.invalid", new_names()), sentence)


def test_a_certificate_that_nobody_trusts(azurite_tls: Azurite, tmp_path: Path) -> None:
    """Behind a company's proxy each library has its own list of whom to trust."""
    sentence = (
        "its certificate is not trusted here: set REQUESTS_CA_BUNDLE and SSL_CERT_FILE to a file with your "
        "network's certificates"
    )
    refused(lake(tmp_path / "home", azurite_tls.endpoint, new_names()), sentence)


def test_an_account_without_a_hierarchy_is_upgraded_or_accepted(azurite: Azurite, tmp_path: Path) -> None:
    """Folders of a flat one cannot be removed at once; to find out after a year is late."""
    names = made(azurite.endpoint, new_names())
    told = lake(tmp_path / "home", azurite.endpoint, names, CLOUDFLIX_AZURE_FLAT_NAMESPACE="false")
    told["AZURE_STORAGE_KEY"] = KEY
    sentence = (
        "the account devstoreaccount1 has no hierarchical namespace, so it is no data lake{then}upgrade it "
        "(az storage account hns-migration start --type upgrade -n devstoreaccount1), or create one with "
        "--hns true; for an emulator set CLOUDFLIX_AZURE_FLAT_NAMESPACE=true"
    )
    seen = "devstoreaccount1, asked with an account key: "
    assert found(told) == {"account": seen + sentence.format(then=" → ")}
    ran = week(told)
    assert ran.sentence == sentence.format(then=": ") + "; nothing was written."
    assert ran.code == 1
