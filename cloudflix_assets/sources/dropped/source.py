"""The lake's own landing folder as a source: a file of each dataset makes a week, the newest counts."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import PurePosixPath

from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.base import Delivered, NoPublication, Pin, SourceRefused
from cloudflix_assets.sources.dropped.files import DROP_FOLDER, MOMENT, DroppedFile, dropped_files, kept_as
from cloudflix_assets.sources.dropped.rejecting import REJECTED, dataset_of, reject, reject_by_name, rivals
from cloudflix_assets.sources.dropped.routing import Part, Route, Unroutable, part_of
from spark.datasets import Dataset
from spark.delivery.lines import DeliveryDefect

NEVER = datetime.min.replace(tzinfo=UTC)
LANDED = "raw/landed"
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
            NoPublication: some of it has settled and some has not, or its other files were rejected before.
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
        rejections = unroutable + rivals(mine, self.agreement.files, self.lake.uri(DROP_FOLDER))
        rejections += [] if rejections else self._unsound(mine)
        if rejections:
            raise SourceRefused(" ".join([*told, *rejections]))
        if mine and (lacking := self._rejected_since(week) - {route.dataset.file for _, route in mine}):
            raise NoPublication(" ".join([*told, self._held(week, mine, lacking)]))
        for file, route in mine:
            told += self._replaces(file, route)
            self._take_in(file, route)
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

    def _unsound(self, dropped: Sequence[tuple[DroppedFile, Route]]) -> list[str]:
        """Reject the files that are unsound, and return why; the others stay for better ones to come."""
        found = []
        for file, route in dropped:
            try:
                with self.lake.open_landed(file.path) as source:
                    self.agreement.inspect(source, route.dataset, file.file)
            except DeliveryDefect as defect:
                alike = f" All parts of {route.dataset.file} must be written alike." if route.part else ""
                found.append(reject(self.lake, file, f"{defect}{alike}"))
            except LakeRefused:  # another run has just taken it in
                continue
            except OSError as error:
                raise SourceRefused(
                    f"{self.lake.uri(file.path)} cannot be read ({error.strerror or error}): make it "
                    "readable for this user, then rerun the week; nothing was landed."
                ) from error
        return found

    def _rejected_since(self, week: date) -> set[str]:
        """Return the files of a publication whose last delivery for the week was rejected."""
        rejected = {}
        for name, arrived in self._landed(REJECTED).items():
            dataset = dataset_of(name.partition("-")[2].replace("__", "/"), week, self.agreement.files)
            if dataset:
                rejected[dataset.name] = dataset.file, arrived
        landed = {name: self._landed(f"{LANDED}/{week}/{name}").values() for name in rejected}
        return {
            file for name, (file, arrived) in rejected.items() if arrived > max(landed[name], default=NEVER)
        }

    def _held(self, week: date, files: Sequence[tuple[DroppedFile, Route]], lacking: Collection[str]) -> str:
        names = ", ".join(file.name for file, _ in files)
        return (
            f"the week {week} waits for {', '.join(sorted(lacking))}, which was rejected ({names} wait with "
            f"it): drop it again into {self.lake.uri(DROP_FOLDER)}; nothing was landed."
        )

    def _take_in(self, file: DroppedFile, route: Route) -> None:
        """Move a file to the landed ones, under a name that tells which part it is."""
        folder, name, part = f"{LANDED}/{route.week}/{route.dataset.name}", file.file, route.part
        if part and part_of(name) != part:
            name = f"part{part.number}of{part.of}_{name}"
        self.lake.move(file.path, f"{folder}/{kept_as(name, self._arrival(folder), part)}")

    def _replaces(self, file: DroppedFile, route: Route) -> list[str]:
        """Return a sentence if a whole file is to replace one of another name."""
        last = max(self._landed(f"{LANDED}/{route.week}/{route.dataset.name}"), default="")
        _, _, before = last.partition("-")
        _, _, own = kept_as(file.file, datetime.now(UTC)).partition("-")
        is_of_week = PurePosixPath(file.name).parent.name in {"", str(route.week)}
        if route.part or (before.endswith(own) and is_of_week) or not last:
            return []
        replaced = f"{file.name} replaces {before} in the week {route.week}"
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


def _growing(files: Sequence[tuple[DroppedFile, Route]], week: date, *, settled: bool) -> str:
    """Return the sentence for files that may still be growing, alone or beside others that have settled."""
    why = f"{', '.join(file.name for file, _ in files)}: may still be growing, and waits for half a minute"
    if not settled:
        return f"{why}: rerun the week {week} then."
    datasets = ", ".join(dict.fromkeys(route.dataset.file for _, route in files))
    return f"the week {week} waits for {datasets} ({why}): rerun the week then; nothing was landed."


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
