"""The manifest of a publication: which files were landed for a week, and from where."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake

_FOLDER = "raw/files/publications"

DELIVERED = "delivered"
"""Folder beside those of the datasets: files as they came, from which a layout made others."""
MADE_OF = "made of"
"""What a made file tells in its `origin`: the name and the hash of the delivered file."""

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
    """A manifest is not as it was written: it was changed or damaged since."""


class LandedFile(BaseModel):
    """A delivered file that lies in the lake; `path` is relative to raw."""

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
    notices: tuple[str, ...] = ()
    inspected_by: str = ""
    """A hash of the code that inspected the file and of the source's agreement."""
    origin: Mapping[str, str]

    @model_validator(mode="after")
    def _named_by_content(self) -> Self:
        folders = (self.dataset, DELIVERED)
        if not self.path.startswith(tuple(f"files/{folder}/{self.sha256}." for folder in folders)):
            raise ValueError("a landed file is named by its dataset and its hash")
        return self


class Manifest(BaseModel):
    """The files of one week. It states from where and when they were fetched, which no digest includes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    week: date
    source: str
    landed_at: datetime
    files: tuple[LandedFile, ...]
    delivered: tuple[LandedFile, ...] = ()
    """The files, as they came, from which a layout made others; each by the name of its first dataset."""
    checksum: str = ""
    """A hash of all else that is written."""

    @staticmethod
    def path_of(week: date) -> str:
        """Return the path of a week's manifest in the lake."""
        return f"{_FOLDER}/{week}.json"

    @staticmethod
    def weeks(lake: Lake) -> list[date]:
        """Return the weeks for which something was landed, in calendar order."""
        found = []
        for name in lake.names(_FOLDER):
            with suppress(ValueError):  # half of a file, or a file of somebody else's
                found.append(date.fromisoformat(name.removesuffix(".json")))
        return sorted(found)

    @classmethod
    def of(cls, lake: Lake, week: date) -> Self | None:
        """Read the manifest of a week, or return None if nothing was landed for it.

        Raises:
            ManifestDamaged: it is not as it was written.
        """
        path = cls.path_of(week)
        content = lake.read(path)
        if content is None:
            return None
        try:
            found = cls.model_validate_json(content)
        except ValidationError as error:
            raise _damaged(lake, path, "cannot be read") from error
        if found.week != week:
            raise _damaged(lake, path, f"is that of the week {found.week}")
        if not found.checksum:
            raise _damaged(lake, path, "has no checksum, which all have since 2026-11-30")
        if found.checksum != _checksum(content):
            raise _damaged(lake, path, "was changed after it was written")
        return found

    @property
    def content(self) -> bytes:
        """The manifest as it is written, with its checksum."""
        bare = self.model_copy(update={"checksum": ""})
        checksum = _checksum(bare.model_dump_json().encode())
        return bare.model_copy(update={"checksum": checksum}).model_dump_json(indent=2).encode()

    @property
    def fetched(self) -> tuple[LandedFile, ...]:
        """The files that the source delivered: those of datasets, and those from which they were made."""
        return (*self.delivered, *(file for file in self.files if MADE_OF not in file.origin))

    @property
    def commit(self) -> str | None:
        """The commit that all files come from; None if the source has no history."""
        return next((file.origin["commit"] for file in self.files if "commit" in file.origin), None)

    @property
    def pin(self) -> str | None:
        """The commit that the week is pinned to; None if it was landed before the week had ended."""
        return self.commit if self.is_of_ended_week else None

    @property
    def is_of_ended_week(self) -> bool:
        """Whether the week had ended when it was landed."""
        return self.landed_at >= datetime.combine(self.week + timedelta(days=7), time(), UTC)

    @property
    def path(self) -> str:
        """The path of this manifest in the lake."""
        return self.path_of(self.week)

    @property
    def digest(self) -> str:
        """A digest of the delivered files, which does not depend on when and from where they came."""
        # A landed file's name: the hash of its bytes, and its dialect if one was declared.
        landed = (Path(file.path).name.removesuffix(".csv") for file in self.files)
        parts = sorted(
            f"{file.dataset} {file.file} {name}" for file, name in zip(self.files, landed, strict=True)
        )
        hashed = sha256("\n".join(parts).encode())
        return f"v1:{len(parts)}:{hashed.hexdigest()[:16]}"

    def rows(self, session: SparkSession) -> DataFrame:
        """Return one row per file: `dataset` and the columns of raw tables."""
        return session.createDataFrame(
            [tuple(getattr(file, name) for name in _ROW.names) for file in self.files], _ROW
        )


def _checksum(content: bytes) -> str:
    """Return a hash of a written manifest without its checksum, as the code of any version computes it."""
    told = {name: value for name, value in json.loads(content).items() if name != "checksum"}
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _damaged(lake: Lake, path: str, how: str) -> ManifestDamaged:
    return ManifestDamaged(
        f"the manifest {lake.uri(path)} {how}: rerun its week with its publication, which writes it anew."
    )
