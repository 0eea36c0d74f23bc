"""The credential of a storage account: one of six kinds, used by every library alike.

CLOUDFLIX_AZURE_CREDENTIAL names the kind; without it, it is the first whose variables are set. Secrets are
pydantic's SecretStr, which prints as asterisks.
"""

import shutil
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs

from pydantic import SecretStr

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.settings.environment import Environment


class CredentialMissing(CloudflixError):
    """The settings make no credential, or lack a part of the chosen one."""


class CredentialMalformed(CloudflixError):
    """A credential cannot be one."""


@dataclass(frozen=True)
class AccountKey:
    """One of the two keys of the account, which have all rights."""

    key: SecretStr


@dataclass(frozen=True)
class SharedAccessSignature:
    """A token signed with a key, for certain rights and a limited time."""

    token: SecretStr

    @property
    def expiry(self) -> datetime | None:
        """The time at which it expires; None if a stored access policy decides that."""
        end_text = parse_qs(self.token.get_secret_value()).get("se", [""])[0]
        try:
            end = datetime.fromisoformat(end_text)
        except ValueError:
            return None
        return end if end.tzinfo else end.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ServicePrincipal:
    """An application of Entra ID that authenticates with a secret."""

    tenant: str
    client: str
    secret: SecretStr
    authority: str


@dataclass(frozen=True)
class WorkloadIdentity:
    """An application of Entra ID that authenticates with a token in a file, as in Kubernetes."""

    tenant: str
    client: str
    token_file: Path
    authority: str


@dataclass(frozen=True)
class ManagedIdentity:
    """The managed identity of the machine.

    Args:
        client: a user-assigned identity; None for the system-assigned one.
        metadata: the address of a virtual machine's metadata service.
        app_service: the address that App Service and Container Apps have instead.
    """

    client: str | None
    metadata: str
    app_service: str | None


@dataclass(frozen=True)
class AzureCli:
    """The user who has logged in with `az login`."""

    tenant: str | None


def describe(credential: "Credential") -> str:
    """Describe a credential in words, without its secret."""
    match credential:
        case AccountKey():
            return "an account key"
        case SharedAccessSignature():
            return "a shared access signature"
        case ServicePrincipal(client=client):
            return f"the service principal {client}"
        case WorkloadIdentity(client=client):
            return f"the workload identity {client}"
        case ManagedIdentity(client=client):
            return f"the managed identity {client or 'of this machine'}"
        case AzureCli():
            return "whoever is logged in to the Azure CLI"


Part = TypeVar("Part")
Credential = (
    AccountKey | SharedAccessSignature | ServicePrincipal | WorkloadIdentity | ManagedIdentity | AzureCli
)


def choose_credential(environment: Environment) -> Credential:
    """Choose the credential that the settings name or make possible.

    Raises:
        CredentialMissing: there is none; the message names the variables that make one.
        CredentialMalformed: it cannot be one.
    """
    kind = environment.azure_credential
    if kind != "auto":
        made = _MAKES[kind](environment)
        if made is None:
            absent = [name for name, field in _NEEDS[kind].items() if not getattr(environment, field)]
            needed = " and ".join(absent)
            raise CredentialMissing(f"CLOUDFLIX_AZURE_CREDENTIAL={kind} needs {needed}: set what is missing.")
        return made
    for candidate, makes in _MAKES.items():
        is_meant = candidate not in _SEEN or _SEEN[candidate](environment)
        if is_meant and (made := makes(environment)):
            return made
    raise CredentialMissing(
        f"there is no credential for the storage account {environment.azure_account}: set AZURE_STORAGE_KEY "
        "or AZURE_STORAGE_SAS_TOKEN, or AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or "
        "AZURE_FEDERATED_TOKEN_FILE, log in with `az login`, or on a machine with an identity of its own set "
        "CLOUDFLIX_AZURE_CREDENTIAL=managed_identity."
    )


_APPLICATION = {"AZURE_TENANT_ID": "azure_tenant", "AZURE_CLIENT_ID": "azure_client"}
_NEEDS = {
    "account_key": {"AZURE_STORAGE_KEY": "azure_key"},
    "sas": {"AZURE_STORAGE_SAS_TOKEN": "azure_sas"},
    "service_principal": {**_APPLICATION, "AZURE_CLIENT_SECRET": "azure_client_secret"},
    "workload_identity": {**_APPLICATION, "AZURE_FEDERATED_TOKEN_FILE": "azure_token_file"},
}
"""The variables that a kind requires, and their names in the settings."""


def _account_key(environment: Environment) -> Credential | None:
    if not environment.azure_key:
        return None
    try:
        b64decode(environment.azure_key.get_secret_value(), validate=True)
    except ValueError:
        raise CredentialMalformed(
            "AZURE_STORAGE_KEY is no key of a storage account, which is text in base64: copy one of the "
            "account's two keys whole, and nothing else."
        ) from None
    return AccountKey(environment.azure_key)


def _sas(environment: Environment) -> Credential | None:
    if not environment.azure_sas:
        return None
    return SharedAccessSignature(SecretStr(environment.azure_sas.get_secret_value().removeprefix("?")))


def _of_application(
    environment: Environment, make: Callable[[str, str, Part, str], Credential], part: Part | None
) -> Credential | None:
    """Make a credential of an application, from its secret or its token file; None if a part is missing."""
    tenant, client = environment.azure_tenant, environment.azure_client
    if not (tenant and client and part):
        return None
    return make(tenant, client, part, environment.azure_authority)


def _managed_identity(environment: Environment) -> Credential | None:
    return ManagedIdentity(
        environment.azure_client, environment.azure_metadata, environment.azure_identity_endpoint
    )


_MAKES: Mapping[str, Callable[[Environment], Credential | None]] = {
    "account_key": _account_key,
    "sas": _sas,
    "service_principal": lambda it: _of_application(it, ServicePrincipal, it.azure_client_secret),
    "workload_identity": lambda it: _of_application(it, WorkloadIdentity, it.azure_token_file),
    "managed_identity": _managed_identity,
    "azure_cli": lambda environment: AzureCli(environment.azure_tenant),
}
"""Functions by kind, in order of preference: each makes the credential, or None if a part is missing."""
_SEEN: Mapping[str, Callable[[Environment], bool]] = {
    "managed_identity": lambda environment: bool(environment.azure_identity_endpoint),
    "azure_cli": lambda _: shutil.which("az") is not None,
}
"""Whether this machine has a kind that needs no variable. A virtual machine's identity cannot be told."""
