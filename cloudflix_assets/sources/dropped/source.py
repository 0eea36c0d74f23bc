"""The lake's own landing folder as a source: five files make a week, the newest of each dataset counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.base import Delivered, NoPublication, Pin, SourceRefused
from cloudflix_assets.sources.dropped.files import DROP_FOLDER, DroppedFile, dropped_files
from cloudflix_assets.sources.dropped.routing import Route, Unroutable
from spark.datasets import DATASETS, Dataset
from spark.delivery.lines import DeliveryDefect

LANDED, REJECTED = "raw/landed", "raw/refused"
_MOMENT = "%Y%m%dT%H%M%S%fZ"
"""Sorts by time as text."""


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

    def receive(self, week: date) -> None:
        """Validate what was dropped for a week, and move it to `landed/` or to `refused/` with the reason.

        Raises:
            SourceRefused: some of it was rejected.
        """
        now = datetime.now(UTC)
        rejections = reject_by_name(self.lake, now)
        for file in dropped_files(self.lake):
            route = file.route
            if isinstance(route, Route) and route.week == week and file.has_settled(now):
                rejections += self._take_in(file, route)
        if rejections:
            raise SourceRefused(" ".join(rejections))

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return of each dataset the file that was dropped last.

        Raises:
            NoPublication: not all five are there.
        """
        newest = [(dataset, self._newest_landed(dataset, week)) for dataset in DATASETS]
        if missing := [dataset.file for dataset, path in newest if path is None]:
            raise NoPublication(self._waiting(week, missing))
        return [
            Delivered(dataset.name, dataset.file, partial(self.lake.open_landed, path), {"landed": path})
            for dataset, path in newest
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
        self.lake.move(file.path, f"{LANDED}/{route.week}/{route.dataset.name}/{_kept_as(file)}")
        return []

    def _newest_landed(self, dataset: Dataset, week: date) -> str | None:
        folder = f"{LANDED}/{week}/{dataset.name}"
        names = [name for name in self.lake.names(folder) if not name.startswith(".")]
        return f"{folder}/{names[-1]}" if names else None

    def _waiting(self, week: date, missing: Sequence[str]) -> str:
        now = datetime.now(UTC)
        growing = [
            file.name
            for file in dropped_files(self.lake)
            if isinstance(file.route, Route) and file.route.week == week and not file.has_settled(now)
        ]
        still = f" ({', '.join(growing)}: may still be growing, and waits for half a minute)"
        return (
            f"the week {week} waits for {', '.join(missing)}{still if growing else ''}: drop them into "
            f"{self.lake.uri(DROP_FOLDER)}, with the week in their names or their folder's; "
            "nothing was landed."
        )


def reject_by_name(lake: Lake, now: datetime) -> list[str]:
    """Move files whose names tell no dataset or no week to `refused/`; return a sentence for each."""
    return [
        reject(lake, file, str(file.route))
        for file in dropped_files(lake)
        if isinstance(file.route, Unroutable) and file.has_settled(now)
    ]


def reject(lake: Lake, file: DroppedFile, reason: str) -> str:
    """Move a file to `refused/`, with a file beside it that says why; return the sentence to tell."""
    target = f"{REJECTED}/{_kept_as(file)}"
    sentence = f"{reason} It was moved to {lake.uri(target)}."
    lake.write(f"{target}.reason.txt", f"{sentence}\n".encode())
    lake.move(file.path, target)
    return sentence


def _kept_as(file: DroppedFile) -> str:
    """Return a name that sorts by time, and that no two files share."""
    return f"{file.written.strftime(_MOMENT)}-{file.name.replace('/', '__')}"
