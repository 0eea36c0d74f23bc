"""Every table of the catalogue gives the same digests however its input is ordered and cut."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets_tests.lakehouse import TITLE
from cloudflix_assets_tests.tables.conftest import FILE, FrameOf, judgement_of
from cloudflix_assets_tests.tables.test_lookups import COLUMNS
from spark.quality import digest
from spark.quality import verdict as quality
from spark.registry import TABLES
from spark.table import Layer, Table

pytestmark = pytest.mark.both_engines

FIRST_HALF: dict[str, Any] = dict(zip(TITLE, [*list(TITLE.values())[:7], "And"], strict=False))
SECOND_HALF: dict[str, Any] = dict(zip(TITLE, ['so."', "6"], strict=False))
# Ties wherever a table ranks, contests a key or looks at its neighbours.
BRONZE_TITLES: list[dict[str, Any]] = [
    TITLE,
    TITLE,
    TITLE | {"title": "Another"},
    TITLE | {"show_id": "2", "duration_minutes": "5000"},
    TITLE | {"show_id": "2"},
    FIRST_HALF,
    SECOND_HALF,
    FIRST_HALF,
    SECOND_HALF,
    TITLE | {"show_id": "3", "duration_minutes": None},
    TITLE | {"show_id": "x"},
    dict.fromkeys(TITLE) | {"malformed": "90,,Movie"},
    TITLE | {"show_id": "4", "title": "Same"},
    TITLE | {"show_id": "4", "title": "Other"},
]
FILM = {"duration_minutes": 90, "type": "Movie", "type_flag": 1, "release_year": 2019}
SERIES = {"type": "TV Show", "type_flag": 2, "release_year": 2019}
TITLE_ROWS: list[dict[str, Any]] = [
    FILM | {"show_id": 1, "title": "A"},
    FILM | {"show_id": 1, "title": "B"},
    FILM | {"show_id": 2, "title": "C"},
    FILM | {"show_id": 3, "title": "D", "duration_minutes": 60},
    SERIES | {"show_id": 4, "title": "E"},
    SERIES | {"show_id": 5, "title": None},
]


def rows_of(parameter: str) -> list[dict[str, Any]]:
    """Return a week of a table that holds ties, duplicates and split records."""
    layer, name = parameter.removesuffix("_before").split("_")
    if layer == "raw":
        return [{"path": FILE, "header": ",".join(TITLE)}]
    if name == "titles":
        rows = BRONZE_TITLES if layer == "bronze" else TITLE_ROWS
        return rows[::2] if parameter.endswith("_before") else rows
    ids = ["1", "1", "2", "6", "3", "9", None] if layer == "bronze" else [1, 1, 2, 9, None]
    return [{COLUMNS[name]: "Ann", "show_id": show_id} for show_id in ids]


def by_chance(seed: int) -> Callable[[DataFrame], DataFrame]:
    """Return a function that puts rows into another order and another number of partitions."""
    return lambda frame: frame.repartition(seed + 1).orderBy(F.rand(seed)).repartition(seed + 2)


@pytest.mark.parametrize(
    "table",
    [
        table
        for table in TABLES
        if table.layer in (Layer.SILVER, Layer.GOLD) and table.name in {"titles", *COLUMNS}
    ],
    ids=lambda table: table.path,
)
def test_shuffled_input_gives_the_same_digests(frame_of: FrameOf, table: Table) -> None:
    """Of equal candidates the lowest address wins, never the one that came first."""
    frames = {name: frame_of(name, *rows_of(name)) for name in table.parameters}
    frames |= {key.parent: frame_of(key.parent, *rows_of(key.parent)) for key in table.foreign_keys}
    assert outcome(table, frames, by_chance(1)) == outcome(table, frames, by_chance(4))


def outcome(
    table: Table, frames: dict[str, DataFrame], shuffled: Callable[[DataFrame], DataFrame]
) -> tuple[quality.Verdict, str]:
    """Return the verdict, and the digest of the quarantine."""
    given = {name: shuffled(frame) for name, frame in frames.items()}
    built = table.build(*(given[name] for name in table.parameters))
    found = judgement_of(table, quality.judged(table, built, given))
    refused = quality.quarantined(table, found.staged, given[table.parameters[0]])
    verdict = found.verdict
    assert verdict.accepted > 0
    assert verdict.refused > 0
    return verdict, digest.digest(refused, quality.QUARANTINE)
