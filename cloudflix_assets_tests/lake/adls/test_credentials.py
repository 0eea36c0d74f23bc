"""Which credential is chosen, and what is said of settings that make none: never with a secret in it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cloudflix_assets.lake.adls.account import Account, AccountMissing
from cloudflix_assets.lake.adls.credentials import (
    AccountKey,
    AzureCli,
    CredentialMalformed,
    CredentialMissing,
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    WorkloadIdentity,
    choose_credential,
    describe,
)
from cloudflix_assets.settings.environment import SettingRefused, environment
from cloudflix_assets_tests.lake.adls.credential_cases import WRONG_KEY, variables
from cloudflix_assets_tests.loopback.azure import az

PUBLIC, IMDS = "https://login.microsoftonline.com", "http://169.254.169.254"
KEY = {"AZURE_STORAGE_KEY": "a2V5"}
SAS = {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"}
APPLICATION = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"}
PRINCIPAL = {**APPLICATION, "AZURE_CLIENT_SECRET": "s"}
WORKLOAD = {**APPLICATION, "AZURE_FEDERATED_TOKEN_FILE": "/token"}
APP_SERVICE = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi"}
ORDER = (KEY, SAS, PRINCIPAL, WORKLOAD, APP_SERVICE)
MADE = (
    AccountKey(SecretStr("a2V5")),
    SharedAccessSignature(SecretStr("sv=1&sig=x")),
    ServicePrincipal("t", "c", SecretStr("s"), PUBLIC),
    WorkloadIdentity("t", "c", Path("/token"), PUBLIC),
)
WITH_NOTHING = (
    "there is no credential for the storage account lake1: set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, "
    "or AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, log in "
    "with `az login`, or on a machine with an identity of its own set "
    "CLOUDFLIX_AZURE_CREDENTIAL=managed_identity."
)


def credential(**told: str) -> object:
    """What these variables make."""
    with variables({"AZURE_STORAGE_ACCOUNT": "lake1", **told}):
        return choose_credential(environment(deployment="azure"))


@pytest.fixture
def no_az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor any other program."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize("first", range(len(MADE)))
def test_the_first_that_is_whole_is_taken(first: int) -> None:
    """A machine that holds more than one must not become somebody else with the next release."""
    told = {name: value for kind in ORDER[first:] for name, value in kind.items()}
    assert credential(**told) == MADE[first]


def test_the_identity_of_app_service_is_taken_before_whoever_is_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", az.first_on_path(az.install(tmp_path / "az", None)))
    assert credential(**APP_SERVICE) == ManagedIdentity(None, IMDS, APP_SERVICE["IDENTITY_ENDPOINT"])
    assert credential() == AzureCli(None)
    assert credential(AZURE_TENANT_ID="t") == AzureCli("t")


@pytest.mark.usefixtures("no_az")
@pytest.mark.parametrize("told", [{}, APPLICATION, {"AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}])
def test_without_a_whole_one_the_ways_are_named(told: dict[str, str]) -> None:
    """A virtual machine's identity is none of them: to ask for it where there is none takes a minute."""
    with pytest.raises(CredentialMissing) as missing:
        credential(**told)
    assert str(missing.value) == WITH_NOTHING


PARTS = {
    "account_key": (KEY, "AZURE_STORAGE_KEY"),
    "sas": (SAS, "AZURE_STORAGE_SAS_TOKEN"),
    "service_principal": (PRINCIPAL, "AZURE_TENANT_ID and AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"),
    "workload_identity": (WORKLOAD, "AZURE_TENANT_ID and AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE"),
}


@pytest.mark.parametrize("kind", PARTS)
def test_a_chosen_one_names_what_it_lacks_and_is_no_other(kind: str) -> None:
    """To fall back would write to the account as somebody else."""
    _, all_parts = PARTS[kind]
    with pytest.raises(CredentialMissing) as missing:
        credential(CLOUDFLIX_AZURE_CREDENTIAL=kind)
    assert str(missing.value) == f"CLOUDFLIX_AZURE_CREDENTIAL={kind} needs {all_parts}: set what is missing."
    complete = {name: value for parts, _ in PARTS.values() for name, value in parts.items()}
    *_, last = PARTS[kind][0]
    del complete[last]
    with pytest.raises(CredentialMissing, match=f"needs {last}: set"):
        credential(CLOUDFLIX_AZURE_CREDENTIAL=kind, **complete)


def test_a_chosen_one_is_taken_whatever_else_is_set() -> None:
    all_set = {name: value for kind in ORDER for name, value in kind.items()}
    found = [credential(CLOUDFLIX_AZURE_CREDENTIAL=kind, **all_set) for kind in PARTS]
    assert found == list(MADE)
    identity = credential(CLOUDFLIX_AZURE_CREDENTIAL="managed_identity", **{**KEY, "AZURE_CLIENT_ID": "c"})
    assert identity == ManagedIdentity("c", IMDS, None)
    assert credential(CLOUDFLIX_AZURE_CREDENTIAL="azure_cli", **all_set) == AzureCli("t")


def test_the_question_mark_of_the_portal_is_no_part_of_a_signature() -> None:
    """Each library would add its own, and the account see a parameter named ?sv."""
    assert credential(AZURE_STORAGE_SAS_TOKEN="?sv=1&sig=x") == MADE[1]


@pytest.mark.parametrize(
    ("told", "end"),
    [
        ("se=2026-11-26T09%3A30%3A00Z&sig=x", datetime(2026, 11, 26, 9, 30, tzinfo=UTC)),
        ("se=2026-11-26", datetime(2026, 11, 26, tzinfo=UTC)),
        ("si=a-policy&sig=x", None),
        ("se=soon", None),
    ],
)
def test_a_signature_says_when_it_ends(told: str, end: datetime | None) -> None:
    """One that a stored policy ends does not, and is no error."""
    assert SharedAccessSignature(SecretStr(told)).expiry == end


@pytest.mark.parametrize("made", MADE)
def test_no_credential_prints_what_is_secret(made: Any) -> None:
    """It stands in exceptions, and whoever debugs prints it."""
    for told in (repr(made), str(made), describe(made)):
        for secret in ("a2V5", "sig=x", "'s'"):
            assert secret not in told


REFUSED = {
    "AZURE_STORAGE_ACCOUNT=Dev": (
        "AZURE_STORAGE_ACCOUNT=Dev is no name of a storage account: it has 3 to 24 small letters and digits."
    ),
    "AZURE_STORAGE_ACCOUNT_NAME=lake-1": "AZURE_STORAGE_ACCOUNT=lake-1 is no name of a storage acc",
    "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver": (
        "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver must name four different containers, for raw, bronze, "
        "silver and gold, as a,b,c,d."
    ),
    "CLOUDFLIX_AZURE_CONTAINERS=a1b,a1b,a2b,a3b": "CLOUDFLIX_AZURE_CONTAINERS=a1b,a1b,a2b,a3b must name",
    "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver,Gold": (
        "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver,Gold has 'Gold', which no container can be called: use "
        "3 to 63 small letters, digits and single hyphens."
    ),
    "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver,g--d": "CLOUDFLIX_AZURE_CONTAINERS=raw,bronze,silver,g--d",
    "CLOUDFLIX_AZURE_ENDPOINT=lake1.blob.core.windows.net": (
        "CLOUDFLIX_AZURE_ENDPOINT=lake1.blob.core.windows.net is no address: write it like "
        "https://<account>.blob.core.windows.net."
    ),
    "CLOUDFLIX_AZURE_ENDPOINT=https://[lake1/": "CLOUDFLIX_AZURE_ENDPOINT=https://[lake1/ is no address: ",
    "CLOUDFLIX_AZURE_ENDPOINT=https://lake1:99999": "CLOUDFLIX_AZURE_ENDPOINT=https://lake1:99999 is no add",
    "AZURE_AUTHORITY_HOST=https://login:x": "AZURE_AUTHORITY_HOST=https://login… is no address of Entra ID",
    "CLOUDFLIX_AZURE_CREDENTIAL=key": (
        "CLOUDFLIX_AZURE_CREDENTIAL=key is not allowed: set it to 'auto', 'account_key', 'sas', "
    ),
    "CLOUDFLIX_AZURE_FLAT_NAMESPACE=perhaps": (
        "CLOUDFLIX_AZURE_FLAT_NAMESPACE=perhaps is not allowed: set it to 'true' or 'false'."
    ),
    "AZURE_AUTHORITY_HOST=https://login/x?y": (
        "AZURE_AUTHORITY_HOST=https://login/… is no address of Entra ID: write it like "
        "https://login.microsoftonline.com."
    ),
    "CLOUDFLIX_LAKE=/data/lake": (
        "CLOUDFLIX_LAKE=/data/lake is a folder, and with CLOUDFLIX_DEPLOYMENT=azure the lake is the storage "
        "account: unset one of the two."
    ),
    "CLOUDFLIX_AZURE_KEY=a2V5": "CLOUDFLIX_AZURE_KEY is no setting: did you mean AZURE_STORAGE_KEY?",
    "CLOUDFLIX_AZURE_ACCOUNT=x": "CLOUDFLIX_AZURE_ACCOUNT is no setting: did you mean AZURE_STORAGE_ACCOUNT?",
}


@pytest.mark.parametrize("setting", REFUSED)
def test_a_value_that_cannot_be_is_told_by_the_name_of_its_variable(setting: str) -> None:
    """Who looks for a variable that we made up finds none."""
    name, _, value = setting.partition("=")
    with variables({name: value}), pytest.raises(SettingRefused) as refused:
        environment(deployment="azure")
    assert str(refused.value).startswith(REFUSED[setting])


@pytest.mark.parametrize("key", ["a2V5x", "x y", "k\udcffey", "AccountKey=a2V5;"])
def test_a_key_that_cannot_be_one_is_told_without_it(key: str) -> None:
    """`Incorrect padding`, said the library, and we that we had failed unexpectedly."""
    with pytest.raises(CredentialMalformed) as refused:
        credential(AZURE_STORAGE_KEY=key)
    assert str(refused.value) == (
        "AZURE_STORAGE_KEY is no key of a storage account, which is text in base64: copy one of the "
        "account's two keys whole, and nothing else."
    )


PASTED = {
    "AZURE_STORAGE_ACCOUNT": f"DefaultEndpointsProtocol=https;AccountName=lake1;AccountKey={WRONG_KEY};x=y",
    "AZURE_STORAGE_ACCOUNT_NAME": WRONG_KEY,
    "CLOUDFLIX_AZURE_ENDPOINT": "https://lake1.blob.core.windows.net/?sv=2025&sig=c2VjcmV0c2VjcmV0%3D&se=2",
    "CLOUDFLIX_AZURE_CONTAINERS": "https://user:c2VjcmV0c2VjcmV0@lake1/raw",
    "CLOUDFLIX_AZURE_CREDENTIAL": "sv=2025&sig=c2VjcmV0c2VjcmV0%3D",
}


@pytest.mark.parametrize("name", PASTED)
def test_a_secret_in_the_wrong_variable_is_not_repeated(name: str) -> None:
    """The portal hands out connection strings and addresses with a signature; logs are read by many."""
    own = {"AZURE_STORAGE_KEY": "b3duLWtleQ", "AZURE_CLIENT_SECRET": "own-secret", name: PASTED[name]}
    with variables(own), pytest.raises(SettingRefused) as refused:
        environment(deployment="azure", lake="/data/lake")
    told = str(refused.value)
    assert told.startswith(name.removesuffix("_NAME"))
    assert "…" in told
    for secret in (WRONG_KEY, "c2VjcmV0c2VjcmV0", "b3duLWtleQ", "own-secret"):
        assert secret not in told


def test_two_lakes_are_refused_without_any_value() -> None:
    """Of a rule over several settings, pydantic shows them all."""
    with variables(KEY), pytest.raises(SettingRefused) as refused:
        environment(deployment="azure", lake="/data/lake")
    assert "a2V5" not in str(refused.value)
    assert str(refused.value).startswith("CLOUDFLIX_LAKE=/data/lake is a folder")


def test_a_child_sees_the_same_account(tmp_path: Path) -> None:
    """It is not told of a lake in a folder, which its settings would refuse."""
    with variables(
        {**KEY, "AZURE_STORAGE_ACCOUNT": "lake1", "CLOUDFLIX_AZURE_CONTAINERS": "aaa,bbb,ccc,ddd"}
    ):
        own = environment(deployment="azure", home=tmp_path)
        told = own.for_child()
    with variables({name: value for name, value in told.items() if "PYTEST" not in name}):
        assert Account.of(environment()) == Account.of(own)


def test_no_account_is_a_sentence() -> None:
    with variables(KEY), pytest.raises(AccountMissing) as missing:
        Account.of(environment(deployment="azure"))
    assert str(missing.value) == (
        "CLOUDFLIX_DEPLOYMENT=azure needs a storage account: set AZURE_STORAGE_ACCOUNT to its name."
    )
