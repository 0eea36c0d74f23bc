"""Where publications come from: folders flat or by week, and how a setting names a source."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, Source, SourceRefused, source_of
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.sample import Sample
from cloudflix_assets_tests.datasets import DATASET
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3, lookup, publication, put
from spark.datasets import DATASETS, IN_ONE


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


OTHER = publication(cast=lookup("cast", ("Someone Else", "1")))


def test_a_folder_of_the_week_wins_over_files_beside_it(tmp_path: Path) -> None:
    """The old files beside a new folder were published as the week's, in silence."""
    put(tmp_path, publication())
    put(tmp_path / str(WEEK_2), OTHER)
    source = Directory(tmp_path)
    assert contents(source, WEEK_2) == OTHER
    files = ", ".join(dataset.file for dataset in DATASETS)
    assert {delivered.notice for delivered in source.deliveries(WEEK_2)} == {
        f"{files} of {tmp_path} itself: not taken, because the week has the folder {WEEK_2}"
    }
    assert contents(source, WEEK_1) == publication()
    assert source.deliveries(WEEK_1)[0].notice == (
        f"the week {WEEK_1} was taken from {tmp_path} itself, which stands for the weeks before {WEEK_2}, "
        "the first that has a folder"
    )
    with pytest.raises(SourceRefused) as refused:
        source.deliveries(WEEK_3)
    assert str(refused.value) == (
        f"{tmp_path} has no publication of the week {WEEK_3}: it has {WEEK_2}; choose one of these, or add a "
        f"sub-folder {WEEK_3} (the files beside the folders stand for the weeks before {WEEK_2})."
    )


@pytest.mark.parametrize(
    "name", ["week-2026-11-16", "2026_11_16", "16-11-2026", "2026-11-16 corrected", "2026/11/16"]
)
@pytest.mark.parametrize("beside", ["files", "a week"])
def test_a_folder_that_is_meant_as_a_day_and_is_none_is_refused(
    tmp_path: Path, name: str, beside: str
) -> None:
    """The files beside it were taken for the week, and the exit code was 0."""
    put(tmp_path if beside == "files" else tmp_path / str(WEEK_2), publication())
    put(tmp_path / name, OTHER)
    with pytest.raises(SourceRefused, match=f"{name} with files of its own, and that name is no day"):
        Directory(tmp_path).deliveries(WEEK_2)


def test_a_folder_of_another_name_is_told(tmp_path: Path) -> None:
    """It may be an archive."""
    put(tmp_path, publication())
    put(tmp_path / "old", OTHER)
    notices = {delivered.notice for delivered in Directory(tmp_path).deliveries(WEEK_2)}
    assert notices == {"old with files of its own: not taken, because that name is no day"}


def test_a_stray_file_beside_folders_of_weeks_is_named(tmp_path: Path) -> None:
    """The refusal advised to complete it, which would have made old rows of it."""
    put(tmp_path / str(WEEK_2), OTHER)
    (tmp_path / "netflix_cast.csv").write_bytes(b"stray")
    source = Directory(tmp_path)
    assert contents(source, WEEK_2) == OTHER
    assert source.deliveries(WEEK_2)[0].notice == (
        f"netflix_cast.csv of {tmp_path} itself: not taken, because the week has the folder {WEEK_2}"
    )
    with pytest.raises(SourceRefused, match=r"\(netflix_cast.csv beside the folders is no publication"):
        source.deliveries(WEEK_1)


def test_any_day_names_the_folder_of_its_week_and_two_are_refused(tmp_path: Path) -> None:
    """A folder of the day of the export was passed over, and the files beside it were taken."""
    wednesday, friday = (str(WEEK_2 + timedelta(days=days)) for days in (2, 4))
    put(tmp_path, publication())
    put(tmp_path / wednesday, OTHER)
    assert contents(Directory(tmp_path), WEEK_2) == OTHER
    put(tmp_path / friday, OTHER)
    with pytest.raises(SourceRefused) as refused:
        Directory(tmp_path).deliveries(WEEK_2)
    assert str(refused.value) == (
        f"{tmp_path} has 2 folders of the week {WEEK_2} ({wednesday} and {friday}): move all but one away, "
        "then rerun the week; nothing was landed."
    )


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ("Netflix_Cast.CSV", "(there is Netflix_Cast.CSV)"),
        ("week 47/x", "(a sub-folder of a week is named by a date, and there is week 47)"),
    ],
)
def test_what_could_be_meant_by_a_missing_file_is_named(tmp_path: Path, there: str, told: str) -> None:
    """Whoever has put it there looks at it, and reads that it is missing."""
    put(tmp_path, {name: content for name, content in publication().items() if name != "cast"})
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_bytes(b"")
    with pytest.raises(SourceRefused) as refused:
        Directory(tmp_path).deliveries(WEEK_1)
    assert f"netflix_cast.csv is missing from {tmp_path} {told}: put it there" in str(refused.value)


def test_the_catalogue_in_one_file_is_known_without_the_other_four(tmp_path: Path) -> None:
    """Whoever has it has nothing else, and would be sent to look for files that nobody publishes."""
    (tmp_path / "netflix_titles.csv").write_text(f"{','.join(IN_ONE)}\n", encoding="utf-8-sig")
    with pytest.raises(SourceRefused) as refused:
        Directory(tmp_path).deliveries(WEEK_1)
    told = str(refused.value)
    assert f"is missing from {tmp_path} (there is netflix_titles.csv in the 12-column layout" in told
    assert "set CLOUDFLIX_LAYOUT=twelve_columns" in told


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
        f"{DATASET[name].file} is missing from {tmp_path / 'netflix'}: put it there, then rerun the week "
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


def test_files_of_the_week_beside_files_without_a_date_are_refused(tmp_path: Path) -> None:
    """The files without a date were taken for the week, without a word."""
    put(tmp_path, publication())
    for dataset, content in OTHER.items():
        (tmp_path / DATASET[dataset].file.replace(".csv", f"_{WEEK_2}.csv")).write_bytes(content)
    with pytest.raises(SourceRefused) as refused:
        Directory(tmp_path).deliveries(WEEK_2)
    dated = sorted(dataset.file.replace(".csv", f"_{WEEK_2}.csv") for dataset in DATASETS)
    first = f"{', '.join(dated[:3])} and {len(dated) - 3} more"
    assert str(refused.value) == (
        f"{tmp_path} has {first} beside netflix_titles.csv, and "
        f"their names say the week {WEEK_2}: put them without the date into a folder {WEEK_2}, or move them "
        "away, then rerun the week; nothing was landed."
    )
    (notice,) = {delivered.notice for delivered in Directory(tmp_path).deliveries(WEEK_1)}
    assert notice == (f"{first} in {tmp_path}: not taken, because no file of a publication is called so")


@pytest.mark.parametrize("file", ["Netflix_Titles.csv", "NETFLIX_CAST.CSV"])
def test_a_folder_whose_files_have_other_letters_is_no_less_a_stranger(tmp_path: Path, file: str) -> None:
    """The files beside it were taken for the week."""
    put(tmp_path, publication())
    (tmp_path / "2026_11_16").mkdir()
    (tmp_path / "2026_11_16" / file).write_bytes(b"")
    with pytest.raises(SourceRefused, match="2026_11_16 with files of its own, and that name is no day"):
        Directory(tmp_path).deliveries(WEEK_2)


def test_further_files_of_a_week_are_told(tmp_path: Path) -> None:
    """A second half, or a download that was renamed, was ignored without a word."""
    put(tmp_path / str(WEEK_2), publication())
    for name in ("netflix_cast (1).csv", "Netflix_Titles_part2.CSV", ".netflix_cast.csv", "notes.txt"):
        (tmp_path / str(WEEK_2) / name).write_bytes(b"")
    (notice,) = {delivered.notice for delivered in Directory(tmp_path).deliveries(WEEK_2)}
    assert notice == (
        f"Netflix_Titles_part2.CSV, netflix_cast (1).csv in {tmp_path / str(WEEK_2)}: "
        "not taken, because no file of a publication is called so"
    )
