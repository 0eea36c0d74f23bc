"""Whatever keeps the account shut is one sentence with a remedy, from a doctor and from a run alike."""

from collections.abc import Callable
from pathlib import Path

import pytest
from azure.storage.blob import ResourceTypes

from cloudflix_assets.adls import client
from cloudflix_assets_tests.azure import az
from cloudflix_assets_tests.azure.authority import Authority
from cloudflix_assets_tests.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.azure.cases import (
    WRONG_KEY,
    application,
    called,
    lake,
    made,
    new_names,
    signature,
)
from cloudflix_assets_tests.azure.entra import EXPIRED_SECRET, Entra, Tokens
from cloudflix_assets_tests.azure.faults import status
from cloudflix_assets_tests.azure.proxy import ALWAYS, Proxy
from cloudflix_assets_tests.e2e.command import Told
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put

NOBODY = "http://127.0.0.1:9/devstoreaccount1"
AFTERWARDS = ", then rerun; what was published before is untouched."
RIGHT = (
    "the credential has no right to this data: give its identity the role Storage Blob Data Contributor on "
    "the account (which takes some minutes), or make a signature with the permissions racwdl"
)
TOKEN = (
    "the token has expired or is for somebody else: check the clock of this machine, AZURE_TENANT_ID and "
    "AZURE_AUTHORITY_HOST"
)
TYPES = (
    "the shared access signature is not for containers and blobs: make one with the resource types service, "
    "container and object"
)
FIREWALL = (
    "the account's firewall does not let this machine in: add its address or network (az storage account "
    "network-rule add), or run inside the network"
)
NEW_SIGNATURE = "make a new one, and set AZURE_STORAGE_SAS_TOKEN to it"
PRESENT = "set the application's present secret as AZURE_CLIENT_SECRET"
NO_CONTAINER = "there is no such container: run `cloudflix doctor --fix`, which makes the four of the lake"
TENANT = "Entra ID knows no such tenant: check AZURE_TENANT_ID, and AZURE_AUTHORITY_HOST if it is set"


@pytest.fixture(autouse=True)
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shut stays shut: that it is asked again is not what is tested here."""
    monkeypatch.setitem(client._SETTINGS, "retry_total", 0)


@pytest.fixture
def source(tmp_path: Path) -> str:
    return str(put(tmp_path / "netflix", publication()))


@pytest.fixture
def run(source: str) -> Callable[..., Told]:
    """A week of these variables."""

    def runs(told: dict[str, str], *options: str) -> Told:
        week = ("--json", "--quiet", "--week", str(WEEK_1), "--source", source)
        return called(told, "run", *week, *options)

    return runs


def found(told: dict[str, str], *options: str) -> dict[str, str]:
    """What is not well by `doctor`: what was seen and the remedy, by check."""
    checks = called(told, "doctor", "--json", *options).json["checks"]
    return {
        check["check"]: " → ".join(filter(None, (check["seen"], check["remedy"])))
        for check in checks
        if check["state"] == "fail"
    }


def refused(told: dict[str, str], run: Callable[..., Told], sentence: str) -> None:
    """Both say it, once, and nothing else."""
    whole = f"{told['CLOUDFLIX_AZURE_ENDPOINT']}: {sentence}{AFTERWARDS}"
    assert found(told) == {"account": whole}
    ran = run(told)
    assert (ran.code, ran.sentence) == (1, whole)


SHUT = {
    "a wrong key": (
        {"AZURE_STORAGE_KEY": WRONG_KEY},
        "the account key is wrong, or was rotated: set AZURE_STORAGE_KEY to a present one",
    ),
    "a wrong signature": (
        {"AZURE_STORAGE_SAS_TOKEN": signature().partition("sig=")[0] + "sig=bm8%3D"},
        "the shared access signature is wrong, or was revoked with its key: " + NEW_SIGNATURE,
    ),
    "a signature for the service alone": (
        {"AZURE_STORAGE_SAS_TOKEN": signature(types=ResourceTypes(service=True))},
        TYPES,
    ),
    "a signature for objects alone": (
        {"AZURE_STORAGE_SAS_TOKEN": signature(types=ResourceTypes(object=True))},
        TYPES,
    ),
}


@pytest.mark.parametrize("name", SHUT)
def test_a_credential_that_the_account_refuses(
    name: str, azurite: Azurite, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """Each has a remedy of its own."""
    changed, sentence = SHUT[name]
    names = made(azurite.endpoint, new_names())
    refused(lake(tmp_path / "home", azurite.endpoint, names, **changed), run, sentence)


def test_an_expired_signature_says_since_when(
    azurite: Azurite, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """Else whoever made it looks for a typing mistake."""
    token = signature(hours=-1)
    told = lake(tmp_path / "home", azurite.endpoint, new_names(), AZURE_STORAGE_SAS_TOKEN=token)
    sentence = run(told).sentence
    assert "the shared access signature expired at 20" in sentence
    assert f" UTC: make a new one, and set AZURE_STORAGE_SAS_TOKEN to it{AFTERWARDS}" in sentence
    assert list(found(told).values()) == [sentence]


def test_a_signature_that_may_only_read(azurite: Azurite, tmp_path: Path, run: Callable[..., Told]) -> None:
    """It opens the account, so only writing finds it out: the doctor by a file, a run in its first step."""
    names = made(azurite.endpoint, new_names())
    told = lake(tmp_path / "home", azurite.endpoint, names, AZURE_STORAGE_SAS_TOKEN=signature("rl"))
    (sentence,) = found(told).values()
    assert sentence == f"abfss://{names[0]}@devstoreaccount1.dfs.core.windows.net/: {RIGHT}{AFTERWARDS}"
    ran = run(told)
    assert ran.code == 1
    assert ran.weeks[0]["failures"]["publication"].endswith(f"/files: {RIGHT}{AFTERWARDS}")


SIGNED_IN = {
    "a wrong secret": (
        {"AZURE_CLIENT_SECRET": "no"},
        "the client secret is wrong: " + PRESENT,
    ),
    "an expired secret": (
        {"AZURE_CLIENT_SECRET": EXPIRED_SECRET},
        "the client secret has expired: make a new one, and " + PRESENT,
    ),
    "an unknown application": (
        {"AZURE_CLIENT_ID": "44444444-4444-4444-4444-444444444444"},
        "the tenant knows no such application: check AZURE_CLIENT_ID and AZURE_TENANT_ID",
    ),
    "an unknown tenant": ({"AZURE_TENANT_ID": "55555555-5555-5555-5555-555555555555"}, TENANT),
}


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("name", SIGNED_IN)
def test_whom_entra_id_refuses(  # noqa: PLR0917  # fixtures
    name: str,
    azurite_tls: Azurite,
    entra: Entra,
    tmp_path: Path,
    run: Callable[..., Told],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The codes of its long answers are what operators would have to look up; its library logs them too."""
    changed, sentence = SIGNED_IN[name]
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **application(entra, **changed))
    refused(told, run, sentence)
    assert [record.name for record in caplog.records if record.name.startswith("azure.identity")] == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tokens", ["expired", "other audience"])
def test_a_token_that_the_account_refuses(
    tokens: Tokens, azurite_tls: Azurite, entra: Entra, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """It is no wrong secret: Entra ID has taken that."""
    entra.tokens = tokens
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **application(entra))
    refused(told, run, TOKEN)


@pytest.mark.usefixtures("trusted")
def test_who_signs_in_and_has_no_role(
    azurite_tls: Azurite, authority: Authority, entra: Entra, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """The commonest of all on the first day."""
    with Proxy(azurite_tls, authority).serving() as proxy:
        proxy.fault(status(403, "AuthorizationPermissionMismatch"), times=ALWAYS)
        refused(lake(tmp_path / "home", proxy.endpoint, new_names(), **application(entra)), run, RIGHT)


def test_nobody_is_logged_in_to_the_azure_cli(
    azurite_tls: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Told]
) -> None:
    """Its own advice is not the last line of what it says."""
    monkeypatch.setenv("PATH", az.first_on_path(az.installed(tmp_path / "az", None)))
    own = {"CLOUDFLIX_AZURE_CREDENTIAL": "azure_cli"}
    told = lake(tmp_path / "home", azurite_tls.endpoint, new_names(), **own)
    refused(told, run, "nobody is logged in to the Azure CLI: run `az login`")


CODES = {
    "AuthorizationFailure": (
        403,
        FIREWALL,
    ),
    "KeyBasedAuthenticationNotPermitted": (
        403,
        "the account accepts no key and no signature made with one: sign in with Entra ID instead",
    ),
    "AccountIsDisabled": (403, "the account is disabled: enable it in its subscription"),
    "AuthenticationFailed": (
        403,
        "the account key is wrong, or was rotated: set AZURE_STORAGE_KEY to a present one",
    ),
    "ServerBusy": (503, "the account is overloaded, and stayed so: wait a minute"),
}


@pytest.mark.parametrize("code", CODES)
def test_what_an_account_says_by_a_code(
    code: str, proxy: Proxy, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """Of these Azurite knows none, or by another name."""
    answered, sentence = CODES[code]
    proxy.fault(status(answered, code), times=ALWAYS)
    refused(lake(tmp_path / "home", proxy.endpoint, new_names()), run, sentence)


def test_nobody_answers(tmp_path: Path, run: Callable[..., Told]) -> None:
    """A doctor that asks on for each check would take minutes to say so four times."""
    sentence = "nobody answers there: check the network, and CLOUDFLIX_AZURE_ENDPOINT if it is set"
    refused(lake(tmp_path / "home", NOBODY, new_names()), run, sentence)


def test_an_account_that_does_not_exist_has_no_address(tmp_path: Path, run: Callable[..., Told]) -> None:
    """Azure says it by its name servers alone."""
    sentence = "there is no storage account of that name: check AZURE_STORAGE_ACCOUNT"
    refused(lake(tmp_path / "home", "https://lake1.blob.cloud.invalid", new_names()), run, sentence)


def test_a_certificate_that_nobody_trusts(
    azurite_tls: Azurite, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """Behind a company's proxy each library has its own list of whom to trust."""
    sentence = (
        "its certificate is not trusted here: set REQUESTS_CA_BUNDLE and SSL_CERT_FILE to a file with your "
        "network's certificates"
    )
    refused(lake(tmp_path / "home", azurite_tls.endpoint, new_names()), run, sentence)


def test_an_account_without_a_hierarchy_is_upgraded_or_accepted(
    azurite: Azurite, tmp_path: Path, run: Callable[..., Told]
) -> None:
    """Folders of a flat one cannot be removed at once; to find out after a year is late."""
    names = made(azurite.endpoint, new_names())
    told = lake(tmp_path / "home", azurite.endpoint, names, CLOUDFLIX_AZURE_FLAT_NAMESPACE="false")
    told["AZURE_STORAGE_KEY"] = KEY
    remedy = (
        "upgrade it (az storage account hns-migration start --type upgrade -n devstoreaccount1), or create "
        "one with --hns true; for an emulator set CLOUDFLIX_AZURE_FLAT_NAMESPACE=true; nothing was written"
    )
    assert found(told) == {"account": f"devstoreaccount1, asked with an account key → {remedy}"}
    ran = run(told)
    assert ran.sentence == (
        "the account devstoreaccount1 has no hierarchical namespace, so it is no data lake: " + remedy + "."
    )
    assert ran.code == 1
