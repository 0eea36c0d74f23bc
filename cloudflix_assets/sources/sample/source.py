"""The sample as a source: made when it is opened, without a folder."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from cloudflix_assets.sources.base import Delivered, Pin, SourceRefused
from cloudflix_assets.sources.sample.edition import Edition
from cloudflix_assets.sources.sample.folder import FEWEST_TITLES
from cloudflix_assets.sources.sample.publication import Publication, made
from spark.datasets import DATASETS


@dataclass(frozen=True)
class Sample:
    """The publisher of a small sample."""

    identity: str = "sample"

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        """Return the five files of a week, each made when it is opened.

        Raises:
            SourceRefused: a file is declared that the sample does not make, or one that it makes is not.
        """
        if unknown := [dataset.file for dataset in DATASETS if dataset not in made()]:
            raise SourceRefused(
                f"the sample has no {', '.join(unknown)}: "
                "give --source (or CLOUDFLIX_SOURCE) a folder that holds it."
            )
        publication = Publication(Edition(seed=0, titles=FEWEST_TITLES, week=week))
        origin = {"generated for": str(week)}
        return [
            Delivered(dataset.name, dataset.file, partial(_open, publication, dataset.name), origin)
            for dataset in made()
        ]


def _open(publication: Publication, name: str) -> io.BytesIO:
    return io.BytesIO(b"".join(publication.file(name).content()))
