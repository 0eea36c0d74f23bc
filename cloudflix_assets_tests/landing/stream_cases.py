"""A week of titles in several files, with all that a file may hold, and what the loaders make of it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from pyspark.sql import DataFrame, SparkSession

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.staging import open_staging
from cloudflix_assets.landing import records as landing_records
from cloudflix_assets.landing.land import land
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, Pin
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets_tests.datasets import TITLES
from cloudflix_assets_tests.lakehouse import TITLE, WEEK_1, csv_bytes, publication, titles
from spark.bronze import contract_of
from spark.datasets import DATASETS
from spark.delivery.headers import Drift
from spark.quality import digest

ENGINE = Environment().engine
AGREED = Agreement()
FOLDER = "bronze/staging/run-0-titles"
BOM = b"\xef\xbb\xbf"
CORPUS = {
    "quotes.csv": titles(
        {"show_id": "1", "title": 'She said "no", and\r\nleft'}, {"show_id": "2", "rating": None}
    ),
    "ragged.csv": titles({"show_id": "3"}) + b"Too,few\r\n" + b"1,2,3,4,5,6,7,8,9,10\r\n",
    "plain.csv": titles({"show_id": "4"}, {"show_id": "5"}).removeprefix(BOM).replace(b"\r\n", b"\n"),
    "unicode.csv": titles({"show_id": "6", "title": "née 😀 \u2028 كتاب \N{NO-BREAK SPACE}"}),
    "undeclared.csv": csv_bytes(
        ["extra", *reversed(TITLE)], [["kept", *reversed(TITLE.values())], [None, *reversed(TITLE.values())]]
    ),
}
DIGEST = "v1:10:2871598134867309486:15244458404290389256:fdae5475"
"""Of the corpus, whichever loader read it on whichever engine."""


@dataclass
class Arriving:
    """A source that delivers titles in several files, by name."""

    files: Mapping[str, bytes]
    identity: str = "arriving"

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        pieces = [(TITLES.name, name, content) for name, content in self.files.items()]
        others = [(d.name, d.file, publication()[d.name]) for d in DATASETS if d != TITLES]
        return [
            Delivered(dataset, name, partial(io.BytesIO, content), {})
            for dataset, name, content in [*pieces, *others]
        ]


@dataclass(frozen=True)
class Loading:
    """Titles that are landed in a lake, and loaded as bronze does on this engine."""

    lake: LocalLake
    session: SparkSession

    def loaded(self, files: Mapping[str, bytes]) -> str:
        """Land these titles and load them; the digest of their records."""
        return self.digest_of(self.raw_titles(files))

    def raw_titles(self, files: Mapping[str, bytes]) -> DataFrame:
        """Land these titles; the rows of `raw/titles`."""
        manifest = land(self.lake, Arriving(files), WEEK_1, AGREED).manifest
        return manifest.rows(self.session).where(f"dataset = '{TITLES.name}'").drop("dataset")

    def digest_of(self, raw: DataFrame) -> str:
        """Load what these rows of `raw/titles` list; the digest of the records."""
        with open_staging(self.lake, self.session, FOLDER) as stage:
            records = landing_records.parse_records(raw, stage, WEEK_1, engine=ENGINE, drift=Drift.RESCUE)
            return digest.digest(records, contract_of(TITLES).to_structtype())

    def remembered(self) -> dict[str, int]:
        """The files of records that a stream left for the next run, with the time of their last change."""
        folder = self.lake.root / "raw/files/incremental"
        found = folder.glob("**/records/*/*.parquet")
        return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in found}
