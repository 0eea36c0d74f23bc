"""One week of the real files, to the record. Numbers and public titles only; the files are not ours."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cloudflix_assets.delta import read
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix, cloudflix_process
from cloudflix_assets_tests.lakehouse import WEEK_2
from spark.quality.rules import compiled
from spark.quality.texts import KINDS
from spark.registry import TABLES

Reads = Callable[[str], DataFrame]
OPTIONS = ("--week", "2026-11-09", "--json")
ROWS = {  # bronze, silver, silver quarantine, gold
    "titles": (6236, 6234, 2, 6234),
    "cast": (44311, 44310, 1, 44310),
    "category": (13670, 13670, 0, 13670),
    "countries": (7179, 7179, 0, 7179),
    "directors": (4852, 4851, 1, 4851),
}


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory, real_files: Path) -> tuple[Path, Told]:
    """One real week, run once by the command line: its home, and what it told."""
    home = tmp_path_factory.mktemp("real") / "home"
    return home, cloudflix(home, "run", "--source", str(real_files), *OPTIONS)


@pytest.fixture
def tables(week: tuple[Path, Told]) -> dict[str, dict[str, Any]]:
    """What the run did to each table."""
    found: dict[str, dict[str, Any]] = week[1].weeks[0]["tables"]
    return found


@pytest.fixture
def stored(week: tuple[Path, Told], spark_session: SparkSession) -> Reads:
    """Reads a table of the week."""
    lake = LocalLake(Environment(home=week[0]).lake_root)
    return lambda path: read.read(lake, spark_session, path, None, [WEEK_2])


def test_thirty_tables_are_committed(week: tuple[Path, Told], tables: dict[str, dict[str, Any]]) -> None:
    assert week[1].code == 0
    assert len(tables) == 30
    assert {table["committed"] for table in tables.values()} == {True}
    logs = Environment(home=week[0]).lake_root.glob("*/*/_delta_log")
    assert {f"{log.parent.parent.name}/{log.parent.name}" for log in logs} == set(tables)


@pytest.mark.parametrize("name", ROWS)
def test_every_record_is_accounted_for(tables: dict[str, dict[str, Any]], name: str) -> None:
    """The numbers of the real files: bronze, silver, silver's quarantine, gold; and no orphan."""
    paths = (f"bronze/{name}", f"silver/{name}", f"silver/{name}_quarantine", f"gold/{name}")
    assert tuple(tables[path]["rows"] for path in paths) == ROWS[name]
    assert tables[f"silver/gold_{name}_quarantine"]["rows"] == 0
    assert tables[f"raw/{name}"]["rows"] == 1


@pytest.mark.parametrize(
    ("table", "reasons"),
    [
        ("titles", ["fragment, joined into the record before it"] * 2),
        ("cast", ["duplicate row"]),
        ("directors", ["duplicate row"]),
    ],
)
def test_what_is_quarantined_says_why(stored: Reads, table: str, reasons: list[str]) -> None:
    rows = stored(f"silver/{table}_quarantine").collect()
    assert [row["broken"] for row in rows] == [[reason] for reason in reasons]


def test_kinds_dates_ratings_and_countries(stored: Reads) -> None:
    """Filling what is absent, or dropping what is odd, moves one of these numbers."""
    titles = stored("silver/titles")
    kinds = {row["type"]: row["count"] for row in titles.groupBy("type").count().collect()}
    assert kinds == {"Movie": 4265, "TV Show": 1969}
    assert titles.where("date_added is null").count() == 11
    assert titles.where("rating is null").count() == 10
    dates = titles.agg(F.min("date_added"), F.max("date_added")).collect()[0]
    assert tuple(dates) == (date(2008, 1, 1), date(2020, 1, 18))
    assert stored("silver/countries").select("country").distinct().count() == 110
    assert stored("silver/countries").where("country like '%,'").count() == 0


def test_the_two_split_titles_are_whole_again(stored: Reads) -> None:
    """A break inside a record loses the title, or two fields of it, or leaves a quote behind."""
    rows = stored("gold/titles").where("show_id in (80119194, 80188902)").collect()
    found = {row["show_id"]: row for row in rows}
    memphis, bad = found[80119194], found[80188902]
    assert (memphis["title"], memphis["duration_minutes"]) == (
        "The Memphis Belle: A Story of a Flying Fortress",
        40,
    )
    assert (bad["title"], bad["duration_minutes"]) == ("The Bad Education Movie", 87)
    assert bad["description"].endswith("and probably will.")
    for row in (memphis, bad):
        assert (row["type"], row["duration_seasons"]) == ("Movie", None)
        assert row["date_added"] is not None
        assert (row["title"] + row["description"]).count('"') % 2 == 0


@pytest.mark.parametrize(
    ("table", "column"),
    [("titles", "title"), ("cast", "cast"), ("directors", "director"), ("countries", "country")],
)
def test_names_hold_single_blanks_and_nothing_invisible(stored: Reads, table: str, column: str) -> None:
    """One title ends in NBSP, one begins with U+200B: neither would be found by its name."""
    found = [row[0] for row in stored(f"silver/{table}").select(column).collect()]
    assert [value for value in found if value != " ".join(value.split())] == []
    assert [value for value in found if set(value) & set("\u200b\u200c\u200d\u2060\ufeff")] == []


def test_the_sentence_among_the_names_is_kept_and_warned(week: tuple[Path, Told], stored: Reads) -> None:
    """Reported, but not refused: it may be somebody's name for all the contract knows."""
    assert week[1].weeks[0]["checks"] == {"passed": 21, "failed": 0, "warned": 0}
    assert stored("gold/cast").where("size(split(cast, ' ')) > 10").count() == 1


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("titles", {"description: accents composed": 1}),
        ("cast", {"cast: accents composed": 2}),
        ("category", {}),
        ("countries", {}),
        ("directors", {}),
    ],
)
def test_texts_are_warned_of_only_where_they_are_not_as_meant(
    stored: Reads, table: str, expected: dict[str, int]
) -> None:
    """Of 76,000 texts three are decomposed; a rule that finds more is soon not read."""
    declared = next(found for found in TABLES if found.path == f"silver/{table}")
    rules = {rule.name: rule.breach for rule in compiled(declared) if rule.name.rpartition(": ")[2] in KINDS}
    counts = [F.sum(breach().cast("int")).alias(name) for name, breach in rules.items() if breach]
    found = stored(declared.path).agg(*counts).collect()[0].asDict()
    assert {name: rows for name, rows in found.items() if rows} == expected


def test_a_second_run_commits_nothing(week: tuple[Path, Told], real_files: Path) -> None:
    again = cloudflix(week[0], "run", "--source", str(real_files), *OPTIONS)
    assert {table["committed"] for table in again.weeks[0]["tables"].values()} == {False}
    assert again.code == 0


def test_the_other_engine_gives_the_same_digests(
    tables: dict[str, dict[str, Any]], tmp_path: Path, real_files: Path
) -> None:
    """Thirty digests, computed by two engines that share no code."""
    other = {"sail": "spark", "spark": "sail"}[Environment().engine]
    told = cloudflix_process(
        tmp_path / "home", "run", "--source", str(real_files), *OPTIONS, CLOUDFLIX_ENGINE=other
    )
    assert told.code == 0, told.stderr
    there = json.loads(told.stdout)["weeks"][0]["tables"]
    assert {path: table["digest"] for path, table in there.items()} == {
        path: table["digest"] for path, table in tables.items()
    }
