"""A lakehouse of a test: real definitions, a source that the test writes, real Dagster runs."""

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.build import build_defs
from cloudflix_assets.delta import log, read
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.runs.runner import Runner, WeekResult
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, Pin
from spark.datasets import DATASETS, Dataset
from spark.registry import TABLES
from spark.table import Table

WEEK_1, WEEK_2, WEEK_3 = date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)

PATHS = tuple(path for table in TABLES for path in stored_fields(table))
"""Every Delta table, quarantines included."""

TITLE = {
    "duration_minutes": "90",
    "duration_seasons": None,
    "type": "Movie",
    "title": "A Title",
    "date_added": "9/30/2019",
    "release_year": "2019",
    "rating": "PG",
    "description": "It happens.",
    "show_id": "1",
}
"""A delivered title that keeps every rule."""


def csv_bytes(header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> bytes:
    """A delivery as the publisher encodes it: BOM, CRLF, minimal quotes."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig")


def titles(*changes: Mapping[str, str | None]) -> bytes:
    """netflix_titles.csv with one record per change of `TITLE`."""
    rows = [list({**TITLE, **change}.values()) for change in changes]
    return csv_bytes(list(TITLE), rows)


def lookup(column: str, *rows: tuple[str | None, str | None]) -> bytes:
    """One of the four lookup files."""
    return csv_bytes([column, "show_id"], rows)


def declared(dataset: Dataset, ids: Sequence[str]) -> bytes:
    """A sound file of any dataset, a record for each id, in every other column an example or a text."""
    keys = {other.key for other in DATASETS}
    texts = {column: dataset.examples.get(column, [f"A {column}"])[0] for column in dataset.columns}
    return csv_bytes(
        dataset.columns, [[i if column in keys else text for column, text in texts.items()] for i in ids]
    )


def publication(**changed: bytes) -> dict[str, bytes]:
    """A sound file of each dataset about twenty titles, some replaced: `publication(cast=lookup(...))`."""
    ids = [str(number) for number in range(1, 21)]
    sound = {dataset.name: declared(dataset, ids) for dataset in DATASETS} | {
        "titles": titles(*({"show_id": i, "title": f"Title {i}"} for i in ids)),
        "cast": lookup("cast", *((f"Actor {i}", i) for i in ids)),
        "category": lookup("listed_in", *(("Dramas", i) for i in ids)),
        "countries": lookup("country", *(("Japan", i) for i in ids)),
        "directors": lookup("director", *((f"Director {i}", i) for i in ids)),
    }
    return {**sound, **changed}


@dataclass
class MemorySource:
    """A source whose publications the test writes and may change."""

    publications: dict[date, dict[str, bytes]] = field(default_factory=dict)
    identity: str = "memory"

    def deliveries(self, week: date, *, pin: Pin | None = None) -> Sequence[Delivered]:
        files = self.publications[week]
        return [
            Delivered(dataset.name, dataset.file, partial(io.BytesIO, files[dataset.name]), {})
            for dataset in DATASETS
        ]


class Lakehouse:
    """Definitions over one lake and instance. Keyword arguments go to `build_defs`.

    Attributes:
        lake: a folder, for tests that look into it or change it by hand.
        stored: the same, or what the settings name instead: an account.
    """

    def __init__(self, environment: Environment, instance: dg.DagsterInstance, **arguments: Any) -> None:
        self.environment, self.instance = environment, instance
        self.defs = build_defs(environment, **arguments)
        self.runner = Runner(self.defs, instance)
        self.lake = LocalLake(environment.lake_root)
        self.stored = lake_of(environment)

    def run(self, week: date, *paths: str, tags: Mapping[str, str] | None = None) -> WeekResult:
        """Materialize a week of some assets by path (`silver/titles`), or of all."""
        keys = [dg.AssetKey(path.split("/")) for path in paths] or None
        return self.runner.run(week, keys, tags)

    def committed(self, week: date, *paths: str, tags: Mapping[str, str] | None = None) -> list[str]:
        """Run, which must succeed; the tables that were committed."""
        result = self.run(week, *paths, tags=tags)
        assert result.failures == {}
        return [path for path, table in result.tables.items() if table.committed]

    def read(self, path: str, week: date) -> DataFrame:
        """A stored week, with `week`."""
        session = start_engine(self.environment).spark_session
        return read.read(self.stored, session, path, None, [week])

    def rows(self, path: str, week: date) -> list[dict[str, Any]]:
        """The rows of a stored week."""
        return [row.asDict() for row in self.read(path, week).collect()]

    def digests(self, *weeks: date) -> dict[tuple[str, date], str | None]:
        """The recorded digest of every stored table and week."""
        paths = ["/".join(key.path) for key in self.runner.keys if len(key.path) > 1]
        return {
            (path, week): log.committed_digest(self.stored, path, week) for week in weeks for path in paths
        }


def prepare(home: Path, weeks: Sequence[date], **arguments: Any) -> Path:
    """Run these weeks in a home that tests of a module take copies of."""
    environment = Environment(home=home, source="sample", first_week="2026-01-05")
    with open_instance(environment) as instance:
        made = Lakehouse(environment, instance, **arguments)
        assert [made.run(week).failures for week in weeks] == [{}] * len(weeks)
    return home


@contextmanager
def copied(home: Path, environment: Environment, **arguments: Any) -> Iterator[Lakehouse]:
    """A lakehouse in a copy of a prepared home."""
    shutil.copytree(home, environment.home)
    with open_instance(environment) as instance:
        yield Lakehouse(environment, instance, **arguments)


Makes = Callable[..., Lakehouse]
"""What the fixture `lakehouse` is."""


def registered(*paths: str) -> list[Table]:
    """Tables of the registry by path, and those that they read: a test runs only what it needs."""
    by_path = {table.path: table for table in TABLES}
    by_name = {table.identifier: table for table in TABLES}
    found: dict[str, Table] = {}
    for path in paths:
        read = (by_name[wanted.table].path for wanted in by_path[path].read if wanted.table in by_name)
        upstream = [table for other in read if other not in found for table in registered(other)]
        found |= {table.path: table for table in (*upstream, by_path[path])}
    return list(found.values())


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Make a folder hold these files of a publication and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for dataset in DATASETS:
        (folder / dataset.file).unlink(missing_ok=True)
        if dataset.name in files:
            (folder / dataset.file).write_bytes(files[dataset.name])
    return folder


def materialization(instance: dg.DagsterInstance, path: str, week: date) -> dg.AssetMaterialization:
    """The newest materialization of a week of an asset."""
    wanted = dg.AssetRecordsFilter(dg.AssetKey(path.split("/")), asset_partitions=[str(week)])
    (record,) = instance.fetch_materializations(wanted, limit=1).records
    if record.asset_materialization is None:
        raise LookupError(f"{path}, {week}: the event is none of a materialization")
    return record.asset_materialization


def checked(instance: dg.DagsterInstance, path: str) -> list[dg.AssetCheckEvaluation]:
    """The evaluations of the contract of an asset, the newest first."""
    key = dg.AssetCheckKey(dg.AssetKey(path.split("/")), "contract")
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    return [record.event.dagster_event.asset_check_evaluation_data for record in records]  # type: ignore[union-attr]


def data_version(instance: dg.DagsterInstance, path: str, week: date) -> str:
    """The data version of the newest materialization of a week of an asset."""
    return (materialization(instance, path, week).tags or {})["dagster/data_version"]
