"""Publications in a folder: CSV files that stand for every week, or sub-folders named by week."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cloudflix_assets.lake.marker import Place
from cloudflix_assets.sources.base import Delivered, Pin, SourceRefused
from cloudflix_assets.sources.dropped.routing import Unroutable, route_of
from spark.datasets import DATASETS, IN_ONE, Dataset
from spark.delivery.header_defects import is_in_one
from spark.delivery.inspection import LONGEST_HEADER
from spark.delivery.lines import printable

_DIGITS_OF_A_DATE = 6
"""A folder with so many digits in its name is meant as that of a day: `2026_11_23`, `23-11-26 corrected`."""


@dataclass(frozen=True)
class Directory:
    """A folder. Its identity is a name, not its path; whoever gives the name says that it may have moved."""

    folder: Path
    name: str | None = None
    files: Sequence[Dataset] = DATASETS

    @property
    def identity(self) -> str:
        """`directory:<name>`, by default the last component of the path."""
        return f"directory:{self.name or self.folder.name}"

    @property
    def place(self) -> Place:
        """The path."""
        return Place(str(self.folder.absolute()), vouched=self.name is not None)

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files of the week's sub-folder, else of the folder, which stands for every week.

        A folder that begins to have sub-folders of weeks stands for the weeks before the first of them.

        Raises:
            SourceRefused: a file is missing, the week has no folder, or it has two, or files with its date.
        """
        folder, of_folder = self._folder(week)
        notice = "; ".join(told for told in (of_folder, self._further(folder)) if told) or None
        return [self._delivery(dataset, folder, week, notice) for dataset in self.files]

    def _delivery(self, dataset: Dataset, folder: Path, week: date, notice: str | None) -> Delivered:
        path = folder / dataset.file
        if not path.is_file():
            raise SourceRefused(
                f"{dataset.file} is missing from {folder}{self._instead(dataset, folder)}: "
                f"put it there, then rerun the week {week}; nothing was landed."
            )
        origin, is_flat = {"path": str(path)}, folder == self.folder
        return Delivered(dataset.name, dataset.file, partial(_open, path), origin, notice, is_flat)

    def _folder(self, week: date) -> tuple[Path, str | None]:
        """Return the folder that holds the week, and a notice if another one could be meant."""
        if not self.folder.is_dir():
            files = ", ".join(dataset.file for dataset in self.files)
            raise SourceRefused(
                f"the source {self.folder} is no folder: "
                f"give --source (or CLOUDFLIX_SOURCE) one that holds {files}, or `sample`."
            )
        outside = [dataset.file for dataset in self.files if (self.folder / dataset.file).exists()]
        weeks = self._weeks()
        strangers = self._strangers(weeks) if outside or weeks else []
        if dated := [name for name in strangers if sum(map(str.isdigit, name)) >= _DIGITS_OF_A_DATE]:
            raise SourceRefused(
                f"{self.folder} has {', '.join(dated[:3])} with files of its own, and that name is no day: "
                f"call it like {week}, or move it away, then rerun the week; nothing was landed."
            )
        match weeks.get(week, []):
            case []:
                self._refuse_dated(week, outside)
                return self.folder, self._of_an_earlier_week(week, weeks, outside) or _not_read(strangers)
            case [folder]:
                return folder, _left_aside(outside, self.folder, folder)
            case several:
                names = " and ".join(folder.name for folder in several)
                raise SourceRefused(
                    f"{self.folder} has {len(several)} folders of the week {week} ({names}): "
                    "move all but one away, then rerun the week; nothing was landed."
                )

    def _weeks(self) -> Mapping[date, Sequence[Path]]:
        """Return the sub-folders named by a date, by the week that the date lies in."""
        found: dict[date, list[Path]] = {}
        for path in sorted(self.folder.iterdir()):
            with suppress(ValueError):  # another name: not a week's
                if path.is_dir():
                    day = date.fromisoformat(path.name)
                    found.setdefault(day - timedelta(days=day.weekday()), []).append(path)
        return found

    def _others(self, folder: Path) -> list[str]:
        """Return the CSV files in a folder that are not called like a file of a publication."""
        known = {dataset.file for dataset in self.files}
        csv = [path.name for path in sorted(folder.glob("[!.]*")) if path.suffix.lower() == ".csv"]
        return [name for name in csv if name not in known and (folder / name).is_file()]

    def _further(self, folder: Path) -> str | None:
        if not (others := self._others(folder)):
            return None
        return f"{_first(others)} in {folder}: not taken, because no file of a publication is called so"

    def _refuse_dated(self, week: date, outside: Sequence[str]) -> None:
        """Refuse files whose names tell the week beside those that stand for every week."""
        dated = [name for name in self._others(self.folder) if _week_of(name, self.files) == week]
        if outside and dated:
            raise SourceRefused(
                f"{self.folder} has {_first(dated)} beside {outside[0]}, and their names say the week "
                f"{week}: put them without the date into a folder {week}, or move them away, then rerun "
                "the week; nothing was landed."
            )

    def _strangers(self, weeks: Mapping[date, Sequence[Path]]) -> list[str]:
        """Return the sub-folders that hold a publication and are no week's, by their paths from here."""
        known = {folder for several in weeks.values() for folder in several}
        files = {dataset.file.casefold() for dataset in self.files}
        below = (path for deep in ("*/*", "*/*/*", "*/*/*/*") for path in self.folder.glob(deep))
        found = {path.parent for path in below if path.name.casefold() in files}
        return [str(path.relative_to(self.folder)) for path in sorted(found) if path not in known]

    def _of_an_earlier_week(self, week: date, weeks: Mapping[date, object], outside: list[str]) -> str | None:
        """Return a notice if weeks have begun to have folders; refuse a week that should have one."""
        if not weeks:
            return None
        first = min(weeks)
        if week > first or len(outside) < len(self.files):
            held = ", ".join(str(other) for other in sorted(weeks)[-10:])
            raise SourceRefused(
                f"{self.folder} has no publication of the week {week}: it has {held}; "
                f"choose one of these, or add a sub-folder {week}{self._no_match(outside, first)}."
            )
        return (
            f"the week {week} was taken from {self.folder} itself, "
            f"which stands for the weeks before {first}, the first that has a folder"
        )

    def _no_match(self, outside: Sequence[str], first: date) -> str:
        if not outside:
            return ""
        if len(outside) < len(self.files):
            return f" ({', '.join(outside)} beside the folders is no publication: move it into one, or away)"
        return f" (the files beside the folders stand for the weeks before {first})"

    def _instead(self, dataset: Dataset, folder: Path) -> str:
        """Return what could be meant by the file that is missing, in brackets; nothing if nothing could."""
        entries = sorted(folder.iterdir())
        for other in () if dataset.layout else DATASETS:
            if _is_in_one(folder / other.file):
                layout = f"the {len(IN_ONE)}-column layout of the catalogue, all five files in one"
                return f" (there is {other.file} in {layout}: set CLOUDFLIX_LAYOUT=twelve_columns)"
        for path in entries:
            if path.name.casefold() == dataset.file.casefold():
                return f" (there is {path.name})"
        if folders := [path.name for path in entries if path.is_dir() and not path.name.startswith(".")]:
            return f" (a sub-folder of a week is named by a date, and there is {', '.join(folders[:5])})"
        return ""


def _is_in_one(path: Path) -> bool:
    with suppress(OSError), path.open(encoding="utf-8-sig", errors="replace") as file:
        return is_in_one(file.readline(LONGEST_HEADER).replace('"', "").split(","))
    return False


def _week_of(name: str, files: Sequence[Dataset]) -> date | None:
    """Return the week that the name of a file tells."""
    try:
        return route_of(name, files).week
    except Unroutable as reason:
        return reason.week


def _first(names: Sequence[str]) -> str:
    """Return three names, and how many more there are."""
    more = f" and {len(names[3:])} more" if names[3:] else ""
    return printable(", ".join(names[:3]) + more)


def _not_read(strangers: Sequence[str]) -> str | None:
    if not strangers:
        return None
    return f"{', '.join(strangers[:3])} with files of its own: not taken, because that name is no day"


def _left_aside(files: Sequence[str], outside: Path, folder: Path) -> str | None:
    if not files:
        return None
    return f"{', '.join(files)} of {outside} itself: not taken, because the week has the folder {folder.name}"


def _open(path: Path) -> BinaryIO:
    return path.open("rb")
