"""What lies in the lake of landed publications: manifests and files, each folder listed once."""

from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from cloudflix_assets.lake.base import Lake
from spark.datasets import DATASETS

_PUBLICATIONS = "raw/files/publications"


@dataclass(frozen=True)
class Landed:
    """The weeks that have a manifest, and the paths of landed files relative to raw."""

    weeks: Set[date]
    files: Set[str]

    @classmethod
    def of(cls, lake: Lake) -> Self:
        """List the folders."""
        weeks = set[date]()
        for name in lake.names(_PUBLICATIONS):
            with suppress(ValueError):  # the part of a file that is being written
                weeks.add(date.fromisoformat(name.removesuffix(".json")))
        folders = [f"files/{dataset.name}" for dataset in DATASETS]
        files = {f"{folder}/{name}" for folder in folders for name in lake.names(f"raw/{folder}")}
        return cls(weeks, files)

    def lacks(self, week: date, told: Mapping[str, Any]) -> str | None:
        """Return a sentence about what is gone of a week that was landed, None if nothing is.

        Args:
            week: the week.
            told: the metadata of its publication's materialization, which names the files.
        """
        if week not in self.weeks:
            return f"its manifest in {_PUBLICATIONS} is gone"
        gone = [
            path for record in told["files"].records if (path := str(record.data["path"])) not in self.files
        ]
        return f"the landed file raw/{gone[0]} is gone" if gone else None
