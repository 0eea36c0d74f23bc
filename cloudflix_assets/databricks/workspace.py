"""From the settings to a workspace: where it is, who asks, where files are handed over."""

from dataclasses import dataclass, field
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config

from cloudflix_assets.databricks.cluster import cluster
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.settings.environment import Environment


class WorkspaceMissing(CloudflixError):
    """The settings name no workspace, no credential for it, or no place to hand files over."""


@dataclass(frozen=True)
class Credentials:
    """Who asks.

    Args:
        kind: as the SDK calls it.
        words: what the SDK is told.
        arguments: what dagster-databricks is told.
    """

    host: str
    kind: str
    words: dict[str, Any] = field(repr=False)
    arguments: dict[str, Any] = field(repr=False)


def credentials(environment: Environment) -> Credentials:
    """The credential that was chosen, or that is set.

    Raises:
        WorkspaceMissing: with what to set.
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
    """Where files are handed over.

    Raises:
        WorkspaceMissing: no place is named.
    """
    if not environment.databricks_staging:
        raise WorkspaceMissing(
            "CLOUDFLIX_DEPLOYMENT=databricks needs a place to hand files over: set "
            "CLOUDFLIX_DATABRICKS_STAGING to a volume, /Volumes/<catalog>/<schema>/<volume>."
        )
    return environment.databricks_staging


def check_named(environment: Environment) -> None:
    """See that the settings name all that a run needs; whether it is there, they cannot tell.

    Raises:
        WorkspaceMissing: no workspace, credential or place to hand files over.
        ClusterMissing: no cluster, or two.
    """
    credentials(environment)
    staging_of(environment)
    cluster(environment)


def client_of(given: Credentials, **options: Any) -> WorkspaceClient:
    """The SDK's client; options are those of its configuration."""
    return WorkspaceClient(config=Config(host=given.host, auth_type=given.kind, **given.words, **options))
