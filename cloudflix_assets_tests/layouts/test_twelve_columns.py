"""The catalogue in one file: it gives the gold of its five files, cell by cell, by its layout alone."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.sample import write
from cloudflix_assets.sources.sample.edition import Edition
from cloudflix_assets.sources.sample.lookups import LOOKUPS as SAMPLE_LOOKUPS
from cloudflix_assets.sources.sample.publication import Publication
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, Lakehouse
from spark.datasets import DATASETS, IN_ONE
from spark.registry import TABLES
from spark.table import Layer

pytestmark = pytest.mark.both_engines

GOLD = [table.path for table in TABLES if table.layer is Layer.GOLD]
WEEKS = (WEEK_1, WEEK_2)
ADDRESS = {"source_file", "week"}

Cells = Mapping[tuple[str, date], list[dict[str, Any]]]


def gold(house: Lakehouse) -> Cells:
    """Every cell of gold but the name of the landed file."""
    return {
        (path, week): sorted(
            (
                {name: value for name, value in row.items() if name not in ADDRESS}
                for row in house.rows(path, week)
            ),
            key=repr,
        )
        for path in GOLD
        for week in WEEKS
    }


def ran(home: Path, folder: Path, *weeks: date, layout: str | None = None) -> Lakehouse:
    environment = Environment(home=home, source=str(folder), layout=layout, first_week="2026-01-05")
    with dg.DagsterInstance.ephemeral() as instance:
        house = Lakehouse(environment, instance)
        for week in weeks:
            assert house.run(week).failures == {}
    return house


@pytest.fixture(scope="module")
def in_one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lakehouse]:
    """Two weeks of the sample as one file each, and the lake that was made of them."""
    folder = tmp_path_factory.mktemp("one") / "sample"
    list(write(folder, WEEKS, titles=1_000, in_one=True))
    return folder, ran(folder.parent / "home", folder, *WEEKS, layout="twelve_columns")


@pytest.mark.slow  # two weeks of a thousand titles, twice
def test_it_gives_the_gold_of_its_five_files(in_one: tuple[Path, Lakehouse], tmp_path: Path) -> None:
    """Record numbers of titles too; the number of a lookup's record is that in the made file."""
    for week in WEEKS:
        publication = Publication(Edition(seed=0, titles=1_000, week=week), in_one=True)
        folder = tmp_path / "five" / str(week)
        folder.mkdir(parents=True)
        for dataset in DATASETS:
            with (folder / dataset.file).open("wb") as opened:
                opened.writelines(publication.file(dataset).content())
    five = ran(tmp_path / "home", tmp_path / "five", *WEEKS)
    found = gold(in_one[1])
    assert found == gold(five)
    assert {len(found["gold/titles", week]) for week in WEEKS} == {1_000}


@pytest.mark.slow  # two weeks of a thousand titles, twice
def test_it_gives_what_is_true(in_one: tuple[Path, Lakehouse]) -> None:
    """Two forms that are wrong in the same way would be equal."""
    folder, house = in_one
    for path in GOLD:
        true = pq.read_table(folder / str(WEEK_2) / "truth" / f"{path}.parquet")
        columns = sorted(set(true.column_names) - {"record_number"})
        found = house.read(path, WEEK_2).select(*columns).toArrow().to_pylist()
        assert sorted(found, key=repr) == sorted(true.select(columns).to_pylist(), key=repr)
    rules = json.loads((folder / str(WEEK_2) / "truth" / "truth.json").read_text())["tables"]
    assert rules["silver/titles"]["rules"] == {"rating: a rating, not a duration": 1, "rating: isin": 1}


@pytest.mark.slow  # two weeks of a thousand titles, twice
def test_the_file_is_as_people_find_it(in_one: tuple[Path, Lakehouse]) -> None:
    """A form that is in no file is proven by none."""
    text = (in_one[0] / str(WEEK_1) / "netflix_titles.csv").read_text(encoding="utf-8-sig")
    for form in ('"January 4, 2024"', '" May 12, 2026"', '"Nov 22, 2024"', ",2-Jun-23,", "\ns79165061,"):
        assert form in text
    for form in (",1 Season,", ",2 Seasons,", ",134 min,", ",74 min,,", "Otto Barand Jr."):
        assert form in text


FOUND = f"""{",".join(IN_ONE)}
s1,Movie,The Lake,,"Bo Lind,  Cy  Ode, ","United States, ","September 25, 2021",2020,PG-13,90 min,Dramas,"A ""film""."
s2,TV Show,"The Sea, Again",Ana Reyes,,," August 4, 2017",2017,TV-MA,2 Seasons,"Crime TV Shows, Dramas","Two
lines."
s3,Movie,Alone: Live,"Ana Reyes, Bo Lind",Bo Lind,", France, Algeria","Apr 4, 2017",2017,74 min,,Movies,One man.
s4,TV Show,The Hill,, José Ode ,Japan,,2019,,1 Season,Dramas,
"""  # noqa: E501
"""As people publish it."""

COLUMNS = (
    *("show_id", "type", "title", "duration_minutes", "duration_seasons"),
    *("date_added", "release_year", "rating", "description", "duration_ranking"),
)
TITLES = [
    (1, "Movie", "The Lake", 90, None, date(2021, 9, 25), 2020, "PG-13", 'A "film".', 1),
    (2, "TV Show", "The Sea, Again", None, 2, date(2017, 8, 4), 2017, "TV-MA", "Two\nlines.", None),
    (3, "Movie", "Alone: Live", None, None, date(2017, 4, 4), 2017, "74 min", "One man.", None),
    (4, "TV Show", "The Hill", None, 1, None, 2019, None, None, None),
]
LOOKUP_COLUMNS = {name: lookup.column for name, lookup in SAMPLE_LOOKUPS.items()}
LOOKUPS = {
    "cast": [(1, "Bo Lind"), (1, "Cy Ode"), (3, "Bo Lind"), (4, "José Ode")],
    "countries": [(1, "United States"), (3, "Algeria"), (3, "France"), (4, "Japan")],
    "directors": [(2, "Ana Reyes"), (3, "Ana Reyes"), (3, "Bo Lind")],
    "category": [(1, "Dramas"), (2, "Crime TV Shows"), (2, "Dramas"), (3, "Movies"), (4, "Dramas")],
}


def test_a_file_as_people_publish_it(tmp_path: Path) -> None:
    """Written by hand, and what it means, too."""
    (tmp_path / "netflix_titles.csv").write_text(FOUND, encoding="utf-8", newline="")
    house = ran(tmp_path / "home", tmp_path, WEEK_1, layout="twelve_columns")
    titles = house.rows("gold/titles", WEEK_1)
    assert sorted(tuple(row[name] for name in COLUMNS) for row in titles) == TITLES
    for name, column in LOOKUP_COLUMNS.items():
        found = sorted((row["show_id"], row[column]) for row in house.rows(f"gold/{name}", WEEK_1))
        assert found == LOOKUPS[name]
        assert house.rows(f"gold/{name}_quarantine", WEEK_1) == []
