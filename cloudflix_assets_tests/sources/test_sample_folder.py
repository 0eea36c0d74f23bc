"""Samples in a folder: a source of weeks, each whole or absent, and nothing of anybody else's lost."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cloudflix_assets.partitions import WEEK
from cloudflix_assets.sources import SourceRefused
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.sample import Sample, WrittenWeek, write
from cloudflix_assets.sources.sample import declared as sample_declared
from cloudflix_assets.sources.sample import folder as sample_folder
from cloudflix_assets.sources.sample import publication as sample_publication
from cloudflix_assets.sources.sample import source as sample_source
from cloudflix_assets.sources.sample.files import File, Part
from cloudflix_assets_tests.datasets import CAST
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, put
from spark.datasets import DATASETS, Dataset

FEWEST = 1_000


def written(folder: Path, *weeks: int, seed: int = 0) -> list[WrittenWeek]:
    """Write some weeks, counted from `WEEK_1`."""
    chosen = [WEEK_1 + WEEK * number for number in weeks]
    return list(write(folder, chosen, titles=FEWEST, seed=seed))


def files(folder: Path) -> Mapping[str, bytes]:
    """Everything in a folder, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_sample_is_a_source_of_weeks(tmp_path: Path) -> None:
    """The truth beside the files must not be taken for one of them."""
    week, _ = written(tmp_path / "sample", 0, 1)
    delivered = Directory(tmp_path / "sample").deliveries(WEEK_1)
    for dataset, one in zip(DATASETS, delivered, strict=True):
        with one.open() as opened:
            content = opened.read()
        assert len(content) == week.bytes[dataset.name]
        assert content == (tmp_path / "sample" / str(WEEK_1) / dataset.file).read_bytes()
    alone = Directory(tmp_path / "sample" / str(WEEK_1)).deliveries(WEEK_2)
    assert [one.file for one in alone] == [dataset.file for dataset in DATASETS]


def test_the_source_sample_delivers_what_a_folder_holds(tmp_path: Path) -> None:
    """Two generators would have two truths."""
    written(tmp_path, 0)
    for delivered in Sample().deliveries(WEEK_1):
        with delivered.open() as opened:
            assert opened.read() == (tmp_path / str(WEEK_1) / delivered.file).read_bytes()


def test_a_week_written_again_is_the_same_whatever_else_was_written(tmp_path: Path) -> None:
    """Its truth too: nothing in it depends on the folder."""
    written(tmp_path / "one", 0, 1)
    written(tmp_path / "two", 1)
    written(tmp_path / "two", 1)
    name = str(WEEK_2)
    assert files(tmp_path / "one" / name) == files(tmp_path / "two" / name)
    written(tmp_path / "two", 1, seed=1)
    assert files(tmp_path / "one" / name) != files(tmp_path / "two" / name)
    assert [path.name for path in (tmp_path / "two").iterdir()] == [name]


@pytest.mark.slow
def test_memory_is_no_part_of_the_truth(tmp_path: Path) -> None:
    """Rows at the seam of two parts are rows like others."""
    list(write(tmp_path / "one", [WEEK_1], titles=FEWEST))
    list(write(tmp_path / "two", [WEEK_1], titles=FEWEST, chunk=97))
    for path in sorted((tmp_path / "one").rglob("*.parquet")):
        one, two = (pq.read_table(tmp_path / n / path.relative_to(tmp_path / "one")) for n in ("one", "two"))
        assert one.sort_by("record_number") == two.sort_by("record_number")
    other = [path for path in files(tmp_path / "one") if not path.endswith(".parquet")]
    assert {p: files(tmp_path / "one")[p] for p in other} == {p: files(tmp_path / "two")[p] for p in other}


def test_a_week_that_could_not_be_finished_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a publication would be run, and half of a catalogue be news."""
    written(tmp_path, 0)
    before = files(tmp_path)
    whole: Callable[..., Part] = File._part

    def full_disk(file: File, span: slice) -> Part:
        if "country" in file.columns:
            raise OSError(28, "No space left on device")
        return whole(file, span)

    monkeypatch.setattr(File, "_part", full_disk)
    with pytest.raises(OSError, match="No space"):
        written(tmp_path, 0, 1, seed=1)
    assert files(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == [str(WEEK_1)]


@pytest.mark.parametrize("titles", [0, 999, 4_000_001])
def test_a_size_that_cannot_be_is_refused(tmp_path: Path, titles: int) -> None:
    """Below the least, one defect of each kind is more than a contract allows."""
    with pytest.raises(SourceRefused) as refused:
        list(write(tmp_path / "sample", [WEEK_1], titles=titles))
    assert str(refused.value) == (
        f"a sample of {titles:,} titles cannot be made: choose from 1,000 to 4,000,000."
    )
    assert not (tmp_path / "sample").exists()


def test_a_folder_with_files_of_its_own_is_refused(tmp_path: Path) -> None:
    """They stand for every week, so that no written week would ever be read."""
    put(tmp_path, publication())
    with pytest.raises(SourceRefused) as refused:
        written(tmp_path, 0)
    assert str(refused.value) == (
        f"{tmp_path} holds netflix_titles.csv, which stands for every week: choose a folder without it."
    )


def test_a_week_that_is_no_sample_is_not_overwritten(tmp_path: Path) -> None:
    """Somebody's own delivery, lost to a sample of the same week."""
    put(tmp_path / str(WEEK_2), publication())
    with pytest.raises(SourceRefused) as refused:
        written(tmp_path, 0, 1)
    target = tmp_path / str(WEEK_2)
    assert str(refused.value) == f"{target} is there and no sample: remove it, or choose another folder."
    assert [path.name for path in tmp_path.iterdir()] == [str(WEEK_2)]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "sample").write_text("no folder")
    with pytest.raises(SourceRefused, match="sample is a file: name a folder, which is made if it is not"):
        written(tmp_path / "sample", 0)


BOOKS = Dataset(
    "books",
    "library.csv",
    ("isbn", "title", "page_count"),
    "every book of a library",
    key="isbn",
    examples={"page_count": ("96", "320")},
)
LOANS = Dataset("loans", "loans.csv", ("reader", "isbn"), "who has borrowed a book")


def declare(monkeypatch: pytest.MonkeyPatch, *datasets: Dataset) -> None:
    """Make the sample's declaration another one."""
    for module in (sample_declared, sample_folder, sample_publication, sample_source):
        monkeypatch.setattr(module, "DATASETS", datasets)


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project that declares no file of the catalogue."""
    declare(monkeypatch, BOOKS, LOANS)


def delivered(week: date) -> dict[str, list[dict[str, str]]]:
    """The records of the built-in sample, by file."""
    return {
        one.file: list(csv.DictReader(io.StringIO(one.open().read().decode("utf-8-sig"), newline="")))
        for one in Sample().deliveries(week)
    }


@pytest.mark.usefixtures("books")
def test_a_project_of_other_files_has_a_sample_of_them() -> None:
    """It was refused: who replaced the catalogue had no sample, no `make run` and half of the tests."""
    found = delivered(WEEK_1)
    assert {file: tuple(rows[0]) for file, rows in found.items()} == {
        "library.csv": BOOKS.columns,
        "loans.csv": LOANS.columns,
    }
    library, loans = found.values()
    assert len(library) == len({book["isbn"] for book in library}) == FEWEST
    assert {loan["isbn"] for loan in loans} == {book["isbn"] for book in library}
    assert {book["page_count"] for book in library} == {"96", "320"}
    assert {book["title"] for book in library} == {f"Title {number}" for number in range(1, 151)}


@pytest.mark.usefixtures("books")
def test_other_files_live_from_week_to_week_and_are_the_same_for_the_same_week() -> None:
    """Without a change, no second week would show what a pipeline makes of one."""
    (before, _), (after, _) = (delivered(week).values() for week in (WEEK_1, WEEK_2))
    assert delivered(WEEK_1)["library.csv"] == before
    assert sum(one != other for one, other in zip(before, after, strict=True)) == FEWEST // 200


@pytest.mark.usefixtures("books")
def test_other_files_are_written_into_a_folder(tmp_path: Path) -> None:
    """Of what their tables make of them the sample knows nothing, and says nothing."""
    (week,) = written(tmp_path / "sample", 0)
    assert {path: table.as_json() for path, table in week.truth.items()} == {
        path: {"accepted": FEWEST, "quarantined": 0, "rules": {}} for path in ("bronze/books", "bronze/loans")
    }
    assert (tmp_path / "sample" / str(WEEK_1) / "library.csv").is_file()


def test_a_renamed_dataset_is_the_catalogues_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another name, or another file's name, is no other content."""
    expected = {one.dataset: one.open().read() for one in Sample().deliveries(WEEK_1)}
    renamed = replace(CAST, name="actors", file="actors.csv")
    declare(monkeypatch, *(renamed if dataset is CAST else dataset for dataset in DATASETS))
    found = {one.dataset: one.open().read() for one in Sample().deliveries(WEEK_1)}
    assert found == {"actors" if name == "cast" else name: content for name, content in expected.items()}


def test_a_file_of_the_catalogue_without_titles_is_made_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its ids would be those of titles that are not there."""
    declare(monkeypatch, CAST)
    assert {row["cast"] for row in delivered(WEEK_1)[CAST.file]} >= {"Cast 1", "Cast 150"}
