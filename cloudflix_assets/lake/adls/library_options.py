"""The options with which each library reaches an account: Sail, Hadoop, delta-rs, the Blob SDK.

The names of the options were found by trying them: hadoop-azure 3.5.0, Sail 0.7.2, delta-rs 1.6.6.
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
from cloudflix_assets.lake.adls.token_endpoint import serve_tokens
from cloudflix_assets.settings.azure import PUBLIC_AUTHORITY

# Its errors are raised; logged as well, users would read them twice.
logging.getLogger("azure.identity").setLevel(logging.CRITICAL)

_METADATA_PATH = "/metadata/identity/oauth2/token"
_OAUTH = "org.apache.hadoop.fs.azurebfs.oauth2"
_FOREIGN_VARIABLES = frozenset(
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
"""Variables from which Sail and delta-rs take a credential; of two they might take the other one."""


def storage_options(account: Account) -> dict[str, str]:
    """Return the options of delta-rs; call `tell_process` too, as a key in the environment wins over them."""
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
    """Set the variables of this process, removing foreign ones.

    Sail reads them when it first opens a container, delta-rs for every table.
    """
    for name in _FOREIGN_VARIABLES & set(os.environ):
        del os.environ[name]
    os.environ.update(_variables(account))


def _variables(account: Account) -> dict[str, str]:
    options = storage_options(account)
    names = {"account_name": "azure_storage_account_name", "account_key": "azure_storage_account_key"}
    names |= {"sas_token": "azure_storage_sas_token", "allow_http": "azure_allow_http"}
    return {names.get(name, name).upper(): value for name, value in options.items()}


def prepare_hadoop_options(account: Account) -> dict[str, str]:
    """Return the `fs.azure.*` options of a JVM; serve tokens for a credential that Hadoop does not support.

    Set them on the session: as options of its start, everybody on the machine could read them.
    """
    host = account.host
    options = {
        # By default a dead endpoint is retried for minutes.
        "fs.azure.io.retry.max.retries": "5",
        **{f"{name}.{host}": value for name, value in _prepare_hadoop_credential(account).items()},
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


def _prepare_hadoop_credential(account: Account) -> dict[str, str]:
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
        case ManagedIdentity() | AzureCli():  # Hadoop supports neither
            endpoint = serve_tokens(account, token_credential(account))
            return _oauth("MsiTokenProvider", {"msi.endpoint": endpoint, "msi.tenant": "", "client.id": ""})


def _oauth(provider: str, told: Mapping[str, str]) -> dict[str, str]:
    return {
        "fs.azure.account.auth.type": "OAuth",
        "fs.azure.account.oauth.provider.type": f"{_OAUTH}.{provider}",
        **{f"fs.azure.account.oauth2.{name}": value for name, value in told.items()},
    }


@cache
def token_credential(account: Account) -> TokenCredential:
    """Return azure-identity's credential for one that is neither a key nor a signature.

    Raises:
        TypeError: it is a key or a signature.
    """
    match account.credential:
        case ServicePrincipal(tenant, client, secret, authority):
            return ClientSecretCredential(
                tenant, client, secret.get_secret_value(), **_authority_options(authority)
            )
        case WorkloadIdentity(tenant, client, file, authority):
            return WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=str(file), **_authority_options(authority)
            )
        case ManagedIdentity(client):
            return ManagedIdentityCredential(client_id=client) if client else ManagedIdentityCredential()
        case AzureCli(tenant):
            return AzureCliCredential(tenant_id=tenant or "")
        case _:
            raise TypeError(f"{type(account.credential).__name__} needs no token")


def _authority_options(authority: str) -> dict[str, Any]:
    """Keep azure-identity from asking the public cloud about another cloud's authority.

    From a cloud without a connection to the public one that question fails.
    """
    return {"authority": authority, "disable_instance_discovery": authority != PUBLIC_AUTHORITY}


def blob_credential(account: Account) -> AzureNamedKeyCredential | str | TokenCredential:
    """Return the credential as the Blob SDK takes it."""
    match account.credential:
        case AccountKey(secret):
            # With a bare key the SDK takes the account's name from the endpoint, where it may be missing.
            return AzureNamedKeyCredential(account.name, secret.get_secret_value())
        case SharedAccessSignature(secret):
            return secret.get_secret_value()
        case _:
            return token_credential(account)
