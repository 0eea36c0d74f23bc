"""Settings of a Databricks workspace. Credentials go by the names that Databricks' own tools give them."""

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from cloudflix_assets.settings.values import has_host

_VOLUME = r"/Volumes(/[^/\s:]+){3,}"
_DBFS = r"dbfs:(/[^/\s:]+)+"


class Secret(NamedTuple):
    """A variable that the cluster reads from a secret scope."""

    variable: str
    scope: str
    key: str


def _host(url: str) -> str:
    if not has_host(url) or not re.fullmatch(r"https?://[^/?#\s]+/?", url):
        raise ValueError("is no address: write it like https://adb-1234567890123456.7.azuredatabricks.net")
    return url.rstrip("/")


def _staging(path: str) -> str:
    if not re.fullmatch(f"{_VOLUME}|{_DBFS}", path.rstrip("/")):
        raise ValueError(
            "is no place to stage in: name a volume (/Volumes/<catalog>/<schema>/<volume>) or a folder of "
            "DBFS (dbfs:/cloudflix)"
        )
    return path.rstrip("/")


def _secrets(value: object) -> object:
    """Read `AZURE_STORAGE_KEY=lake/key, GITHUB_TOKEN=git/token`: variable, scope, key."""
    if not isinstance(value, str):
        return value
    found = []
    for part in filter(None, (part.strip() for part in value.split(","))):
        if not (match := re.fullmatch(r"([A-Z][A-Z0-9_]*)=([\w.@-]+)/([\w.@-]+)", part)):
            name = re.match(r"[A-Z][A-Z0-9_]*(?==)", part)  # what else stands there may be a secret itself
            raise ValueError(
                f"has {name[0] if name else 'an entry'}, which names no secret: write VARIABLE=scope/key, "
                "with commas between"
            )
        found.append(Secret(*match.groups()))
    return tuple(found)


class DatabricksSettings(BaseModel):
    """Which workspace, which cluster, where files are handed over, who asks."""

    databricks_host: Annotated[str, AfterValidator(_host)] | None = Field(
        None, validation_alias="DATABRICKS_HOST", description="The workspace"
    )
    databricks_auth: Literal["auto", "token", "oauth", "azure"] = Field(
        "auto", description="Which credential of the workspace; auto: what is set"
    )
    databricks_token: SecretStr | None = Field(None, validation_alias="DATABRICKS_TOKEN")
    databricks_client: str | None = Field(None, validation_alias="DATABRICKS_CLIENT_ID")
    databricks_client_secret: SecretStr | None = Field(None, validation_alias="DATABRICKS_CLIENT_SECRET")
    databricks_staging: Annotated[str, AfterValidator(_staging)] | None = Field(
        None, description="Where code and events are handed over: a volume, or a folder of DBFS"
    )
    databricks_cluster: str | None = Field(None, description="An existing cluster, by its id")
    databricks_runtime: str | None = Field(
        None, description="Of a new cluster for each step, such as 18.0.x-scala2.13"
    )
    databricks_node_type: str | None = Field(None, description="Of a new cluster that has no pool")
    databricks_pool: str | None = Field(None, description="Instance pool of a new cluster, by its id")
    databricks_policy: str | None = Field(None, description="Cluster policy of a new cluster, by its id")
    databricks_workers: int = Field(1, ge=1, description="Of a new cluster")
    databricks_single_user: str | None = Field(
        None, description="User or application that a new cluster is dedicated to"
    )
    databricks_secrets: Annotated[tuple[Secret, ...], NoDecode, BeforeValidator(_secrets)] = Field(
        (), description="What the cluster reads from secret scopes: VARIABLE=scope/key, …"
    )
    databricks_timeout: int = Field(
        120, ge=1, description="Minutes after which a step is given up, its wait for a cluster included"
    )
    databricks_runs_here: str | None = Field(
        None, validation_alias="DATABRICKS_RUNTIME_VERSION", description="Set by Databricks on a cluster"
    )

    @property
    def on_cluster(self) -> bool:
        """Whether this process is a driver of Databricks."""
        return self.databricks_runs_here is not None
