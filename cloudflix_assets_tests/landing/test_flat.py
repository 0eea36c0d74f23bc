"""A folder that stands for every week: what an ended week takes from it, and what is said."""

from datetime import date
from pathlib import Path

import pytest

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.landing.land import Landed, land
from cloudflix_assets.landing.rejected import REFUSED
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, lookup, publication, put

OTHER = publication(cast=lookup("cast", ("Someone Else", "1")))


class Folder:
    """A flat folder and the lake that is landed from it."""

    def __init__(self, place: Path) -> None:
        self.source, self.lake = Directory(put(place / "netflix", publication())), LocalLake(place / "lake")

    def land(self, week: date = WEEK_1, *, refresh: bool = False) -> Landed:
        """Land a week as the asset does, with its manifest."""
        found = land(self.lake, self.source, week, Agreement(), refresh=refresh)
        self.lake.write(found.manifest.path, found.manifest.content)
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_an_ended_week_takes_other_files_only_when_asked(folder: Folder) -> None:
    """What was published of a past week changed with a rerun, because its folder had been filled anew."""
    first = folder.land()
    put(folder.source.folder, OTHER)
    kept = folder.land()
    assert kept.manifest.content == first.manifest.content
    told = (
        f"the week {WEEK_1} stays as it was landed, and {folder.source.folder} holds other files now "
        f"(netflix_cast.csv): `cloudflix run --week {WEEK_1} --refresh` takes them"
    )
    assert kept.notices == [told]
    taken = folder.land(refresh=True)
    assert taken.manifest.digest != first.manifest.digest
    assert taken.notices == [
        f"the week {WEEK_1} was landed with other files before; changed: netflix_cast.csv"
    ]
    assert folder.land().notices == []


def test_what_is_not_taken_is_not_judged(folder: Folder) -> None:
    """A torn file that the week does not need would have it rejected."""
    folder.land()
    put(folder.source.folder, {**publication(), "cast": b""})
    assert "stays as it was landed" in folder.land().notices[0]


def test_a_refused_week_takes_what_was_mended(folder: Folder) -> None:
    """Nothing of it is published, so the old files are of no use to anybody."""
    first = folder.land()
    put(folder.source.folder, OTHER)
    folder.lake.write(f"{REFUSED}/silver/titles/{WEEK_2}.jsonl", b"{}\n")
    assert folder.land().manifest.content == first.manifest.content
    folder.lake.write(f"{REFUSED}/silver/cast/{WEEK_1}.jsonl", b"{}\n")
    assert folder.land().manifest.digest != first.manifest.digest


def test_weeks_with_the_same_files_are_told(folder: Folder) -> None:
    """Three weeks of one file look like three deliveries in every chart."""
    folder.land()
    told = (
        f"the week {WEEK_2} has the very files of the week {WEEK_1}: {folder.source.folder} has no folder "
        "for a week, so its files stand for each that is asked"
    )
    assert folder.land(WEEK_2).notices == [told]
    put(folder.source.folder, OTHER)
    assert not any("very files" in notice for notice in folder.land(WEEK_2, refresh=True).notices)


def test_a_folder_of_its_own_week_may_be_corrected(folder: Folder) -> None:
    """What lies in the folder of a week is meant for it."""
    put(folder.source.folder / str(WEEK_1), publication())
    first = folder.land()
    put(folder.source.folder / str(WEEK_1), OTHER)
    assert folder.land().manifest.digest != first.manifest.digest
