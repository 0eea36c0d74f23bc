"""Titles that arrive as many files: on Spark a stream parses each once, on Sail the batch loader all of them.

The same tests hold on both: what a loader remembers, and what kills it, must not show in the records.
"""

import os
import re
import shutil
from contextlib import suppress

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from cloudflix_assets.lake.base import LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.staging import open_staging
from cloudflix_assets.landing import records as landing_records
from cloudflix_assets.landing import stream
from cloudflix_assets.landing.land import land
from cloudflix_assets.landing.stream import Arrivals, FileUnparsed
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.datasets import TITLES
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, Makes, registered, titles
from cloudflix_assets_tests.landing.stream_cases import (
    AGREED,
    CORPUS,
    DIGEST,
    ENGINE,
    FOLDER,
    Arriving,
    Loading,
)
from cloudflix_assets_tests.landing.stream_process import KILLED, MOMENTS, killed
from spark.delivery.headers import Drift
from spark.delivery.workers import BinaryFile

pytestmark = pytest.mark.both_engines

TABLES = registered("raw/titles", "bronze/titles")
LONG_AGO = 1_600_000_000
PLAIN = CORPUS["plain.csv"]


@pytest.fixture
def loading(environment: Environment, spark_session: SparkSession) -> Loading:
    """An empty lake in a folder."""
    return Loading(LocalLake(environment.lake_root), spark_session)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several micro-batches for a handful of files."""
    monkeypatch.setattr(stream, "FILES_PER_BATCH", 2)


def without(*names: str) -> dict[str, bytes]:
    return {name: content for name, content in CORPUS.items() if name not in names}


def test_both_loaders_make_the_same_of_every_file(loading: Loading) -> None:
    """A loader with a dialect of its own would give an engine digests of its own."""
    assert loading.loaded(CORPUS) == DIGEST


def test_large_files_are_read_where_they_lie(loading: Loading, monkeypatch: pytest.MonkeyPatch) -> None:
    """As bytes they would be sent through a pipe that has crashed the JVM; some are large, some not."""
    monkeypatch.setattr(stream, "LARGE_BYTES", len(CORPUS["unicode.csv"]))
    assert loading.loaded(CORPUS) == DIGEST


def test_a_rerun_finds_nothing_new_and_another_parser_everything(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint remembers files: of an older parser it would hold results that nobody gets today."""
    loading.loaded(CORPUS)
    before = loading.remembered()
    assert loading.loaded(CORPUS) == DIGEST
    assert loading.remembered() == before
    monkeypatch.setattr(stream, "parser_version", lambda: "another")
    assert loading.loaded(CORPUS) == DIGEST
    assert not before.keys() & loading.remembered().keys()
    assert len(loading.remembered()) == len(before)


def test_files_that_come_and_go_and_come_again(loading: Loading) -> None:
    """Records of a replaced file must go, and those of one that is back must not be taken for seen."""
    first = loading.loaded(without("quotes.csv"))
    replaced = {**without("plain.csv"), "ragged.csv": titles({"show_id": "30"})}
    assert loading.loaded(replaced).split(":")[1] == "6"
    assert loading.loaded(CORPUS) == DIGEST
    assert loading.loaded(without("quotes.csv")) == first


def test_columns_that_one_file_adds_are_columns_of_the_week(loading: Loading) -> None:
    """Null in the other files; and what was remembered without them is not taken for it."""
    raw = loading.raw_titles(CORPUS)
    assert loading.digest_of(raw) == DIGEST
    with open_staging(loading.lake, loading.session, FOLDER) as stage:
        records = landing_records.parse_records(raw, stage, WEEK_1, engine=ENGINE, drift=Drift.EVOLVE)
        assert "extra" in records.columns
        kept = [row["extra"] for row in records.where("rescued is null").collect()]
    assert sorted(map(str, kept)) == [*["None"] * 9, "kept"]
    assert loading.digest_of(raw) == DIGEST


def test_a_file_that_was_landed_long_ago_is_found(loading: Loading) -> None:
    """Spark's stream ignores what is a week older than the newest file it has seen."""
    for file in land(loading.lake, Arriving(CORPUS), WEEK_1, AGREED).manifest.files:
        if file.file == "quotes.csv":
            os.utime(loading.lake.root / "raw" / file.path, (LONG_AGO, LONG_AGO))
    loading.loaded(without("quotes.csv"))
    assert loading.loaded(CORPUS) == DIGEST


@pytest.mark.parametrize("moment", MOMENTS[ENGINE])
def test_a_killed_loader_neither_loses_nor_doubles_a_record(loading: Loading, moment: str) -> None:
    """What was committed to the checkpoint is kept, what was not is parsed again in its place."""
    assert killed(loading.lake.root, moment) == KILLED
    before = {path: at for path, at in loading.remembered().items() if "/records/0/" in path}
    assert bool(before) == (ENGINE == "spark")
    assert loading.loaded(CORPUS) == DIGEST
    assert before.items() <= loading.remembered().items()


def test_a_batch_that_failed_is_read_again_without_what_the_week_no_longer_lists(
    loading: Loading, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spark replays a batch with the files of its first time."""
    monkeypatch.setattr(stream, "FILES_PER_BATCH", len(CORPUS))
    loading.loaded(without("quotes.csv", "ragged.csv"))
    with monkeypatch.context() as patch, suppress(PySparkException):  # the batch loader has no batches
        patch.setattr(Arrivals, "_contents", refuse)
        loading.loaded(without("ragged.csv"))
    assert loading.loaded(without("quotes.csv", "ragged.csv")).split(":")[1] == "5"
    assert loading.loaded(CORPUS) == DIGEST


def refuse(*_: object) -> None:
    raise ArithmeticError("the batch failed")


@pytest.mark.parametrize("lost", ["records/1", "checkpoint"])
def test_a_memory_that_does_not_hold_is_forgotten(loading: Loading, lost: str) -> None:
    """Half of it would lose records, or double them, in every run from then on."""
    loading.loaded(without("quotes.csv"))
    for folder in (loading.lake.root / "raw/files/incremental").glob(f"titles/*/*/{lost}"):
        shutil.rmtree(folder)
    assert loading.loaded(CORPUS) == DIGEST


def test_a_landed_file_that_is_gone_is_told(loading: Loading) -> None:
    """A stream that finds nothing has nothing to say."""
    raw = loading.raw_titles(CORPUS)
    next((loading.lake.root / "raw/files/titles").iterdir()).unlink()
    with pytest.raises(LakeRefused, match="is gone: restore it"):
        loading.digest_of(raw)


def test_what_was_parsed_of_a_damaged_file_does_not_outlive_it(loading: Loading) -> None:
    """The name is the same when it lands again, and a checkpoint knows names."""
    raw = loading.raw_titles(CORPUS)
    (landed,) = [
        path for path in (loading.lake.root / "raw/files/titles").iterdir() if path.read_bytes() == PLAIN
    ]
    landed.write_bytes(PLAIN.replace(b"A Title", b"B Title"))
    with pytest.raises((FileUnparsed, LakeRefused), match=r"than were landed|that were landed"):
        loading.digest_of(raw)
    assert loading.loaded(CORPUS) == DIGEST


UNLIKE = {
    "too few": ([1], "gave 1 records where another reader counted 2: nothing was published"),
    "none": ([], "gave 0 records where another reader counted 2"),
    "doubled": ([1, 1, 2, 2], "gave 4 records where another reader counted 2"),
    "defect": ([1, 0, 2], "plain.csv cannot be parsed (broken): rerun the week 2026-11-02 with"),
}


@pytest.mark.parametrize("unlike", UNLIKE)
def test_records_unlike_the_manifest_are_refused(loading: Loading, unlike: str) -> None:
    """Sums over all files would let one file's loss pass for another's excess."""
    numbers, sentence = UNLIKE[unlike]
    file = BinaryFile("plain.csv", loading.lake.uri("plain.csv"), "", records=2, longest_record=9)
    rows = [("broken", file.address, number) for number in numbers]
    staged = loading.session.createDataFrame(rows, "malformed string, source_file string, record_number long")
    with pytest.raises(FileUnparsed, match=re.escape(sentence)):
        Arrivals(loading.lake, loading.session, TITLES, WEEK_1, (file,), ENGINE)._refuse_disagreement(staged)


def test_steps_publish_weeks_of_several_files(lakehouse: Makes) -> None:
    """The same files in two weeks: each week has all of their records, and a commit of its own."""
    house = lakehouse(source=Arriving(CORPUS), tables=TABLES)
    for week in (WEEK_1, WEEK_2):
        assert house.run(week).tables["bronze/titles"].committed
    assert {house.digests(week)["bronze/titles", week] for week in (WEEK_1, WEEK_2)} == {DIGEST}
    assert len(house.rows("raw/titles", WEEK_2)) == len(CORPUS)
