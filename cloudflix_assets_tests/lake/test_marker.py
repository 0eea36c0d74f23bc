"""Two sources of one name: a lake remembers where its own lies, and may be moved with it."""

import json
from pathlib import Path
from shutil import copytree
from unittest.mock import ANY

import pytest

from cloudflix_assets.lake.base import MARKER, Lake, LakeRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.marker import FORMAT, Marker, Place

SOURCE = "directory:netflix"


def folder(parent: Path) -> Place:
    """A source in a folder, whose name was not given."""
    (parent / "netflix").mkdir(parents=True)
    return Place(str(parent / "netflix"))


def remembered(lake: Lake) -> str | None:
    place: str | None = json.loads(lake.read(MARKER) or b"")["place"]
    return place


@pytest.mark.parametrize("do", ["refuse_other_source", "claim"])
def test_a_source_of_the_same_name_elsewhere_is_refused(each_lake: Lake, tmp_path: Path, do: str) -> None:
    """A catalogue of 6,234 titles was replaced by another one's 983, without a word."""
    ours, theirs = folder(tmp_path / "ours"), folder(tmp_path / "theirs")
    for _ in range(2):
        assert each_lake.claim(SOURCE, ours) is None
    before = each_lake.read(MARKER)
    with pytest.raises(LakeRefused) as refused:
        getattr(each_lake, do)(SOURCE, theirs)
    assert str(refused.value) == (
        f"the lake {each_lake.place} holds {SOURCE} from {ours.at}, and {theirs.at} is another place: if the "
        f"source has moved there, say so with CLOUDFLIX_SOURCE_NAME=netflix; else {each_lake.remedy}, or "
        "empty this one with `cloudflix run --replace-source`; nothing was written."
    )
    assert each_lake.read(MARKER) == before


def test_a_source_that_moved_is_followed_once_that_is_said(each_lake: Lake, tmp_path: Path) -> None:
    """Said once: afterwards the lake remembers the new place, and the old one is another."""
    ours, new = folder(tmp_path / "ours"), folder(tmp_path / "new")
    each_lake.claim(SOURCE, ours)
    said = Place(new.at, vouched=True)
    each_lake.refuse_other_source(SOURCE, said)
    assert each_lake.claim(SOURCE, said) == f"{SOURCE} has moved from {ours.at} to {new.at}"
    assert each_lake.claim(SOURCE, new) is None
    with pytest.raises(LakeRefused, match="is another place"):
        each_lake.claim(SOURCE, ours)


def test_a_lake_of_an_earlier_version_learns_the_place(each_lake: Lake, tmp_path: Path) -> None:
    """Its marker has none: whoever updates must not be refused."""
    ours, theirs = folder(tmp_path / "ours"), folder(tmp_path / "theirs")
    each_lake.claim(SOURCE)
    told = json.loads(each_lake.read(MARKER) or b"")
    assert told == {"format": FORMAT, "source": SOURCE, "claim": ANY}
    each_lake.refuse_other_source(SOURCE, ours)
    notice = f"the lake {each_lake.place} remembers from now on that {SOURCE} lies at {ours.at}"
    assert each_lake.claim(SOURCE, ours) == notice
    assert remembered(each_lake) == ours.at
    with pytest.raises(LakeRefused, match="is another place"):
        each_lake.claim(SOURCE, theirs)
    each_lake.refuse_other_source(SOURCE)  # a source whose identity says where it lies, or an earlier version


def test_a_symbolic_link_is_where_it_leads_to(each_lake: Lake, tmp_path: Path) -> None:
    """Also one that leads elsewhere from tomorrow on, which is how publications are often swapped."""
    ours, second = folder(tmp_path / "ours"), folder(tmp_path / "second")
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "netflix"
    link.symlink_to(ours.at)
    each_lake.claim(SOURCE, ours)
    assert each_lake.claim(SOURCE, Place(str(link))) is None
    assert each_lake.claim(SOURCE, ours) is None
    each_lake.claim(SOURCE, Place(str(link)))
    link.unlink()
    link.symlink_to(second.at)
    assert each_lake.claim(SOURCE, Place(str(link))) is None


def test_a_lake_that_is_moved_together_with_its_source_goes_on(tmp_path: Path) -> None:
    """And from there alone, because the marker follows."""
    here, there = tmp_path / "here", tmp_path / "there"
    LocalLake(here / ".cloudflix" / "lake").claim(SOURCE, folder(here))
    here.rename(there)
    moved, source = LocalLake(there / ".cloudflix" / "lake"), Place(str(there / "netflix"))
    assert moved.claim(SOURCE, source) is None
    assert remembered(moved) == source.at
    (there / ".cloudflix").rename(tmp_path / "alone")
    assert LocalLake(tmp_path / "alone" / "lake").claim(SOURCE, source) is None


def test_a_lake_that_is_copied_beside_another_source_is_refused(tmp_path: Path) -> None:
    """It lies as far from it as from its own, and 60 titles were replaced by another catalogue's 20."""
    here, there = tmp_path / "here", tmp_path / "there"
    LocalLake(here / "lake").claim(SOURCE, folder(here))
    copytree(here / "lake", there / "lake")
    with pytest.raises(LakeRefused, match="is another place"):
        LocalLake(there / "lake").claim(SOURCE, folder(there))


def test_two_servers_with_one_repository_are_two_sources(each_lake: Lake) -> None:
    """An enterprise's GitHub has the names of the public one."""
    ours, theirs = "https://api.github.com", "https://github.example.com/api/v3"
    each_lake.claim("github:acme/catalogue", Place(ours))
    with pytest.raises(LakeRefused, match="CLOUDFLIX_SOURCE_NAME=acme/catalogue"):
        each_lake.claim("github:acme/catalogue", Place(theirs))
    assert each_lake.claim("github:acme/catalogue", Place(theirs, vouched=True)) == (
        f"github:acme/catalogue has moved from {ours} to {theirs}"
    )


@pytest.mark.parametrize("told", [{"place": 5}, {"source": 5}, {"from_lake": []}, {"claim": {}}])
def test_a_marker_of_other_types_is_none(told: dict[str, object]) -> None:
    assert Marker.parse(json.dumps({"source": "directory:x", "format": 1, **told}).encode()) is None
