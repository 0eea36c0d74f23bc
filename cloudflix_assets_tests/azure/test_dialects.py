"""One account, told to each library in its own words: all of them reach the same blobs, as the same person."""

from pathlib import Path
from typing import Any

import pytest

from cloudflix_assets_tests.azure import az, dialect_process
from cloudflix_assets_tests.azure.authority import Authority
from cloudflix_assets_tests.azure.azurite import Azurite
from cloudflix_assets_tests.azure.cases import GARBAGE, credentials, lake, new_names
from cloudflix_assets_tests.azure.dialect_process import WRITERS
from cloudflix_assets_tests.azure.entra import Entra

KINDS = {
    "account_key": "AccountKey",
    "sas": "SharedAccessSignature",
    "service_principal": "ServicePrincipal",
    "workload_identity": "WorkloadIdentity",
    "managed_identity": "ManagedIdentity",
    "azure_cli": "AzureCli",
}
WITHOUT_TLS = {"account_key", "sas"}


@pytest.fixture(scope="session")
def reached(
    azurite: Azurite,
    azurite_tls: Azurite,
    entra_server: Entra,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, Any]]:
    """What came of each kind, with garbage for all others in the environment."""
    folder = tmp_path_factory.mktemp("dialects")
    path = az.first_on_path(az.installed(folder / "az", entra_server.token()))
    cases = {
        kind: {
            **GARBAGE,
            **lake(folder / kind, (azurite if kind in WITHOUT_TLS else azurite_tls).endpoint, new_names()),
            "AZURE_STORAGE_KEY": GARBAGE["AZURE_STORAGE_KEY"],
            **told,
            "CLOUDFLIX_AZURE_CREDENTIAL": kind,
        }
        for kind, told in credentials(entra_server, folder).items()
    }
    found = dialect_process.results(cases, folder / "cases.json", authority, PATH=path)
    assert entra_server.wrong == []
    assert all(asked in az.KNOWN for asked in az.asked(folder / "az"))
    return found


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", KINDS)
def test_every_library_reaches_the_same_blobs_with_the_chosen_credential_alone(
    reached: dict[str, dict[str, Any]], kind: str
) -> None:
    """A library that takes another credential from the environment writes as somebody else, or not at all."""
    rows = [{"week": "one", "id": 1}]
    written = dict.fromkeys(WRITERS, "None")
    read = {f"{writer} → {reader}": rows for writer in WRITERS for reader in WRITERS}
    expected = {"credential": KINDS[kind], **written, **read}
    assert {what: found for what, found in reached[kind].items() if found != expected[what]} == {}
    assert set(reached[kind]) == set(expected)
