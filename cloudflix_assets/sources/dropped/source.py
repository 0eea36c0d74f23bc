"""The lake's own landing folder as a source: a file of each dataset makes a week, the newest counts."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.base import Delivered, NoPublication, Pin, SourceRefused
from cloudflix_assets.sources.dropped.files import DROP_FOLDER, MOMENT, DroppedFile, dropped_files, kept_as
from cloudflix_assets.sources.dropped.routing import Part, Route, Unroutable, part_of
from spark.datasets import Dataset
from spark.delivery.lines import DeliveryDefect

LANDED, REJECTED = "raw/landed", "raw/refused"
_ARRIVED = re.compile(r"(\d{8}T\d{12}Z)-")


@dataclass(frozen=True)
class DropFolder:
    """A source whose files are dropped into `raw/landing/` of a lake."""

    lake: Lake
    agreement: Agreement
    name: str | None = None

    @property
    def identity(self) -> str:
        """`landing`, or `landing:<name>`."""
        return f"landing:{self.name}" if self.name else "landing"

    def receive(self, week: date) -> Sequence[str]:
        """Validate what was dropped for a week, and move it to `landed/` or to `refused/` with the reason.

        Returns:
            A sentence for each file that tells no dataset or no week, and was moved to `refused/`, too; for
            each that replaces one of another name; and for those that wait.

        Raises:
            SourceRefused: some of it was rejected, or nothing tells which of several files counts.
            NoPublication: some of it has settled and some has not; nothing was taken in.
        """
        now = datetime.now(UTC)
        unroutable = reject_by_name(self.lake, now, self.agreement.files, {week})
        told = reject_by_name(self.lake, now, self.agreement.files, {None})
        mine = [
            (file, file.route)
            for file in dropped_files(self.lake, self.agreement.files)
            if isinstance(file.route, Route) and file.route.week == week
        ]
        growing = [(file, route) for file, route in mine if not file.has_settled(now)]
        if growing and not unroutable:
            told.append(_growing(growing, week, settled=len(growing) < len(mine)))
            if len(growing) < len(mine):
                raise NoPublication(" ".join(told))
            return told
        rejections = unroutable + _rivals(mine, self.agreement.files, self.lake.uri(DROP_FOLDER))
        for file, route in mine if not rejections else ():
            replaces = self._replaces(file, route)
            refused = self._take_in(file, route)
            rejections += refused
            told += [] if refused else replaces
        if rejections:
            raise SourceRefused(" ".join([*told, *rejections]))
        return told

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the file of each dataset that arrived last, or all parts of its last delivery.

        Raises:
            NoPublication: not all are there.
        """
        newest = [(dataset, self._last_delivery(dataset, week)) for dataset in self.agreement.files]
        if missing := [_lacks(dataset, paths) for dataset, paths in newest if None in paths]:
            raise NoPublication(self._waiting(week, missing))
        return [
            Delivered(dataset.name, dataset.file, partial(self.lake.open_landed, path), {"landed": path})
            for dataset, paths in newest
            for path in paths
            if path
        ]

    def _take_in(self, file: DroppedFile, route: Route) -> list[str]:
        """Move a file to the landed ones, or reject it and return why."""
        try:
            with self.lake.open_landed(file.path) as source:
                self.agreement.inspect(source, route.dataset, file.file)
        except DeliveryDefect as defect:
            return [reject(self.lake, file, str(defect))]
        except LakeRefused:  # another run has just taken it in
            return []
        except OSError as error:
            raise SourceRefused(
                f"{self.lake.uri(file.path)} cannot be read ({error.strerror or error}): make it readable "
                "for this user, then rerun the week; nothing was landed."
            ) from error
        folder = f"{LANDED}/{route.week}/{route.dataset.name}"
        self.lake.move(file.path, f"{folder}/{kept_as(file.file, self._arrival(folder), route.part)}")
        return []

    def _replaces(self, file: DroppedFile, route: Route) -> list[str]:
        """Return a sentence if a whole file is to replace one of another name."""
        last = max(self._landed(f"{LANDED}/{route.week}/{route.dataset.name}"), default="")
        _, _, before = last.partition("-")
        _, _, own = kept_as(file.file, datetime.now(UTC)).partition("-")
        if route.part or before.endswith(own) or not last:
            return []
        replaced = f"{file.file} replaces {before} in the week {route.week}"
        return [f"{replaced}: if it is the other half, drop both again as parts (_part1of2, _part2of2)."]

    def _landed(self, folder: str) -> Mapping[str, datetime]:
        """Return the names of landed files with the moments of their arrival, the first first."""
        found = {name: _ARRIVED.match(name) for name in self.lake.names(folder)}
        return {
            name: datetime.strptime(arrived[1], MOMENT).replace(tzinfo=UTC)
            for name, arrived in sorted(found.items())
            if arrived
        }

    def _arrival(self, folder: str) -> datetime:
        """Return now, or a moment after the last arrival in the folder, if a clock was ahead then."""
        moments = self._landed(folder).values()
        return max([datetime.now(UTC), *(moment + timedelta(microseconds=1) for moment in moments)])

    def _last_delivery(self, dataset: Dataset, week: date) -> Sequence[str | None]:
        """Return the paths of what arrived last: one file, or its parts in order, None for each that lacks.

        A whole file, a part that is there already, or one of another number of parts begins a new delivery:
        parts of two deliveries are never mixed.
        """
        folder = f"{LANDED}/{week}/{dataset.name}"
        parts: list[str | None] = [None]
        for name in self._landed(folder):
            part = _landed_part(name)
            if len(parts) != part.of or parts[part.number - 1]:
                parts = [None] * part.of
            parts[part.number - 1] = f"{folder}/{name}"
        return parts

    def _waiting(self, week: date, missing: Sequence[str]) -> str:
        return (
            f"the week {week} waits for {', '.join(missing)}: drop them into {self.lake.uri(DROP_FOLDER)}, "
            "with the week in their names or their folder's; nothing was landed."
        )


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


def _growing(files: Sequence[tuple[DroppedFile, Route]], week: date, *, settled: bool) -> str:
    """Return the sentence for files that may still be growing, alone or beside others that have settled."""
    why = f"{', '.join(file.name for file, _ in files)}: may still be growing, and waits for half a minute"
    if not settled:
        return f"{why}: rerun the week {week} then."
    datasets = ", ".join(dict.fromkeys(route.dataset.file for _, route in files))
    return f"the week {week} waits for {datasets} ({why}): rerun the week then; nothing was landed."


def _rivals(files: Sequence[tuple[DroppedFile, Route]], known: Sequence[Dataset], folder: str) -> list[str]:
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


def _landed_part(name: str) -> Part:
    """Return which part a landed file is; a name that tells no whole part was kept with its folder's."""
    _, _, own = name.partition("-")
    try:
        return part_of(own) or Part(1, 1)
    except Unroutable:
        return Part(1, 1)


def _lacks(dataset: Dataset, parts: Sequence[str | None]) -> str:
    if len(parts) == 1:
        return dataset.file
    lacking = [str(number) for number, path in enumerate(parts, 1) if path is None]
    return f"{dataset.file} (part {', '.join(lacking)} of {len(parts)})"


def reject(lake: Lake, file: DroppedFile, reason: str) -> str:
    """Move a file to `refused/`, with a file beside it that says why; return the sentence to tell."""
    target = f"{REJECTED}/{kept_as(file.name, datetime.now(UTC))}"
    sentence = f"{reason} It was moved to {lake.uri(target)}."
    lake.write(f"{target}.reason.txt", f"{sentence}\n".encode())
    lake.move(file.path, target)
    return sentence
