"""The sample as a source: made when it is opened, without a folder."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from cloudflix_assets.layouts.declaration import TWELVE_COLUMNS, Layout
from cloudflix_assets.sources.base import Delivered, Pin, SourceRefused
from cloudflix_assets.sources.sample.edition import Edition
from cloudflix_assets.sources.sample.folder import FEWEST_TITLES
from cloudflix_assets.sources.sample.in_one import FILE, content
from cloudflix_assets.sources.sample.publication import TITLES, Publication
from spark.datasets import DATASETS, Dataset


@dataclass(frozen=True)
class Sample:
    """The publisher of a small sample, in five files or, by the layout `twelve_columns`, in one."""

    identity: str = "sample"
    layout: Layout | None = None

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files of a week, each made when it is opened.

        Raises:
            SourceRefused: it is not written in this layout.
        """
        edition, origin = Edition(seed=0, titles=FEWEST_TITLES, week=week), {"generated for": str(week)}
        if self.layout:
            return [self._in_one(Publication(edition, in_one=True), self.layout, origin)]
        publication = Publication(edition)
        return [
            Delivered(dataset.name, dataset.file, partial(_open, publication, dataset), origin)
            for dataset in DATASETS
        ]

    def _in_one(self, publication: Publication, layout: Layout, origin: Mapping[str, str]) -> Delivered:
        if layout.name != TWELVE_COLUMNS:
            raise SourceRefused(
                f"the sample is not written in the layout {layout.name}: unset CLOUDFLIX_LAYOUT, set it to "
                f"{TWELVE_COLUMNS}, or give --source (or CLOUDFLIX_SOURCE) your own files."
            )
        return Delivered(TITLES, FILE, lambda: io.BytesIO(b"".join(content(publication))), origin)


def _open(publication: Publication, dataset: Dataset) -> io.BytesIO:
    return io.BytesIO(b"".join(publication.file(dataset).content()))
