"""From the name of a dropped file to its dataset and week."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import NamedTuple

from cloudflix_assets.sources.base import SourceRefused
from spark.datasets import DATASETS, Dataset

_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
EXAMPLE = f"{PurePosixPath(DATASETS[0].file).stem}_2026-11-09.csv"
_PART_OF = re.compile(r"(?<!\d)(\d+)[-_ ]?of[-_ ]?(\d+)")
_PART_OF_FOLDER = re.compile(r"(?<![a-z])part[-_ ]?(\d+)[-_ ]?of[-_ ]?(\d+)")
_PART = re.compile(r"(?<![a-z])part[-_ ]?(\d+)()")
MOST_PARTS = 1000
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
"""Names that tools give to what they are still writing."""


class Unroutable(SourceRefused):
    """A name that tells no dataset or no week, or no whole part; `week` and `dataset` are what it tells."""

    week: date | None = None
    dataset: Dataset | None = None


class Part(NamedTuple):
    """A file that is one of several that make a dataset's delivery, counted from 1."""

    number: int
    of: int


@dataclass(frozen=True)
class Route:
    """The dataset and the week that a dropped file belongs to; `part` is None if it is whole."""

    dataset: Dataset
    week: date
    part: Part | None = None


def is_unfinished(path: str) -> bool:
    """Return whether a name says that its file is being written: hidden, or with a suffix of `UNFINISHED`."""
    name = PurePosixPath(path).name
    return name.startswith((".", "_")) or name.lower().endswith(UNFINISHED)


def route_of(path: str, files: Sequence[Dataset] = DATASETS) -> Route:
    """Return the dataset and the week that the name of a dropped file tells.

    `netflix_titles_2026-11-11.csv` and `2026-11-09/netflix_titles.csv` are titles of the week 2026-11-09.
    Any day stands for its week. The name of the file wins over that of its folder, also in which part it is.

    Raises:
        Unroutable: says what the name lacks.
    """
    name = PurePosixPath(path)
    if name.suffix.lower() != ".csv":
        raise Unroutable(f"{name.name} is no .csv by its name: call it like {EXAMPLE}, and drop it again.")
    stem = name.stem.lower()
    stems = {PurePosixPath(dataset.file).stem: dataset for dataset in files}
    matching = [known for known in stems if re.match(rf"{re.escape(known.lower())}(?![a-z])", stem)]
    if not matching:
        raise Unroutable(
            f"{name.name} begins with the name of no dataset ({', '.join(stems)}): "
            f"call it like {EXAMPLE}, and drop it again."
        )
    week, dataset = _week(name), stems[max(matching, key=len)]
    try:
        return Route(dataset, week, part_of(name.name) or _part_of_folder(name.parent.name))
    except Unroutable as of_a_week:
        of_a_week.week, of_a_week.dataset = week, dataset
        raise


def part_of(name: str) -> Part | None:
    """`netflix_titles_2026-11-09_part1of2.csv` is the first of two parts, and so is `…_1of2.csv`.

    Raises:
        Unroutable: it is a part, and does not say of how many.
    """
    text = _DATE.sub("|", name.lower().replace("\\", "_"))  # as it is kept
    found = _PART_OF.search(text) or _PART.search(text)
    if found is None:
        return None
    number, of = (int(digits or 0) for digits in found.groups())
    if number == 0 < of:
        raise Unroutable(
            f"{name} is part 0, and parts count from 1: call all of them like "
            f"{EXAMPLE.removesuffix('.csv')}_part1of{of}.csv, and drop them again."
        )
    if not 1 <= number <= of <= MOST_PARTS:
        likely = min(max(number, 1), MOST_PARTS)
        raise Unroutable(
            f"{name} is a part and does not tell which of how many (at most {MOST_PARTS}): call it like "
            f"{EXAMPLE.removesuffix('.csv')}_part{likely}of{max(likely, 2)}.csv, and drop it again."
        )
    return Part(number, of)


def _part_of_folder(name: str) -> Part | None:
    """`2026-11-09_part1of2` holds the first of two parts; a folder that says less says nothing."""
    found = _PART_OF_FOLDER.search(name.lower())
    part = Part(int(found[1]), int(found[2])) if found else None
    return part if part and 1 <= part.number <= part.of <= MOST_PARTS else None


def _week(name: PurePosixPath) -> date:
    for part in (name.stem, name.parent.name):
        for found in _DATE.finditer(part):
            try:
                day = date(*map(int, found.groups()))
            except ValueError:
                continue
            return day - timedelta(days=day.weekday())
    raise Unroutable(
        f"{name.name} tells no week, neither by its name nor by its folder's: call it like {EXAMPLE}, and "
        "drop it again."
    )
