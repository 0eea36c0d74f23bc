"""Settings of a lake in Azure. Credentials go by the names that Azure's own tools give them."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from cloudflix_assets.settings.values import has_host
from spark.table import Layer

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
CredentialKind = Literal[
    "auto", "account_key", "sas", "service_principal", "workload_identity", "managed_identity", "azure_cli"
]


def _names(value: object) -> object:
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value


def _containers(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) != len(Layer) or len(set(names)) != len(names):
        raise ValueError("must name four different containers, for raw, bronze, silver and gold, as a,b,c,d")
    for name in names:
        if not re.fullmatch(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name):
            raise ValueError(
                f"has {name!r}, which no container can be called: use 3 to 63 small letters, digits and "
                "single hyphens"
            )
    return names


def _account(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        raise ValueError("is no name of a storage account: it has 3 to 24 small letters and digits")
    return name


def _endpoint(url: str) -> str:
    if not has_host(url) or not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", url):
        raise ValueError("is no address: write it like https://<account>.blob.core.windows.net")
    return url.rstrip("/")


def _authority(host: str) -> str:
    """Return the address with a scheme and no slash at its end.

    Kubernetes sets it with a slash, and Azure's SDK takes it without a scheme.
    """
    host = host.rstrip("/")
    address = host if "://" in host else f"https://{host}"
    if not has_host(address) or not re.fullmatch(r"https?://[^/?#\s]+", address):
        raise ValueError(f"is no address of Entra ID: write it like {PUBLIC_AUTHORITY}")
    return address


Containers = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names), AfterValidator(_containers)]


class AzureSettings(BaseModel):
    """Which account, which containers, who asks."""

    azure_account: Annotated[str, AfterValidator(_account)] | None = Field(
        None,
        validation_alias=AliasChoices("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME"),
        description="The storage account of the lake",
    )
    azure_containers: Containers = Field(
        tuple(layer.value for layer in Layer), description="Containers of the four layers, in this order"
    )
    azure_endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        None, description="Blob endpoint of another cloud or of an emulator"
    )
    azure_flat_namespace: bool = Field(
        default=False, description="Accept an account without hierarchical namespace, such as an emulator"
    )
    azure_credential: CredentialKind = Field("auto", description="Which credential; auto: what is set")
    azure_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY")
    )
    azure_sas: SecretStr | None = Field(None, validation_alias="AZURE_STORAGE_SAS_TOKEN")
    azure_tenant: str | None = Field(None, validation_alias="AZURE_TENANT_ID")
    azure_client: str | None = Field(None, validation_alias="AZURE_CLIENT_ID")
    azure_client_secret: SecretStr | None = Field(None, validation_alias="AZURE_CLIENT_SECRET")
    azure_token_file: Path | None = Field(None, validation_alias="AZURE_FEDERATED_TOKEN_FILE")
    azure_authority: Annotated[str, AfterValidator(_authority)] = Field(
        PUBLIC_AUTHORITY,
        validation_alias="AZURE_AUTHORITY_HOST",
        description="Entra ID of another cloud",
    )
    azure_identity_endpoint: str | None = Field(
        None, validation_alias="IDENTITY_ENDPOINT", description="Set by App Service and Container Apps"
    )
    azure_metadata: str = Field(
        "http://169.254.169.254",
        validation_alias="AZURE_POD_IDENTITY_AUTHORITY_HOST",
        description="Where a virtual machine asks for its identity",
    )
