"""From the settings to a workspace: its address, the credential, the staging area, the client."""

from dataclasses import dataclass, field
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

from cloudflix_assets.databricks.cluster import cluster
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.settings.environment import Environment


class WorkspaceMissing(CloudflixError):
    """The settings name no workspace, no credential for it, or no staging area."""


@dataclass(frozen=True)
class Credentials:
    """The address of a workspace and the credential for it.

    Args:
        host: the workspace's address.
        kind: the SDK's name for the kind of credential.
        words: arguments of the SDK's configuration.
        arguments: the same for dagster-databricks.
    """

    host: str
    kind: str
    words: dict[str, Any] = field(repr=False)
    arguments: dict[str, Any] = field(repr=False)


def credentials(environment: Environment) -> Credentials:
    """Return the credential that CLOUDFLIX_DATABRICKS_AUTH chooses, by default the first that is complete.

    Raises:
        WorkspaceMissing: the settings name no workspace, or no complete credential.
    """
    host = environment.databricks_host
    if not host:
        raise WorkspaceMissing(
            "CLOUDFLIX_DEPLOYMENT=databricks needs a workspace: set DATABRICKS_HOST to its address."
        )
    makes = {"oauth": _oauth, "token": _token, "azure": _azure}
    chosen = environment.databricks_auth
    for kind, make in makes.items():
        if chosen in {"auto", kind} and (made := make(host, environment)):
            return made
    which = "" if chosen == "auto" else f"CLOUDFLIX_DATABRICKS_AUTH={chosen}: "
    raise WorkspaceMissing(
        f"{which}there is no credential for {host}: set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and "
        "DATABRICKS_CLIENT_SECRET, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET."
    )


def _token(host: str, environment: Environment) -> Credentials | None:
    token = environment.databricks_token
    if not token:
        return None
    secret = token.get_secret_value()
    return Credentials(host, "pat", {"token": secret}, {"databricks_token": secret})


def _oauth(host: str, environment: Environment) -> Credentials | None:
    client, secret = environment.databricks_client, environment.databricks_client_secret
    if not (client and secret):
        return None
    given = {"client_id": client, "client_secret": secret.get_secret_value()}
    return Credentials(host, "oauth-m2m", given, {"oauth_credentials": given})


def _azure(host: str, environment: Environment) -> Credentials | None:
    tenant, client = environment.azure_tenant, environment.azure_client
    secret = environment.azure_client_secret
    if not (tenant and client and secret):
        return None
    given = {"azure_tenant_id": tenant, "azure_client_id": client}
    given["azure_client_secret"] = secret.get_secret_value()
    return Credentials(host, "azure-client-secret", given, {"azure_credentials": given})


def staging_of(environment: Environment) -> str:
    """Return the folder of the workspace through which files are exchanged with a cluster.

    Raises:
        WorkspaceMissing: the settings name none.
    """
    if not environment.databricks_staging:
        raise WorkspaceMissing(
            "CLOUDFLIX_DEPLOYMENT=databricks needs a place to hand files over: set "
            "CLOUDFLIX_DATABRICKS_STAGING to a volume, /Volumes/<catalog>/<schema>/<volume>."
        )
    return environment.databricks_staging


def check_named(environment: Environment) -> None:
    """Refuse settings that do not name all that a run needs; nothing is looked up in the workspace.

    Raises:
        WorkspaceMissing: no workspace, credential or staging area.
        ClusterMissing: no cluster, two, or not all that a new one needs.
    """
    credentials(environment)
    staging_of(environment)
    cluster(environment)


def client_of(given: Credentials, **options: Any) -> WorkspaceClient:
    """Create the SDK's client; `options` are further arguments of its configuration."""
    return WorkspaceClient(config=Config(host=given.host, auth_type=given.kind, **given.words, **options))
