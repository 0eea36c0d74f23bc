"""Publications in a folder: five CSV files that stand for every week, or sub-folders named by week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cloudflix_assets.sources.base import Delivered, Pin, SourceRefused
from spark.datasets import DATASETS


@dataclass(frozen=True)
class Directory:
    """A folder. Its identity is a name, not its path, so that it may move."""

    folder: Path
    name: str | None = None

    @property
    def identity(self) -> str:
        """`directory:<name>`, by default the last component of the path."""
        return f"directory:{self.name or self.folder.name}"

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files of the week's sub-folder if there are sub-folders of weeks, else of the folder."""
        folder = self._folder(week)
        found = []
        for dataset in DATASETS:
            path = folder / dataset.file
            if not path.is_file():
                raise SourceRefused(
                    f"{dataset.file} is missing from {folder}: "
                    f"put it there, then rerun the week {week}; nothing was landed."
                )
            found.append(Delivered(dataset.name, dataset.file, partial(_open, path), {"path": str(path)}))
        return found

    def _folder(self, week: date) -> Path:
        if not self.folder.is_dir():
            raise SourceRefused(
                f"the source {self.folder} is no folder: "
                "give --source (or CLOUDFLIX_SOURCE) one that holds five CSV files, or `sample`."
            )
        if any((self.folder / dataset.file).exists() for dataset in DATASETS):
            return self.folder
        weeks = sorted(path.name for path in self.folder.iterdir() if path.is_dir())
        if weeks and str(week) not in weeks:
            raise SourceRefused(
                f"{self.folder} has no publication of the week {week}: it has {', '.join(weeks[:10])}; "
                "choose one of these, or add a sub-folder."
            )
        return self.folder / str(week) if weeks else self.folder


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
