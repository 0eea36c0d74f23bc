"""Settings: where the lake lies, which engine works on it, where publications come from.

The only reader of environment variables. Each field is `CLOUDFLIX_<FIELD>`.
"""

import os
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from cloudflix_assets.errors import CloudflixError, without_parameters
from cloudflix_assets.settings.azure import AzureSettings
from cloudflix_assets.settings.databricks import DatabricksSettings
from cloudflix_assets.settings.values import (
    Absent,
    ApiAddress,
    Delimiters,
    Encodings,
    Folder,
    LakeFolder,
    Monday,
    WebAddress,
    WebhookAddress,
    by_dataset,
)
from spark.delivery.headers import Drift

PREFIX = "CLOUDFLIX_"
OTHERS = frozenset({"CLOUDFLIX_TEST_DATA"})
"""Variables that are no settings of ours: where the tests look for the real files."""


class SettingRefused(CloudflixError):
    """A variable that is no setting, or has a value that it cannot have."""


class Environment(AzureSettings, DatabricksSettings, BaseSettings):
    """Everything that differs between one installation and the next."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, populate_by_name=True
    )

    home: LakeFolder = Field(Path(".cloudflix"), description="Dagster's instance and, by default, the lake")
    lake: Annotated[LakeFolder | None, Absent] = Field(None, description="The lake; default: lake in home")
    deployment: Literal["local", "azure", "databricks"] = Field(
        "local", description="Where the lake lies, and who runs the steps"
    )
    engine: Literal["sail", "spark", "connect", "databricks"] = Field("sail", description="Who computes")
    source: str = Field(
        "sample", description="sample, landing, a folder of CSV files or of weeks, or on GitHub"
    )
    source_name: Annotated[str | None, Absent] = Field(
        None, description="Name of a folder as a source; default: its last path component"
    )
    layout: Annotated[str | None, Absent] = Field(
        None, description="How the source writes otherwise: twelve_columns, or a .toml file of yours"
    )
    schema_drift: Drift = Field(Drift.RESCUE, description="What an undeclared column of a delivery does")
    delimiter: Delimiters = Field(
        {"": ","}, description="What parts the fields of the source's files, or of single ones (cast=;)"
    )
    encoding: Encodings = Field(
        {"": "utf-8"}, description="How the source's files, or single ones, are encoded"
    )
    github_api: ApiAddress = Field("https://api.github.com", description="GitHub's API, or an enterprise's")
    github_token: SecretStr | None = Field(
        None, validation_alias="GITHUB_TOKEN", description="For private repositories and higher limits"
    )
    alert_webhook: WebhookAddress = Field(
        None, description="Slack's or Teams' webhook that is told of failures"
    )
    web_ui: WebAddress = Field("http://localhost:3000", description="Where alerts link to")
    code_url: Annotated[WebAddress | None, Absent] = Field(
        None, description="Where the web UI links to code; None: files here"
    )
    first_week: Monday = Field(date(2026, 1, 5), description="First week of the calendar, a Monday")
    cache: Folder = Field(
        Path("~/.cache/cloudflix"), description="Jars and the Java wrapper of the spark engine"
    )
    spark_remote: SecretStr | None = Field(
        None,
        validation_alias="SPARK_REMOTE",
        description="Address of the Spark Connect server of the engine connect; a token may stand in it",
    )
    java_home: Annotated[Folder | None, Absent] = Field(None, validation_alias="JAVA_HOME")

    def for_child(self) -> dict[str, str]:
        """Return the variables for a process that shall see the same settings and the same instance."""
        own: dict[str, object] = {
            "HOME": self.home,
            "DEPLOYMENT": self.deployment,
            "LAKE": "" if self.has_account else self.lake_root,
            "ENGINE": self.engine,
            "SOURCE": self.source,
            "GITHUB_API": self.github_api,
        }
        own |= {
            "LAYOUT": self.layout or "",
            "SCHEMA_DRIFT": self.schema_drift if "schema_drift" in self.model_fields_set else "",
            "DELIMITER": by_dataset(self.delimiter),
            "ENCODING": by_dataset(self.encoding),
        }
        own |= {"SOURCE_NAME": self.source_name or "", "FIRST_WEEK": self.first_week, "CACHE": self.cache}
        settings = {f"{PREFIX}{name}": str(value) for name, value in own.items()}
        remote = {"SPARK_REMOTE": self.spark_remote.get_secret_value()} if self.spark_remote else {}
        return {**os.environ, **settings, **remote, "DAGSTER_HOME": str(self.home)}

    def for_cluster(self) -> dict[str, str]:
        """Return the variables for a step on a cluster: the settings that differ from their defaults.

        That of the drift is among them if the user has set it, because a lake may remember another one.

        No secret is among them, and no path of this machine but that of a lake in a folder, which both see.
        """
        own = {"home", "cache", "java_home", "azure_token_file", "source", "source_name", "layout"}
        names = set(type(self).model_fields) - own - set(DatabricksSettings.model_fields)
        told = self.model_dump(include=names, exclude_defaults=True)
        told |= self.model_dump(include={"schema_drift"}, exclude_unset=True)
        shown = {name: value for name, value in told.items() if not isinstance(value, SecretStr)}
        return {_variable(name): _written(value) for name, value in shown.items()}

    @property
    def has_account(self) -> bool:
        """Whether the lake lies in a storage account; that of a cluster may be a folder that both see."""
        return self.deployment == "azure" or (self.deployment == "databricks" and self.lake is None)

    @property
    def launches(self) -> bool:
        """Whether steps run somewhere else."""
        return self.deployment == "databricks" and not self.on_cluster

    @model_validator(mode="before")
    @classmethod
    def _engine_of_databricks(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Set the engine of a deployment in which steps run on a cluster, where it is no choice."""
        return {"engine": "databricks", **given} if given.get("deployment") == "databricks" else given

    @model_validator(mode="after")
    def _one_lake(self) -> Self:
        if self.deployment == "azure" and self.lake:
            raise ValueError(
                f"CLOUDFLIX_LAKE={self.lake} is a folder, and with CLOUDFLIX_DEPLOYMENT=azure the lake is "
                "the storage account: unset one of the two"
            )
        return self

    @model_validator(mode="after")
    def _one_engine(self) -> Self:
        if (self.engine == "databricks") != (self.deployment == "databricks"):
            raise ValueError(
                f"CLOUDFLIX_ENGINE={self.engine} does not go with CLOUDFLIX_DEPLOYMENT={self.deployment}: "
                "unset CLOUDFLIX_ENGINE"
            )
        if self.engine == "connect" and not self.spark_remote:
            raise ValueError(
                f"CLOUDFLIX_ENGINE={self.engine} computes on a Spark Connect server: set SPARK_REMOTE to its "
                "address, such as sc://spark.example.com:15002"
            )
        # On a cluster it is Databricks' own.
        if self.spark_remote and self.engine != "connect" and not self.on_cluster:
            other = "" if self.launches else "set CLOUDFLIX_ENGINE=connect to compute there, or "
            raise ValueError(
                f"SPARK_REMOTE is set, and CLOUDFLIX_ENGINE={self.engine} does not compute there: {other}"
                "unset SPARK_REMOTE"
            )
        return self

    @property
    def is_remote(self) -> bool:
        """Whether the engine is a server elsewhere, which sees no disk of this machine but the lake's."""
        return self.engine in {"connect", "databricks"}

    @property
    def lake_root(self) -> Path:
        """Folder of the lake."""
        return self.lake or self.home / "lake"


def environment(**options: Any) -> Environment:
    """Return the settings of this process; options win over variables.

    Raises:
        SettingRefused: a variable is mistyped, or a value is none that its setting can have.
    """
    _refuse_unknown()
    try:
        return Environment(**options)
    except ValidationError as error:
        raise SettingRefused(" ".join(map(_sentence, error.errors()))) from None


def _refuse_unknown() -> None:
    """Refuse a mistyped variable, which would leave its setting at the default, in silence."""
    others = {*AzureSettings.model_fields, *DatabricksSettings.model_fields}
    own_first = sorted(Environment.model_fields, key=lambda name: name in others)
    known = {name.upper(): _variable(name) for name in own_first}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in {*known.values(), *OTHERS}:
            near = get_close_matches(name.upper().removeprefix(PREFIX), known, n=1)
            hint = (
                f"did you mean {known[near[0]]}?"
                if near
                else f"unset it; known are {', '.join(known.values())}."
            )
            raise SettingRefused(f"{name} is no setting: {hint}")


def _sentence(problem: ErrorDetails) -> str:
    """Return a sentence: CLOUDFLIX_ENGINE=sal is not allowed: set it to 'sail', 'spark', 'connect' or …."""
    setting = _shown(str(problem["loc"][0]), problem["input"]) if problem["loc"] else ""
    if problem["type"] in {"literal_error", "enum"}:
        return f"{setting}is not allowed: set it to {problem['ctx']['expected']}."
    if problem["type"] == "bool_parsing":
        return f"{setting}is not allowed: set it to 'true' or 'false'."
    reason = problem["msg"].removeprefix("Value error, ")
    if reason == problem["msg"]:  # pydantic's own
        reason = f"is not allowed: {reason[:1].lower()}{reason[1:]}"
    return f"{setting}{reason}{'' if reason.endswith('?') else '.'}"


def _shown(name: str, value: object) -> str:
    """Return a setting as a sentence begins with it: NAME=value, or NAME alone if it holds a secret."""
    field = Environment.model_fields.get(name)
    secret = field is not None and SecretStr in get_args(field.annotation)
    return f"{_variable(name)} " if secret else f"{_variable(name)}={without_parameters(value)} "


def _variable(name: str) -> str:
    """Return the variable that sets a field; pydantic's errors give the name of either."""
    field = Environment.model_fields.get(name)
    if field is None:
        return name
    alias = field.validation_alias
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias or f"{PREFIX}{name.upper()}")


def _written(value: object) -> str:
    """Return a value as its variable has it."""
    if isinstance(value, Mapping):
        return by_dataset(value)
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
