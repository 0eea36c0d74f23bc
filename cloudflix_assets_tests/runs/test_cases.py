"""Deliveries as people really made them: what each gives, and what is told of it.

Each is a folder of `cases`, whose README says what it holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.assets.rule_texts import breaches
from cloudflix_assets.layouts.declaration import SHIPPED, TWELVE_COLUMNS
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.directory import Directory
from cloudflix_assets_tests.lakehouse import WEEK_2, WEEK_3, Lakehouse
from spark.registry import TABLES

GOLD = [table.path for table in TABLES if table.layer == "gold"]
WEEKS = {"root_and_weeks": WEEK_3}
"""The weeks of the cases; of the others it is `WEEK_2`."""


def rows(number: int, **others: int) -> dict[str, int]:
    """The rows of each gold table; `cast=2` of those that have others."""
    return {path: others.get(path.removeprefix("gold/"), number) for path in GOLD}


@dataclass(frozen=True)
class Published:
    """A week that is published.

    Args:
        gold: rows by table; None where the case is about something else.
        told: what stands in its notices, or in the words of the rules that were broken.
        broken: the least number of rows that broke a rule, by table.
    """

    gold: Mapping[str, int] | None
    told: tuple[str, ...] = ()
    broken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A week that is not, by the step that refuses it and what stands in its sentence."""

    step: str
    told: tuple[str, ...]


LANDING, TITLES = "publication", "silver_titles"
NUMBERS = ("titles.py declares", "a layout can declare how", "docs/other-sources.md")
CASES: dict[str, Published | Refused] = {
    "header_spaces": Published(rows(100), ("netflix_cast.csv: the header has ' show_id', read as show_id",)),
    "nbsp_header": Published(rows(20), ("netflix_cast.csv: the header has 'show_id\\xa0', read as show_id",)),
    "double_bom": Published(rows(20)),
    "bom_all_quoted": Published(rows(20)),
    "sep_line_comma": Published(rows(100)),
    "sep_line_semicolon": Refused(
        LANDING, ("netflix_cast.csv begins with Excel's line sep=;", "set CLOUDFLIX_DELIMITER=', cast=;'")
    ),
    "tab_separated": Refused(
        LANDING, ("fields are parted by tabs, not commas", "set CLOUDFLIX_DELIMITER=', cast=tab'")
    ),
    "headerless": Refused(LANDING, ("has no header: its first line looks like a record (1, Actor 1)",)),
    "blank_header_index": Published(rows(100), ("netflix_cast.csv has column 1, which has no name: kept",)),
    "trailing_empty_columns": Published(
        rows(100), ("netflix_titles.csv: 14 empty columns without a name (10 to 23)",)
    ),
    "duplicate_header_director": Refused(
        LANDING, ("repeats the column director; it has show_id, director, director",)
    ),
    "kaggle_single_layout": Refused(
        LANDING, ("this looks like the 12-column layout of the catalogue", "CLOUDFLIX_LAYOUT=twelve_columns")
    ),
    "pandas_floats": Refused(
        TITLES,
        ("in 100 rows duration_minutes is no whole number (90.0 in netflix_titles.csv#1)", *NUMBERS),
    ),
    "long_dates": Refused(
        TITLES,
        (
            "date_added is no date such as 9/30/2019 ('September 25, 2021' in netflix_titles.csv#1)",
            'spark/silver/titles.py declares: date_in("MMMM d, yyyy") reads such texts of date_added',
        ),
    ),
    "iso_dates": Refused(
        TITLES,
        (
            "date_added is no date such as 9/30/2019 (2021-09-25 in netflix_titles.csv#1)",
            'spark/silver/titles.py declares: date_in("yyyy-MM-dd") reads such texts of date_added',
        ),
    ),
    "thousands": Refused(
        TITLES, ("show_id is no whole number ('81,145,601' in netflix_titles.csv#1", *NUMBERS)
    ),
    "psql_quotes": Refused(LANDING, ("netflix_cast.csv: record 7 has text after a closing quote",)),
    "one_file_resaved": Refused(
        LANDING, ("netflix_cast.csv: its fields are parted by semicolons", "CLOUDFLIX_DELIMITER=', cast=;'")
    ),
    "summary_row": Published(
        rows(20), ("the record has not as many fields as the header",), {"silver/cast": 1}
    ),
    "excel_empty_rows": Published(rows(100), ("empty record",), {"silver/titles": 3}),
    "dmy_excel": Refused(
        TITLES,
        ("in 4 rows date_added is a day/month/year", 'date_in("d/M/yyyy") reads such texts of date_added'),
    ),
    "old_date_typo": Published(None, ("date_added",), {"silver/titles": 2}),
    "rating_duration_swapped": Published(rows(100), ("rating", "duration"), {"silver/titles": 3}),
    "null_tokens": Published(rows(99), ("director",), {"silver/directors": 99}),
    "nfc_nfd": Published(rows(20, cast=2), ("cast",), {"silver/cast": 1}),
    "root_and_weeks": Published(rows(30), ("netflix_titles.csv", "not taken", "2026-11-16")),
    "stray_root": Published(rows(20), ("netflix_titles.csv", "not taken", "2026-11-09")),
}


DECLARED: dict[str, tuple[dict[str, str], int]] = {
    "sep_line_semicolon": ({"delimiter": "cast=;"}, 100),
    "tab_separated": ({"delimiter": "cast=tab"}, 100),
    "one_file_resaved": ({"delimiter": "cast=;", "encoding": "cast=cp1252"}, 20),
}
"""Settings with which a refused case is published, and the rows of each gold table then."""

LAYOUTS: dict[str, tuple[str, dict[str, int]]] = {
    "kaggle_single_layout": (
        Path(SHIPPED[TWELVE_COLUMNS]).read_text(encoding="utf-8"),
        {**rows(100), "gold/cast": 200},
    ),
    "pandas_floats": ("[titles.columns]\nduration_minutes.decimal = '.'", rows(100)),
    "long_dates": ("[titles.columns]\ndate_added.dates = ['MMMM d, yyyy']", rows(100)),
    "iso_dates": ("[titles.columns]\ndate_added.dates = ['yyyy-MM-dd']", rows(100)),
}
"""Layouts with which a refused case is published, and rows of gold tables then."""

Runs = Callable[..., WeekResult]


@pytest.fixture
def run(environment: Environment, instance: dg.DagsterInstance, cases: Path) -> Runs:
    """Runs a case, with settings that are declared for it."""

    def run_case(name: str, **declared: str) -> WeekResult:
        settings = environment.model_dump(exclude={"java_home", "github_token"}) | declared
        declared_for = Environment(**settings)
        files = Agreement.of(declared_for).files
        house = Lakehouse(declared_for, instance, source=Directory(cases / name, files=files))
        return house.run(WEEKS.get(name, WEEK_2))

    return run_case


def test_every_case_says_what_it_gives(cases: Path) -> None:
    """One that was added and is run by nobody proves nothing."""
    assert {path.name for path in cases.iterdir() if path.is_dir()} == set(CASES)


@pytest.mark.parametrize("name", [name for name in CASES if isinstance(CASES[name], Refused)])
def test_a_case_is_refused_in_a_sentence_that_helps(run: Runs, name: str) -> None:
    """It says what stands there, where, and what reads it."""
    case, result = CASES[name], run(name)
    assert isinstance(case, Refused)
    assert list(result.failures) == [case.step]
    assert [part for part in case.told if part not in result.failures[case.step]] == []


@pytest.mark.parametrize("name", [name for name in CASES if isinstance(CASES[name], Published)])
def test_a_case_is_published_and_told_of(run: Runs, name: str) -> None:
    """Every row is where it belongs, and what is odd about them is said."""
    case, result = CASES[name], run(name)
    assert isinstance(case, Published)
    assert result.failures == {}
    if case.gold:
        assert {path: result.tables[path].rows for path in case.gold} == case.gold
    told = "\n".join([*result.notices, *words(result)])
    assert [part for part in case.told if part not in told] == []
    broken = {path: sum(counts.values()) for path, counts in rules(result)}
    assert [path for path, least in case.broken.items() if broken.get(path, 0) < least] == []
    assert case.told or case.broken or not (told or broken), "nothing is odd about it"


@pytest.mark.parametrize("name", DECLARED)
def test_a_case_is_published_as_it_was_declared(run: Runs, name: str) -> None:
    """What the sentence says is what helps."""
    declared, number = DECLARED[name]
    result = run(name, **declared)
    assert result.failures == {}
    assert {path: result.tables[path].rows for path in GOLD} == rows(number)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_case_is_published_in_the_layout_that_was_declared(run: Runs, tmp_path: Path, name: str) -> None:
    """A source that writes otherwise needs no code."""
    text, gold = LAYOUTS[name]
    layout = tmp_path / "layout.toml"
    layout.write_text(text, encoding="utf-8")
    result = run(name, layout=str(layout))
    assert result.failures == {}
    assert {path: result.tables[path].rows for path in gold} == gold


def rules(result: WeekResult) -> Iterator[tuple[str, Mapping[str, int]]]:
    """The broken rules by table, those of rows that were quarantined and of rows that were kept."""
    yield from result.quarantined.items()
    yield from result.warned.items()


def words(result: WeekResult) -> Iterator[str]:
    """What a broken rule says, once per rule."""
    for table in TABLES:
        for path, counts in rules(result):
            if path == table.path:
                yield from (breaches(table)[rule] for rule in counts)
