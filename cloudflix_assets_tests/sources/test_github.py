"""A folder on GitHub as a source: which commit a week has, and that its bytes are those."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from cloudflix_assets.sources import Delivered, LandedBefore, NoPublication, Pin, SourceRefused
from cloudflix_assets.sources.github.address import Address
from cloudflix_assets_tests.datasets import DATASET
from cloudflix_assets_tests.lakehouse import publication, titles
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS, Sources, in_folder, moment, published
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import LoopbackGitHub


def read(deliveries: Sequence[Delivered]) -> dict[str, bytes]:
    """Bytes by dataset."""
    found = {}
    for delivered in deliveries:
        with delivered.open() as opened:
            found[delivered.dataset] = opened.read()
    return found


@pytest.mark.parametrize("number", range(4))
def test_each_week_has_the_bytes_of_its_own_commit(source: Sources, number: int) -> None:
    """`HEAD` for every week would give the past the catalogue of today."""
    assert read(source().deliveries(WEEKS[number])) == published(number)


def test_a_week_without_a_commit_keeps_what_was_published_before(source: Sources) -> None:
    """Nothing new is no reason for an empty catalogue."""
    assert read(source().deliveries(WEEKS[3] + timedelta(days=70))) == published(3)


def test_a_week_ends_with_its_last_second(source: Sources, history: History) -> None:
    """Monday 00:00 belongs to the next week."""
    late, later = (publication(titles=titles({"title": title})) for title in ("Late", "Later"))
    history.commit(in_folder(late), moment(WEEKS[3], 7) - timedelta(seconds=1))
    history.commit(in_folder(later), moment(WEEKS[3], 7))
    assert read(source().deliveries(WEEKS[3])) == late


def test_all_files_come_from_one_commit(source: Sources, history: History) -> None:
    """Titles of one state with the cast of another would make orphans."""
    deliveries = source().deliveries(WEEKS[3])
    history.commit(in_folder(published(9)), moment(WEEKS[3], 3))
    assert read(deliveries) == published(3)
    assert len({delivered.origin["commit"] for delivered in deliveries}) == 1


def test_a_commit_that_leaves_the_folder_alone_is_none_of_ours(source: Sources, history: History) -> None:
    before = source().deliveries(WEEKS[3])[0].origin["commit"]
    history.commit({**in_folder(published(3)), "README.md": b"Another."}, moment(WEEKS[3], 3))
    assert source().deliveries(WEEKS[3])[0].origin["commit"] == before


def test_the_top_of_a_repository_is_a_folder_too(source: Sources, history: History) -> None:
    files = {DATASET[name].file: content for name, content in published(7).items()}
    history.commit(files, moment(WEEKS[3], 3))
    assert read(source(folder="").deliveries(WEEKS[3])) == published(7)


def test_a_week_before_the_first_commit_has_no_publication(source: Sources) -> None:
    with pytest.raises(
        NoPublication, match="has no commit in the folder data by the end of the week 2026-10-19"
    ):
        source().deliveries(WEEKS[0] - timedelta(days=7))


def test_where_it_came_from_is_kept(source: Sources, history: History) -> None:
    written = moment(WEEKS[3], 1)
    sha = history.commit(in_folder(published(8)), moment(WEEKS[3], 3), author=written)
    origin = source().deliveries(WEEKS[3])[0].origin
    assert origin["commit"] == sha
    assert (origin["authored"], origin["committed"]) == (written.isoformat(), moment(WEEKS[3], 3).isoformat())


def test_a_pin_is_kept_whatever_the_history_says_now(source: Sources, history: History) -> None:
    """Merged branches and force pushes bring commits with older dates."""
    pin = pinned(source().deliveries(WEEKS[1]))
    history.commit(in_folder(published(9)), moment(WEEKS[1], 4))
    assert read(source().deliveries(WEEKS[1], pin=pin)) == published(1)


def test_a_pin_is_asked_for_with_its_tag(source: Sources, github: LoopbackGitHub) -> None:
    """A 304 costs no quota, and what was told then can be read; one without a tag is asked for in full."""
    landed = source().deliveries(WEEKS[1])
    pin = pinned(landed)
    github.requests.clear()
    again = source().deliveries(WEEKS[1], pin=pin)
    assert github.requests == [("contents", 304)]
    assert [(file.file, file.origin) for file in again] == [(file.file, file.origin) for file in landed]
    assert read(again) == published(1)

    untagged = [replace(f, origin={n: v for n, v in f.origin.items() if n != "etag"}) for f in landed]
    pin = pinned(untagged)
    github.requests.clear()
    in_full = source().deliveries(WEEKS[1], pin=pin)
    assert github.requests == [("contents", 200)]
    assert [file.origin for file in in_full] == [file.origin for file in landed]


def test_a_pin_that_is_gone_is_told(source: Sources) -> None:
    gone = Pin("d" * 40, pinned(source().deliveries(WEEKS[1])).files)
    with pytest.raises(SourceRefused, match=r"no longer has the commit dddddddddddd, .* --refresh"):
        source().deliveries(WEEKS[1], pin=gone)


def test_a_pin_of_a_repository_that_is_gone_is_told(source: Sources, github: LoopbackGitHub) -> None:
    """Its commit may well be there still."""
    pin = pinned(source().deliveries(WEEKS[1]))
    github.token = "needed now"
    with pytest.raises(SourceRefused, match="shows no repository"):
        source().deliveries(WEEKS[1], pin=pin)


def pinned(deliveries: Sequence[Delivered]) -> Pin:
    """What a manifest of these would pin."""
    files = []
    for file in deliveries:
        with file.open() as content:
            files.append(LandedBefore(file.dataset, file.file, len(content.read()), file.origin))
    return Pin(deliveries[0].origin["commit"], files)


def test_a_renamed_repository_is_found(source: Sources, github: LoopbackGitHub) -> None:
    """GitHub redirects the old name."""
    github.renamed = "acme/old-name"
    assert read(source(repo="old-name").deliveries(WEEKS[3])) == published(3)


def test_a_private_repository_is_read_with_its_token(source: Sources, github: LoopbackGitHub) -> None:
    github.token = "right"
    assert read(source("right").deliveries(WEEKS[3])) == published(3)


def test_a_large_file_is_refused_before_it_is_fetched(
    source: Sources, github: LoopbackGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudflix_assets.sources.github.source.LARGEST_BYTES", 100)
    with pytest.raises(
        SourceRefused, match=r"netflix_titles.csv has 0 MB in .*, and GitHub serves 100 at most"
    ):
        source().deliveries(WEEKS[3])
    assert github.answered("blob") == []


MOVED = {
    "the folder was moved": ({"folder": "elsewhere"}, "has no commit in the folder elsewhere"),
    "the folder is a file": ({"folder": "README.md"}, "is a file: give --source the folder that holds it"),
    "another branch": ({"branch": "trunk"}, r"has no branch trunk \(was it renamed\?\): its default is main"),
    "another repository": (
        {"repo": "other"},
        "shows no repository acme/other: check its name, or it is private",
    ),
}


@pytest.mark.parametrize("case", MOVED)
def test_what_is_not_there_is_told_apart(source: Sources, case: str) -> None:
    """GitHub answers 404 to all of them."""
    address, sentence = MOVED[case]
    with pytest.raises(SourceRefused, match=sentence):
        source(**address).deliveries(WEEKS[3])


def test_a_folder_that_was_moved_away_names_the_commit(source: Sources, history: History) -> None:
    sha = history.commit(in_folder(published(5), "moved"), moment(WEEKS[3], 3))
    with pytest.raises(SourceRefused, match=rf"lacks the folder data in its commit {sha[:12]}"):
        source().deliveries(WEEKS[3])


def test_a_missing_file_names_commit_and_week(source: Sources, history: History) -> None:
    files = {name: content for name, content in published(5).items() if name != "cast"}
    sha = history.commit(in_folder(files), moment(WEEKS[3], 3))
    with pytest.raises(SourceRefused, match=rf"netflix_cast.csv is missing from .*, commit {sha[:12]}"):
        source().deliveries(WEEKS[3])


ADDRESSES = {
    "github:acme/catalogue": Address("acme", "catalogue"),
    "github:acme/catalogue:data/csv/": Address("acme", "catalogue", None, "data/csv"),
    "github:acme/catalogue@main": Address("acme", "catalogue", "main"),
    "github:acme/cata.logue@feature/x:data": Address("acme", "cata.logue", "feature/x", "data"),
}


@pytest.mark.parametrize("setting", ADDRESSES)
def test_an_address_is_read(setting: str) -> None:
    assert Address.of(setting) == ADDRESSES[setting]
    assert Address.of(str(Address.of(setting))) == ADDRESSES[setting]


@pytest.mark.parametrize(
    "setting", ["github:", "github:acme", "github:a b/c", "github:acme/c@", "github:acme/c:"]
)
def test_an_address_that_is_none_shows_how_to_write_one(setting: str) -> None:
    with pytest.raises(SourceRefused, match=r"write github:owner/repo\[@branch\]\[:folder\]"):
        Address.of(setting)
