"""What lies in the lake of landed publications: manifests and files, each folder listed once."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing import rejected
from cloudflix_assets.landing.manifest import Manifest
from spark.datasets import DATASETS


@dataclass(frozen=True)
class Landed:
    """The weeks that have a manifest, the landed files, relative to raw, and what was not landed since."""

    weeks: Set[date]
    files: Set[str]
    rejected: Mapping[date, str]

    @classmethod
    def of(cls, lake: Lake) -> Self:
        """List the folders."""
        folders = [f"files/{dataset.name}" for dataset in DATASETS]
        files = {f"{folder}/{name}" for folder in folders for name in lake.names(f"raw/{folder}")}
        return cls(frozenset(Manifest.weeks(lake)), files, rejected.noted(lake))

    def lacks(self, week: date, told: Mapping[str, Any]) -> str | None:
        """Return a sentence about what is gone of a week that was landed, None if nothing is.

        Args:
            week: the week.
            told: the metadata of its publication's materialization, which names the files.
        """
        if week not in self.weeks:
            return f"its manifest {Manifest.path_of(week)} is gone"
        gone = [
            path for record in told["files"].records if (path := str(record.data["path"])) not in self.files
        ]
        return f"the landed file raw/{gone[0]} is gone" if gone else None
