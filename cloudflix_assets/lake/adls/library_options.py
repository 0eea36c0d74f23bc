"""One account, told to each library in its own words: Sail, Hadoop, delta-rs, the Blob SDK.

The words were found by trying: hadoop-azure 3.5.0, Sail 0.7.2, delta-rs 1.6.6.
"""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential, TokenCredential
from azure.identity import (
    AzureCliCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.credentials import (
    AccountKey,
    AzureCli,
    ManagedIdentity,
    ServicePrincipal,
    SharedAccessSignature,
    WorkloadIdentity,
)
from cloudflix_assets.lake.adls.token_endpoint import endpoint_for
from cloudflix_assets.settings.azure import PUBLIC_AUTHORITY

# Its errors are raised, and told once.
logging.getLogger("azure.identity").setLevel(logging.CRITICAL)

_METADATA_PATH = "/metadata/identity/oauth2/token"
_OAUTH = "org.apache.hadoop.fs.azurebfs.oauth2"
_OTHERS = frozenset(
    f"AZURE_{name}"
    for name in (
        *("STORAGE_ACCOUNT_NAME", "STORAGE_ACCOUNT_KEY", "STORAGE_ACCESS_KEY", "STORAGE_MASTER_KEY"),
        *("STORAGE_SAS_KEY", "STORAGE_SAS_TOKEN", "STORAGE_TOKEN", "STORAGE_ENDPOINT", "ENDPOINT"),
        *("STORAGE_CLIENT_ID", "STORAGE_CLIENT_SECRET", "STORAGE_USE_EMULATOR", "SKIP_SIGNATURE"),
        *("CLIENT_ID", "CLIENT_SECRET", "FEDERATED_TOKEN_FILE", "USE_AZURE_CLI", "ALLOW_HTTP"),
        *("MSI_ENDPOINT", "IDENTITY_ENDPOINT", "MSI_RESOURCE_ID", "OBJECT_ID", "USE_FABRIC_ENDPOINT"),
        *("FABRIC_TOKEN_SERVICE_URL", "FABRIC_WORKLOAD_HOST", "FABRIC_SESSION_TOKEN"),
        *("FABRIC_CLUSTER_IDENTIFIER",),
    )
)
"""Variables that Sail and delta-rs take a credential from: of two, theirs might be the other one."""


def storage_options(account: Account) -> dict[str, str]:
    """For delta-rs, beside `tell_process`: a key in the environment wins over a signature given here."""
    options = {"account_name": account.name, **_credential_options(account)}
    if not account.is_public:
        options["azure_storage_endpoint"] = account.endpoint
    if account.is_plain:
        options["allow_http"] = "true"
    return options


def _credential_options(account: Account) -> dict[str, str]:
    match account.credential:
        case AccountKey(key):
            return {"account_key": key.get_secret_value()}
        case SharedAccessSignature(token):
            return {"sas_token": token.get_secret_value()}
        case ServicePrincipal(tenant, client, secret, authority):
            application = _application(tenant, client, authority)
            return {**application, "azure_client_secret": secret.get_secret_value()}
        case WorkloadIdentity(tenant, client, file, authority):
            return {**_application(tenant, client, authority), "azure_federated_token_file": str(file)}
        case ManagedIdentity(client, metadata, app_service):
            own = {"azure_client_id": client} if client else {}
            return {**own, "azure_msi_endpoint": app_service or f"{metadata}{_METADATA_PATH}"}
        case AzureCli():
            return {"azure_use_azure_cli": "true"}


def _application(tenant: str, client: str, authority: str) -> dict[str, str]:
    return {"azure_tenant_id": tenant, "azure_client_id": client, "azure_authority_host": authority}


def tell_process(account: Account) -> None:
    """Sail reads the variables of this process when it first meets a container, and delta-rs each time."""
    for name in _OTHERS & set(os.environ):
        del os.environ[name]
    os.environ.update(_variables(account))


def _variables(account: Account) -> dict[str, str]:
    options = storage_options(account)
    names = {"account_name": "azure_storage_account_name", "account_key": "azure_storage_account_key"}
    names |= {"sas_token": "azure_storage_sas_token", "allow_http": "azure_allow_http"}
    return {names.get(name, name).upper(): value for name, value in options.items()}


def hadoop(account: Account) -> dict[str, str]:
    """`fs.azure.*` of the JVM. They are set on a session: as options of its start, all could read them."""
    host = account.host
    options = {
        # With the default a dead endpoint is asked for minutes.
        "fs.azure.io.retry.max.retries": "5",
        **{f"{name}.{host}": value for name, value in _hadoop_credential(account).items()},
    }
    if account.flat:
        options[f"fs.azure.account.hns.enabled.{host}"] = "false"
        options[f"fs.azure.fns.account.service.type.{host}"] = "BLOB"
    if account.is_emulated:
        options["fs.azure.abfs.endpoint"] = urlsplit(account.endpoint).netloc
    if account.is_plain:
        options |= _WITHOUT_TLS
    return options


_WITHOUT_TLS = {
    "fs.azure.always.use.https": "false",
    "fs.abfss.impl": "org.apache.hadoop.fs.azurebfs.AzureBlobFileSystem",
    "fs.azure.networking.library": "JDK_HTTP_URL_CONNECTION",
    "spark.sql.streaming.checkpointFileManagerClass": "org.apache.spark.sql.execution.streaming."
    "checkpointing.FileSystemBasedCheckpointFileManager",
}


def _hadoop_credential(account: Account) -> dict[str, str]:
    match account.credential:
        case AccountKey(key):
            return {"fs.azure.account.key": key.get_secret_value()}
        case SharedAccessSignature(token):
            sas = token.get_secret_value()
            return {"fs.azure.account.auth.type": "SAS", "fs.azure.sas.fixed.token": sas}
        case ServicePrincipal(tenant, client, secret, authority):
            endpoint = f"{authority}/{tenant}/oauth2/token"
            told = {"client.endpoint": endpoint, "client.id": client}
            return _oauth("ClientCredsTokenProvider", {**told, "client.secret": secret.get_secret_value()})
        case WorkloadIdentity(tenant, client, file, authority):
            told = {"msi.authority": f"{authority}/", "msi.tenant": tenant, "client.id": client}
            return _oauth("WorkloadIdentityTokenProvider", {**told, "token.file": str(file)})
        case ManagedIdentity(client, metadata, None):
            endpoint = f"{metadata}{_METADATA_PATH}"
            told = {"msi.endpoint": endpoint, "msi.tenant": "", "client.id": client or ""}
            return _oauth("MsiTokenProvider", told)
        case ManagedIdentity() | AzureCli():  # Hadoop knows neither
            endpoint = endpoint_for(account, token_credential(account))
            return _oauth("MsiTokenProvider", {"msi.endpoint": endpoint, "msi.tenant": "", "client.id": ""})


def _oauth(provider: str, told: Mapping[str, str]) -> dict[str, str]:
    return {
        "fs.azure.account.auth.type": "OAuth",
        "fs.azure.account.oauth.provider.type": f"{_OAUTH}.{provider}",
        **{f"fs.azure.account.oauth2.{name}": value for name, value in told.items()},
    }


@cache
def token_credential(account: Account) -> TokenCredential:
    """Of azure-identity, for a credential that is no key and no signature."""
    match account.credential:
        case ServicePrincipal(tenant, client, secret, authority):
            return ClientSecretCredential(
                tenant, client, secret.get_secret_value(), **_asking_only(authority)
            )
        case WorkloadIdentity(tenant, client, file, authority):
            return WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=str(file), **_asking_only(authority)
            )
        case ManagedIdentity(client):
            return ManagedIdentityCredential(client_id=client) if client else ManagedIdentityCredential()
        case AzureCli(tenant):
            return AzureCliCredential(tenant_id=tenant or "")
        case _:
            raise TypeError(f"{type(account.credential).__name__} needs no token")


def _asking_only(authority: str) -> dict[str, Any]:
    """Else Microsoft's public cloud is asked about another one, which has no way to it from a closed one."""
    return {"authority": authority, "disable_instance_discovery": authority != PUBLIC_AUTHORITY}


def blob_credential(account: Account) -> AzureNamedKeyCredential | str | TokenCredential:
    """For the Blob SDK."""
    match account.credential:
        case AccountKey(secret):
            # A bare key makes it look for the account's name in the endpoint, which not every one has.
            return AzureNamedKeyCredential(account.name, secret.get_secret_value())
        case SharedAccessSignature(secret):
            return secret.get_secret_value()
        case _:
            return token_credential(account)
