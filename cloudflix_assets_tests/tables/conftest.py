"""Fixtures that make input frames of dicts, and judge a table over them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

import pyspark.sql.types as T
import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from spark.quality import duplicates, verdict
from spark.quality.rules import CompiledRule, compiled, fields
from spark.quality.texts import KINDS
from spark.registry import TABLES
from spark.table import ADDRESS, Input, Table

FILE = "titles/0.csv"
NAMES = "_names"
CLEAN: dict[str, Any] = {
    "show_id": 1,
    "type": "Movie",
    "type_flag": 1,
    "title": "A Title",
    "short_title": "A Title",
    "duration_minutes": 90,
    "duration_seasons": None,
    "date_added": date(2019, 9, 30),
    "release_year": 2019,
    "rating": "PG",
    "rating_group": "PG",
    "description": "It happens.",
}
"""What silver makes of `TITLE`."""
BY_NAME = {table.identifier: table for table in TABLES}

Rows = Mapping[str, Any]
FrameOf = Callable[..., DataFrame]


@dataclass(frozen=True)
class Judgement:
    """A judged frame, and its rows in the order of their addresses."""

    table: Table
    staged: DataFrame
    rows: list[Row]

    @cached_property
    def verdict(self) -> verdict.Verdict:
        """What one pass over the frame found."""
        return verdict.verdict(self.table, self.staged)

    @property
    def broken(self) -> list[list[str]]:
        """The names of the rules that each row broke."""
        return [row[NAMES] for row in self.rows]

    @property
    def accepted(self) -> list[dict[str, Any]]:
        """The rows to publish, with their address."""
        accepted = [row.asDict() for row in self.rows if row[verdict.ACCEPTED]]
        return [{k: v for k, v in row.items() if not k.startswith("_")} for row in accepted]


Judge = Callable[..., Judgement]


@pytest.fixture(scope="session")
def frame_of(spark_session: SparkSession) -> FrameOf:
    """Return a function that makes a week of a table: `frame_of("bronze_titles", {"title": "A"}, …)`.

    Columns that a dict leaves out are null; records are numbered from 1 unless a dict says otherwise.
    """

    def make(parameter: str, *rows: Rows) -> DataFrame:
        schema = _schema(BY_NAME[Input.of(parameter).table])
        numbers = count(1)
        addressed = ({"source_file": FILE, "record_number": next(numbers), **row} for row in rows)
        values = [tuple(row.pop(name, None) for name in schema.names) + _rest(row) for row in addressed]
        return spark_session.createDataFrame(values, schema)

    return make


@pytest.fixture(scope="session")
def judge(frame_of: FrameOf) -> Judge:
    """Return a function that builds a table and judges it: `judge(TABLE, silver_titles=[…])`."""

    def make(table: Table, **inputs: list[Rows]) -> Judgement:
        frames = {name: frame_of(name, *rows) for name, rows in inputs.items()}
        built = table.build(*(frames[name] for name in table.parameters))
        parents = {foreign.parent: frames[foreign.parent] for foreign in table.foreign_keys}
        return judgement_of(table, verdict.judged(table, built, parents))

    return make


def judgement_of(table: Table, staged: DataFrame) -> Judgement:
    """Judge the key and collect the rows by address; without addresses, by key."""
    # Materialized, as a step does.
    staged = staged.sparkSession.createDataFrame(staged.collect(), staged.schema)
    if table.key and table.has_quarantine:
        contested = duplicates.contested(table, staged)
        staged = duplicates.marked(table, staged, duplicates.duplicates(table, staged, contested))
    named = staged.withColumn(NAMES, verdict.names(table))
    order = ADDRESS if set(ADDRESS) <= set(staged.columns) else table.key
    return Judgement(table, staged, (named.orderBy(*order) if order else named).collect())


def own_rules(table: Table) -> list[CompiledRule]:
    """The rules of a table without those that every text has, which are tested in `test_texts`."""
    return [rule for rule in compiled(table) if rule.name.rpartition(": ")[2] not in KINDS]


def _schema(table: Table) -> T.StructType:
    """The table's columns, and the address, which gold tables drop only when they are written."""
    schema = T.StructType(list(fields(table).fields))
    for name, type_ in zip(ADDRESS, (T.StringType(), T.LongType()), strict=True):
        if name not in schema.names:
            schema = schema.add(name, type_)
    return schema


def _rest(row: dict[str, Any]) -> tuple[()]:
    if row:
        raise KeyError(f"the table has no columns {', '.join(row)}")
    return ()
