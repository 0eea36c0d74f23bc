"""The manifest of a publication: which files were landed for a week, and where they came from."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake

_ROW = T.StructType(
    [
        T.StructField("dataset", T.StringType()),
        T.StructField("file", T.StringType()),
        T.StructField("path", T.StringType()),
        T.StructField("sha256", T.StringType()),
        T.StructField("bytes", T.LongType()),
        T.StructField("records", T.LongType()),
        T.StructField("longest_record", T.LongType()),
        T.StructField("header", T.StringType()),
    ]
)


class ManifestDamaged(CloudflixError):
    """A manifest is not what was written."""


class LandedFile(BaseModel):
    """One delivered file whose bytes lie in the lake; `path` is relative to raw."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    file: str
    path: str
    sha256: str
    bytes: int
    records: int
    longest_record: int
    header: str
    undeclared: tuple[str, ...] = ()
    inspected_by: str = ""
    """Hash of the code that read it to its end, and what it was told of the source."""
    origin: Mapping[str, str]


class Manifest(BaseModel):
    """The files of one week. Where and when they were fetched is told here and enters no digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    week: date
    source: str
    landed_at: datetime
    files: tuple[LandedFile, ...]

    @staticmethod
    def path_of(week: date) -> str:
        """Where a week's manifest lies in the lake."""
        return f"raw/files/publications/{week}.json"

    @classmethod
    def of(cls, lake: Lake, week: date) -> Self | None:
        """What was landed for a week, or None if nothing was.

        Raises:
            ManifestDamaged: it is no longer what was written.
        """
        path = cls.path_of(week)
        content = lake.read(path)
        try:
            return None if content is None else cls.model_validate_json(content)
        except ValidationError as error:
            raise ManifestDamaged(
                f"the manifest {lake.uri(path)} cannot be read: rerun its week with its publication, which "
                "writes it anew."
            ) from error

    @property
    def commit(self) -> str | None:
        """The state of the source that all files come from, where the source has a history."""
        return next((file.origin["commit"] for file in self.files if "commit" in file.origin), None)

    @property
    def pin(self) -> str | None:
        """The commit that the week stays with; None while the source may still publish in it."""
        ended = datetime.combine(self.week + timedelta(days=7), time(), UTC)
        return self.commit if self.landed_at >= ended else None

    @property
    def path(self) -> str:
        """Where this one lies."""
        return self.path_of(self.week)

    @property
    def digest(self) -> str:
        """What was delivered, whenever and from wherever."""
        # The name that it was landed under: its hash, and how it is read where that was declared.
        landed = (Path(file.path).name.removesuffix(".csv") for file in self.files)
        parts = sorted(
            f"{file.dataset} {file.file} {name}" for file, name in zip(self.files, landed, strict=True)
        )
        hashed = sha256("\n".join(parts).encode())
        return f"v1:{len(parts)}:{hashed.hexdigest()[:16]}"

    def rows(self, session: SparkSession) -> DataFrame:
        """One row per file, `dataset` and the columns of raw tables."""
        return session.createDataFrame(
            [tuple(getattr(file, name) for name in _ROW.names) for file in self.files], _ROW
        )
