"""Samples in a folder: a source of weeks, each whole or absent, and nothing of anybody else's lost."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cloudflix_assets.partitions import WEEK
from cloudflix_assets.sources import SourceRefused
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.sample import Sample, WrittenWeek, write
from cloudflix_assets.sources.sample import publication as sample_publication
from cloudflix_assets.sources.sample.files import File, Part
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


OTHERS = {
    "no titles": DATASETS[1:],
    "none of the five": (Dataset("awards", ("award", "show_id"), "awards"),),
    "other columns of titles": (replace(DATASETS[0], columns=("show_id", "title")), *DATASETS[1:]),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_project_of_other_files_has_no_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """`KeyError: 'titles'`, or records of nine fields under a header of two."""
    monkeypatch.setattr(sample_publication, "DATASETS", OTHERS[kind])
    sentence = (
        "the sample makes netflix_titles.csv, netflix_cast.csv, netflix_category.csv, netflix_countries.csv, "
        "netflix_directors.csv in their original columns, and spark/datasets.py declares other files or "
        "columns: give --source (or CLOUDFLIX_SOURCE) a folder of your own files."
    )
    with pytest.raises(SourceRefused) as refused:
        written(tmp_path / "sample", 0)
    assert str(refused.value) == sentence
    assert not (tmp_path / "sample").exists()
    with pytest.raises(SourceRefused) as refused:
        Sample().deliveries(WEEK_1)
    assert str(refused.value) == sentence
