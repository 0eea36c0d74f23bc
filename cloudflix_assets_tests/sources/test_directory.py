"""Where publications come from: folders flat or by week, and how a setting names a source."""

from datetime import date
from pathlib import Path

import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, Source, SourceRefused, source_of
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.sample import Sample
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3, lookup, publication, put
from spark.datasets import DATASETS


def contents(source: Source, week: date) -> dict[str, bytes]:
    """The bytes that a source delivers, by dataset."""
    return {delivered.dataset: read(delivered) for delivered in source.deliveries(week)}


def read(delivered: Delivered) -> bytes:
    with delivered.open() as opened:
        return opened.read()


def test_a_flat_folder_stands_for_every_week(tmp_path: Path) -> None:
    source = Directory(put(tmp_path / "netflix", publication()))
    assert contents(source, WEEK_1) == contents(source, WEEK_2) == publication()


def test_sub_folders_are_weeks(tmp_path: Path) -> None:
    """Reading another week's folder would pass every check but the reader's."""
    other = publication(cast=lookup("cast", ("Someone Else", "1")))
    put(tmp_path / str(WEEK_1), publication())
    put(tmp_path / str(WEEK_2), other)
    source = Directory(tmp_path)
    assert contents(source, WEEK_1) == publication()
    assert contents(source, WEEK_2) == other


def test_a_flat_folder_may_have_other_folders_beside_the_files(tmp_path: Path) -> None:
    """An archive folder next to the five files is no reason to look for weeks."""
    put(tmp_path, publication())
    (tmp_path / "archive").mkdir()
    assert contents(Directory(tmp_path), WEEK_1) == publication()


def test_a_week_without_its_sub_folder_is_refused(tmp_path: Path) -> None:
    """Taking the nearest week instead would publish old data as new."""
    put(tmp_path / str(WEEK_1), publication())
    with pytest.raises(SourceRefused, match=f"has no publication of the week {WEEK_3}: it has {WEEK_1}"):
        Directory(tmp_path).deliveries(WEEK_3)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_missing_file_is_named_with_its_folder(tmp_path: Path, dataset: object) -> None:
    """Delivering the other four would make a torn publication."""
    (name,) = (d.name for d in DATASETS if d is dataset)
    files = publication()
    del files[name]
    put(tmp_path / "netflix", files)
    with pytest.raises(SourceRefused) as refused:
        Directory(tmp_path / "netflix").deliveries(WEEK_1)
    assert str(refused.value) == (
        f"netflix_{name}.csv is missing from {tmp_path / 'netflix'}: put it there, then rerun the week "
        f"{WEEK_1}; nothing was landed."
    )


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_missing_folder_is_refused_with_the_remedy(tmp_path: Path, there: str) -> None:
    """An operator who mistypes a path must not read a traceback."""
    if there == "a file":
        (tmp_path / "netflix").write_text("no folder")
    with pytest.raises(SourceRefused, match=r"netflix is no folder: give --source \(or CLOUDFLIX_SOURCE\)"):
        Directory(tmp_path / "netflix").deliveries(WEEK_1)


def test_a_folder_is_known_by_name_so_that_it_may_move(tmp_path: Path) -> None:
    """A lake bound to a path would refuse the same files on another machine."""
    assert Directory(tmp_path / "a" / "netflix").identity == "directory:netflix"
    assert Directory(tmp_path / "b" / "netflix").identity == "directory:netflix"
    assert Directory(tmp_path / "b" / "netflix", "catalogue").identity == "directory:catalogue"


def named(setting: str, name: str | None = None) -> Source:
    """The source that a setting names."""
    return source_of(Environment(source=setting, source_name=name))


def test_a_setting_names_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is the one seen from where the command was given, wherever steps run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert isinstance(named("sample"), Sample)
    assert named("files") == Directory(tmp_path / "files")
    assert named("./files/").identity == "directory:files"
    assert named("~/files") == Directory(tmp_path / "me" / "files")
    assert named("files", "catalogue").identity == "directory:catalogue"
    monkeypatch.chdir(tmp_path.parent)
    assert named(".").identity == f"directory:{tmp_path.parent.name}"
