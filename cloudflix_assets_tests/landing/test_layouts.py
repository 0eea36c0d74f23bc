"""A delivered file of a layout is landed as it came, and what is made of it like delivered files."""

import io
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.landing.land import land
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.layouts.declaration import layout_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources import Delivered, source_of
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets.sources.dropped.source import DropFolder
from cloudflix_assets.sources.github.source import GitHub
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, csv_bytes, publication, put, registered
from cloudflix_assets_tests.layouts.test_conversion import FIRST, delivered
from cloudflix_assets_tests.loopback.github.fixtures import FOLDER, WEEKS, Sources, moment
from cloudflix_assets_tests.loopback.github.history import History
from cloudflix_assets_tests.loopback.github.server import LoopbackGitHub
from cloudflix_assets_tests.sources.test_dropped import drop, listing
from spark.datasets import DATASETS, IN_ONE
from spark.delivery.lines import DeliveryDefect

TABLES = registered("bronze/titles", "bronze/cast")
ONE = "netflix_titles.csv"
CONTENT = delivered({}, {"show_id": "s2", "cast": "Bo Lind"})


@pytest.fixture
def declared(environment: Environment) -> Environment:
    return environment.model_copy(update={"layout": "twelve_columns"})


def house_of(environment: Environment, instance: dg.DagsterInstance, folder: Path) -> Lakehouse:
    source = Directory(folder, files=Agreement.of(environment).files)
    return Lakehouse(environment, instance, source=source, tables=TABLES)


def manifest_of(house: Lakehouse, week: date = WEEK_1) -> Manifest:
    manifest = Manifest.of(house.lake, week)
    assert manifest
    return manifest


@pytest.fixture
def landed(declared: Environment, instance: dg.DagsterInstance, tmp_path: Path) -> Lakehouse:
    """A lakehouse whose first week was run from the one file."""
    (tmp_path / ONE).write_bytes(CONTENT)
    house = house_of(declared, instance, tmp_path)
    assert house.run(WEEK_1).failures == {}
    return house


def test_the_delivered_file_lies_beside_what_was_made_of_it(landed: Lakehouse, tmp_path: Path) -> None:
    """Whoever doubts a record must find the bytes that were delivered."""
    manifest = manifest_of(landed)
    (file,) = manifest.delivered
    assert landed.lake.read(f"raw/{file.path}") == CONTENT
    assert (file.path, file.records) == (f"files/delivered/{file.sha256}.csv", 2)
    assert [made.dataset for made in manifest.files] == [dataset.name for dataset in DATASETS]
    assert [made.records for made in manifest.files] == [2, 3, 4, 2, 2]
    for made in manifest.files:
        assert made.origin["path"] == str(tmp_path / ONE)
        assert made.origin["made of"] == f"{ONE} {file.sha256}"
        assert made.origin["layout"] == "twelve_columns"
    titles = landed.rows("bronze/titles", WEEK_1)
    assert sorted((row["record_number"], row["show_id"]) for row in titles) == [(1, "1"), (2, "2")]


def test_the_same_file_again_changes_nothing(landed: Lakehouse) -> None:
    before = manifest_of(landed)
    assert landed.committed(WEEK_1) == []
    assert manifest_of(landed).files == before.files


def test_another_layout_makes_other_files_of_the_same_bytes(
    environment: Environment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """An inspection that passed under another declaration says nothing."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / ONE).write_bytes(CONTENT)
    layout = tmp_path / "mine.toml"
    text = (Path(__file__).parents[2] / "cloudflix_assets/layouts/twelve_columns.toml").read_text()
    found = []
    for pattern in (r"s?(\d+)", r"s(\d)"):
        layout.write_text(text.replace(r"s?(\d+)", pattern))
        mine = environment.model_copy(update={"layout": str(layout)})
        house = house_of(mine, instance, tmp_path / "source")
        assert house.run(WEEK_1).failures == {}
        found.append(manifest_of(house))
    assert found[0].delivered[0].inspected_by != found[1].delivered[0].inspected_by
    assert found[0].digest == found[1].digest  # the same values, though


REJECTED: Mapping[str, tuple[bytes, str]] = {
    "a column that is not there": (
        csv_bytes([*IN_ONE[:-3], "durations", *IN_ONE[-2:]], [[*FIRST.values()]]),
        "rating, durations and 2 more: name durations for duration in the layout twelve_columns",
    ),
    "another delimiter": (
        CONTENT.replace(b",", b";"),
        "are parted by semicolons, not commas: set CLOUDFLIX_DELIMITER=';'",
    ),
    "a quote that is never closed": (CONTENT + b'"s3,Movie', "record 3 opens a quote that is never closed"),
    "no record": (csv_bytes(IN_ONE, []), "holds a header and no records"),
    "no value at all": (
        delivered({"director": ""}),
        f"{ONE} has nothing for directors: no record holds a value of director as the layout twelve_columns",
    ),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_defective_file_is_rejected_as_it_was_delivered(
    declared: Environment, instance: dg.DagsterInstance, tmp_path: Path, name: str
) -> None:
    """The sentence is of the file that the publisher knows, and nothing is landed."""
    content, sentence = REJECTED[name]
    (tmp_path / ONE).write_bytes(content)
    house = house_of(declared, instance, tmp_path)
    assert sentence in house.run(WEEK_1).failures["publication"]
    assert Manifest.of(house.lake, WEEK_1) is None
    assert house.lake.names("raw/files/delivered") == []


def test_undeclared_columns_are_rescued_and_told(
    declared: Environment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / ONE).write_bytes(csv_bytes([*IN_ONE, "Studio"], [[*FIRST.values(), "A24"]]))
    house = house_of(declared, instance, tmp_path)
    result = house.run(WEEK_1)
    assert any(f"{ONE} has Studio: kept in the column `rescued`" in told for told in result.notices)
    assert [row["rescued"] for row in house.rows("bronze/titles", WEEK_1)] == ['{"Studio": "A24"}']


def test_a_dialect_of_the_dataset_is_that_of_its_file(
    declared: Environment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The advice names the dataset by which the delivered file goes."""
    (tmp_path / ONE).write_bytes(csv_bytes(IN_ONE, [[*FIRST.values()]]).replace(b", ", b"~"))
    content = (tmp_path / ONE).read_bytes().replace(b'"', b"").replace(b",", b";").replace(b"~", b", ")
    (tmp_path / ONE).write_bytes(content)
    settings = declared.model_dump(exclude={"java_home", "github_token"}) | {"delimiter": ", titles=;"}
    house = house_of(Environment(**settings), instance, tmp_path)
    assert house.run(WEEK_1).failures == {}
    assert manifest_of(house).delivered[0].path.endswith(".semicolon.csv")


def test_a_dropped_file_alone_makes_a_week(declared: Environment, instance: dg.DagsterInstance) -> None:
    """Five were waited for, and four never come."""
    lake = Lakehouse(declared, instance, tables=TABLES).lake
    source = DropFolder(lake, Agreement.of(declared))
    house = Lakehouse(declared, instance, source=source, tables=TABLES)
    drop(lake, f"netflix_titles_{WEEK_1}.csv", CONTENT)
    assert house.run(WEEK_1).failures == {}
    assert listing(lake, "landed") == [f"{WEEK_1}/titles/netflix_titles_{WEEK_1}.csv"]
    assert len(house.rows("bronze/cast", WEEK_1)) == 3
    drop(lake, f"netflix_cast_{WEEK_1}.csv", CONTENT)
    (notice,) = house.run(WEEK_1).notices
    assert "begins with the name of no dataset (netflix_titles)" in notice


def test_parts_of_a_delivery_make_parts(declared: Environment, instance: dg.DagsterInstance) -> None:
    """A part in which nobody directs is no defect of the week."""
    lake = Lakehouse(declared, instance, tables=TABLES).lake
    source = DropFolder(lake, Agreement.of(declared))
    house = Lakehouse(declared, instance, source=source, tables=TABLES)
    drop(lake, f"netflix_titles_{WEEK_1}_part1of2.csv", CONTENT)
    drop(lake, f"netflix_titles_{WEEK_1}_part2of2.csv", delivered({"show_id": "s3", "director": ""}))
    assert house.run(WEEK_1).failures == {}
    assert sorted(row["show_id"] for row in house.rows("bronze/titles", WEEK_1)) == ["1", "2", "3"]
    assert [file.dataset for file in manifest_of(house).files].count("directors") == 1


def test_a_commit_of_one_file_is_pinned_like_any(
    declared: Environment,
    instance: dg.DagsterInstance,
    source: Sources,
    history: History,
    github: LoopbackGitHub,
) -> None:
    """A rerun asks once, fetches nothing, and takes no made file for the delivered one."""
    week = WEEKS[-1]
    history.commit({f"{FOLDER}/{ONE}": CONTENT}, moment(week, 5))
    found = source()
    asked = GitHub(found.address, found.api, files=Agreement.of(declared).files)
    house = Lakehouse(declared, instance, source=asked, tables=TABLES)
    assert house.run(week).failures == {}
    manifest = manifest_of(house, week)
    assert manifest.pin
    assert {"blob", "etag"} & {name for file in manifest.files for name in file.origin} == set()
    github.requests.clear()
    assert house.committed(week) == []
    assert github.requests == [("contents", 304)]
    assert manifest_of(house, week).delivered == manifest.delivered


def test_the_sample_comes_in_one_file_too(declared: Environment) -> None:
    """Else a newcomer could not try the layout without a file."""
    (one,) = source_of(declared).deliveries(WEEK_1)
    with one.open() as opened:
        assert opened.readline().decode("utf-8-sig").strip() == ",".join(IN_ONE)


def test_what_no_dataset_can_take_is_told(
    environment: Environment, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    """The delivered file holds it, and nobody would look there."""
    layout = tmp_path / "mine.toml"
    layout.write_text("[cast.columns]\ncast.separator = '|'\n")
    mine = environment.model_copy(update={"layout": str(layout)})

    class Source:
        identity = "memory"

        def deliveries(self, week: date, *, pin: object = None) -> list[Delivered]:
            content = csv_bytes(["cast", "show_id", "role"], [["Bo|Cy", "1", "x"]])
            return [Delivered("cast", "netflix_cast.csv", partial(io.BytesIO, content), {})]

    house = Lakehouse(mine, instance, source=Source(), tables=registered("bronze/cast"))
    notices = house.run(WEEK_1).notices
    assert any("netflix_cast.csv has the undeclared role: not kept" in told for told in notices)
    assert [row["cast"] for row in house.rows("bronze/cast", WEEK_1)] == ["Bo", "Cy"]


def test_a_layout_that_is_set_for_ordinary_files_is_to_be_unset(tmp_path: Path) -> None:
    """To correct a layout that ships with the project was the advice."""
    layout = layout_of("twelve_columns")
    source = Directory(put(tmp_path / "netflix", publication()), files=Agreement(layout=layout).files)
    with pytest.raises(DeliveryDefect, match=": unset CLOUDFLIX_LAYOUT if that is what"):
        land(LocalLake(tmp_path / "lake"), source, WEEK_1, Agreement(layout=layout))
