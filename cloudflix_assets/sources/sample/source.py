"""The sample as a source: made when it is opened, without a folder."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from cloudflix_assets.sources.base import Delivered, Pin
from cloudflix_assets.sources.sample.edition import Edition
from cloudflix_assets.sources.sample.folder import FEWEST_TITLES
from cloudflix_assets.sources.sample.publication import Publication
from spark.datasets import DATASETS, Dataset


@dataclass(frozen=True)
class Sample:
    """The publisher of a small sample."""

    identity: str = "sample"

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the files of a week, each made when it is opened."""
        publication = Publication(Edition(seed=0, titles=FEWEST_TITLES, week=week))
        origin = {"generated for": str(week)}
        return [
            Delivered(dataset.name, dataset.file, partial(_open, publication, dataset), origin)
            for dataset in DATASETS
        ]


def _open(publication: Publication, dataset: Dataset) -> io.BytesIO:
    return io.BytesIO(b"".join(publication.file(dataset).content()))
