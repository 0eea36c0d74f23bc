"""Dropped files that are rejected: by their names, by rivals, or with a reason that is told."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.sources.dropped.files import DroppedFile, dropped_files, kept_as
from cloudflix_assets.sources.dropped.routing import Route, Unroutable, route_of
from spark.datasets import Dataset

REJECTED = "raw/refused"


def reject_by_name(
    lake: Lake, now: datetime, files: Sequence[Dataset], weeks: Collection[date | None] | None = None
) -> list[str]:
    """Move files whose names tell no dataset, week or whole part to `refused/`; return a sentence for each.

    Args:
        lake: in which they were dropped.
        now: those that have settled by then.
        files: those that are known.
        weeks: those of these weeks, None for such as tell no week; without, all.
    """
    return [
        reject(lake, file, str(file.route))
        for file in dropped_files(lake, files)
        if isinstance(file.route, Unroutable)
        and file.has_settled(now)
        and (weeks is None or file.route.week in weeks)
    ]


def rivals(files: Sequence[tuple[DroppedFile, Route]], known: Sequence[Dataset], folder: str) -> list[str]:
    """Return a sentence for each dataset of which several files wait that are not the parts of one delivery.

    Which of them arrived last is not known: the time of a file is its writer's.
    """
    sentences = []
    for dataset in known:
        mine = [(file, route.part) for file, route in files if route.dataset is dataset]
        parts = [part for _, part in mine if part]
        one_delivery = len(parts) == len(mine) == len(set(parts)) and len({part.of for part in parts}) == 1
        if len(mine) > 1 and not one_delivery:
            names = " and ".join(file.name for file, _ in mine)
            sentences.append(
                f"{dataset.file} has {len(mine)} files in {folder}, and nothing tells which one counts "
                f"({names}): leave one of them, or name them like parts (_part1of2, _part2of2), then rerun "
                "the week; nothing was landed."
            )
    return sentences


def dataset_of(name: str, week: date, files: Sequence[Dataset]) -> Dataset | None:
    """Return the dataset that a rejected name tells for a week."""
    try:
        route = route_of(name, files)
    except Unroutable as reason:
        return reason.dataset if reason.week == week else None
    return route.dataset if route.week == week else None


def reject(lake: Lake, file: DroppedFile, reason: str) -> str:
    """Move a file to `refused/`, with a file beside it that says why; return the sentence to tell."""
    target = f"{REJECTED}/{kept_as(file.name, datetime.now(UTC))}"
    sentence = f"{reason} It was moved to {lake.uri(target)}."
    lake.write(f"{target}.reason.txt", f"{sentence}\n".encode())
    lake.move(file.path, target)
    return sentence
