"""Settings of lakes in the account of the tests, one per credential, and what else the variables may hold.

Garbage for every credential that is not chosen stands beside the chosen one, as on a developer's machine.
"""

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas

from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY
from cloudflix_assets_tests.loopback.azure.entra import ASSERTION, CLIENT, IDENTITY, SECRET, TENANT, Entra

RIGHTS = "racwdl"
ALL_TYPES = ResourceTypes(service=True, container=True, object=True)
WRONG_KEY = base64.b64encode(b"no key of this account" * 3)[:86].decode() + "=="
GARBAGE = {
    "AZURE_STORAGE_KEY": WRONG_KEY,
    "AZURE_STORAGE_ACCOUNT_KEY": WRONG_KEY,
    "AZURE_STORAGE_SAS_TOKEN": "sv=2025-11-05&sig=bm9uZQ%3D%3D",
    "AZURE_STORAGE_TOKEN": "no.token.ofours",
    "AZURE_CLIENT_ID": "99999999-9999-9999-9999-999999999999",
    "AZURE_CLIENT_SECRET": "no-secret-of-ours",
    "AZURE_TENANT_ID": "88888888-8888-8888-8888-888888888888",
    "AZURE_FEDERATED_TOKEN_FILE": "/nowhere/token",
    "AZURE_STORAGE_USE_EMULATOR": "true",
    "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9/",
    "AZURE_SKIP_SIGNATURE": "true",
}
"""All of it is wrong; what is chosen replaces its own."""


def new_names() -> tuple[str, ...]:
    """Of four containers that nobody has yet: engines remember a container that they have seen."""
    name = uuid4().hex[:12]
    return tuple(f"{layer}-{name}" for layer in ("raw", "bronze", "silver", "gold"))


def made(endpoint: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The containers, made with the account's key."""
    with BlobServiceClient(endpoint, credential=KEY) as client:
        for name in names:
            client.create_container(name)
    return names


def lake(home: Path, endpoint: str, names: tuple[str, ...], **variables: str) -> dict[str, str]:
    """The variables of a lake in these containers, asked with the account's key unless others are given."""
    told = {
        "CLOUDFLIX_HOME": str(home),
        "CLOUDFLIX_DEPLOYMENT": "azure",
        "CLOUDFLIX_AZURE_CONTAINERS": ",".join(names),
        "CLOUDFLIX_AZURE_ENDPOINT": endpoint,
        "CLOUDFLIX_AZURE_FLAT_NAMESPACE": "true",
        "AZURE_STORAGE_ACCOUNT": ACCOUNT,
    }
    return {**told, **(variables or {"AZURE_STORAGE_KEY": KEY})}


def signature(rights: str = RIGHTS, types: ResourceTypes = ALL_TYPES, hours: float = 1) -> str:
    """A shared access signature of the account; of the past where `hours` is negative."""
    now = datetime.now(UTC)
    begin, end = now - timedelta(days=1), now + timedelta(hours=hours)
    return str(generate_account_sas(ACCOUNT, KEY, types, _permissions(rights), end, begin))


def _permissions(rights: str) -> AccountSasPermissions:
    names = {"r": "read", "a": "add", "c": "create", "w": "write", "d": "delete", "l": "list"}
    return AccountSasPermissions(**{names[right]: True for right in rights})


def application(entra: Entra, **changed: str) -> dict[str, str]:
    """The variables of the service principal; the slash is what Kubernetes sets."""
    return {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": SECRET,
        "AZURE_AUTHORITY_HOST": f"{entra.tls_url}/",
        **changed,
    }


def credentials(entra: Entra, folder: Path) -> dict[str, dict[str, str]]:
    """The variables of each kind of credential that a loopback can play."""
    token_file = folder / "assertion"
    token_file.write_text(ASSERTION)
    federated = application(entra, AZURE_FEDERATED_TOKEN_FILE=str(token_file))
    del federated["AZURE_CLIENT_SECRET"]
    return {
        "account_key": {"AZURE_STORAGE_KEY": KEY},
        "sas": {"AZURE_STORAGE_SAS_TOKEN": f"?{signature()}"},
        "service_principal": application(entra),
        "workload_identity": federated,
        "managed_identity": {"AZURE_CLIENT_ID": IDENTITY, "AZURE_POD_IDENTITY_AUTHORITY_HOST": entra.url},
        "azure_cli": {"AZURE_TENANT_ID": TENANT},
    }


@contextmanager
def variables(told: Mapping[str, str]) -> Iterator[None]:
    """Nothing of Azure's and ours but this, and afterwards everything as before: the product sets some."""
    ours = ("AZURE_", "CLOUDFLIX_", "IDENTITY_")
    before = dict(os.environ)
    others = {n: v for n, v in before.items() if not n.startswith(ours) or n == "CLOUDFLIX_ENGINE"}
    _set({**others, **told})
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str]) -> None:
    """Make the environment these variables; a library's thread that reads one while it is set may crash."""
    for name in {*os.environ} - {*variables}:
        del os.environ[name]
    os.environ.update({name: value for name, value in variables.items() if os.environ.get(name) != value})


def called(told: Mapping[str, str], command: str, *options: str) -> Told:
    """Call the command line with these variables, in this process."""
    with variables(told):
        return cloudflix(Path(told["CLOUDFLIX_HOME"]), command, *options)


AFTERWARDS = ", then rerun; what was published before is untouched."
RIGHT = (
    "the credential has no right to this data: give its identity the role Storage Blob Data Contributor on "
    "the account (which takes some minutes), or make a signature with the permissions racwdl"
)
NO_CONTAINER = "there is no such container: run `cloudflix doctor --fix`, which makes the four of the lake"


def week(told: Mapping[str, str], *options: str) -> Told:
    """Run a week of these variables, from five sound files beside its home."""
    source = put(Path(told["CLOUDFLIX_HOME"]).parent / "netflix", publication())
    chosen = ("--json", "--quiet", "--week", str(WEEK_1), "--source", str(source))
    return called(told, "run", *chosen, *options)


def found(told: Mapping[str, str], *options: str) -> dict[str, str]:
    """What is not well by `doctor`: what was seen and the remedy, by check."""
    checks = called(told, "doctor", "--json", *options).json["checks"]
    return {
        check["check"]: " → ".join(filter(None, (check["seen"], check["remedy"])))
        for check in checks
        if check["state"] == "fail"
    }


def refused(told: Mapping[str, str], sentence: str | None) -> None:
    """Doctor and run say it, once, and nothing else."""
    whole = f"{told['CLOUDFLIX_AZURE_ENDPOINT']}: {sentence}{AFTERWARDS}"
    assert found(told) == {"account": whole}
    ran = week(told)
    assert (ran.code, ran.sentence) == (1, whole)
