"""Settings: where the lake lies, which engine works on it, where publications come from.

The only reader of environment variables. Each field is `CLOUDFLIX_<FIELD>`.
"""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _monday(day: date) -> date:
    if day.weekday() != 0:
        raise ValueError(f"{day} is a {day:%A}; weeks begin on a Monday")
    return day


Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Absent = BeforeValidator(lambda value: value or None)


class Environment(BaseSettings):
    """Everything that differs between one installation and the next."""

    model_config = SettingsConfigDict(env_prefix="CLOUDFLIX_", frozen=True, populate_by_name=True)

    home: Folder = Field(Path(".cloudflix"), description="Dagster's instance and, by default, the lake")
    lake: Annotated[Folder | None, Absent] = Field(None, description="The lake; default: lake in home")
    deployment: Literal["local"] = Field("local", description="Where steps run")
    engine: Literal["sail", "spark"] = Field("sail", description="Who computes")
    source: str = Field("sample", description="sample, or a folder of five CSV files or of weeks")
    source_name: Annotated[str | None, Absent] = Field(
        None, description="Name of a folder as a source; default: its last path component"
    )
    first_week: Annotated[date, AfterValidator(_monday)] = Field(
        date(2026, 1, 5), description="First week of the calendar, a Monday"
    )
    cache: Folder = Field(
        Path("~/.cache/cloudflix"), description="Jars and the Java wrapper of the spark engine"
    )
    java_home: Annotated[Folder | None, Absent] = Field(None, validation_alias="JAVA_HOME")

    def for_child(self) -> dict[str, str]:
        """Variables for a process that shall see the same settings and the same instance."""
        own: dict[str, object] = {
            "HOME": self.home,
            "LAKE": self.lake_root,
            "ENGINE": self.engine,
            "SOURCE": self.source,
        }
        own |= {"SOURCE_NAME": self.source_name or "", "FIRST_WEEK": self.first_week, "CACHE": self.cache}
        settings = {f"CLOUDFLIX_{name}": str(value) for name, value in own.items()}
        return {**os.environ, **settings, "DAGSTER_HOME": str(self.home)}

    @property
    def lake_root(self) -> Path:
        """Folder of the lake."""
        return self.lake or self.home / "lake"
