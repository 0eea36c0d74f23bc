"""A contract changes: columns come and go, types may not; weeks stored before stay what they were."""

import pyspark.sql.types as T
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit, log, read
from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    FIELDS,
    ROWS,
    TABLE,
    Point,
    interrupt,
    parquet_files,
    recorded,
    stored,
    version,
    week_of,
)
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3
from spark.quality import digest

SCORE = T.StructField("score", T.IntegerType())
TAGS = T.StructField("tags", T.ArrayType(T.StringType()))
WIDER = T.StructType([*FIELDS, SCORE])
NARROWER = T.StructType([FIELDS["id"]])


def columns(lake: LocalLake) -> list[str]:
    return [field.name for field in DeltaTable(lake.uri(TABLE)).schema().fields]


@pytest.mark.both_engines
def test_a_new_column_is_stored_and_null_in_old_weeks(lake: LocalLake, spark_session: SparkSession) -> None:
    """An engine that silently drops what the table lacks would lose the column."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    commit.replace(lake, spark_session, week_of(spark_session, [(3, "three", 7)], WEEK_2, fields=WIDER))

    assert columns(lake) == ["id", "name", "week", "score"]
    assert stored(lake, spark_session, WEEK_2, fields=WIDER) == [(3, "three", 7)]
    assert stored(lake, spark_session, WEEK_1, fields=WIDER) == [(1, "one", None), (2, None, None)]
    both = read.read(lake, spark_session, TABLE, None, [WEEK_1, WEEK_2])
    assert sorted(row["id"] for row in both.collect()) == [1, 2, 3]


@pytest.mark.both_engines
def test_old_weeks_keep_their_digest_over_their_columns(lake: LocalLake, spark_session: SparkSession) -> None:
    """The commit says which columns its digest covers, so that it can be checked years later."""
    old = week_of(spark_session, ROWS, WEEK_1)
    committed = commit.replace(lake, spark_session, old).version
    commit.replace(lake, spark_session, week_of(spark_session, [(3, "three", 7)], WEEK_2, fields=WIDER))

    assert recorded(lake, committed)["columns"] == FIELDS.names
    present = read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1])
    assert digest.digest(present, FIELDS) == old.digest == log.committed_digest(lake, TABLE, WEEK_1)


@pytest.mark.both_engines
def test_an_old_week_is_unchanged_while_its_new_column_is_null(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    first = commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    nulls = [(*row, None) for row in ROWS]

    again = commit.replace(lake, spark_session, week_of(spark_session, nulls, fields=WIDER))
    assert (again.version, again.committed) == (first.version, False)
    filled = [(*row, 7) for row in ROWS]
    assert commit.replace(lake, spark_session, week_of(spark_session, filled, fields=WIDER)).committed
    assert stored(lake, spark_session, WEEK_1, fields=WIDER) == filled


@pytest.mark.both_engines
def test_a_removed_column_stays_and_is_null_in_new_weeks(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    """A column that left the contract is history: dropping it would change weeks that are done."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    week = week_of(spark_session, [(3,)], WEEK_2, fields=NARROWER)
    commit.replace(lake, spark_session, week)

    assert columns(lake) == ["id", "name", "week"]
    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert stored(lake, spark_session, WEEK_2) == [(3, None)]
    assert not commit.replace(lake, spark_session, week).committed


@pytest.mark.both_engines
def test_a_column_that_comes_back_finds_its_history(lake: LocalLake, spark_session: SparkSession) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    commit.replace(lake, spark_session, week_of(spark_session, [(3,)], WEEK_2, fields=NARROWER))
    commit.replace(lake, spark_session, week_of(spark_session, [(4, "four")], WEEK_3))

    assert stored(lake, spark_session, WEEK_1, WEEK_2, WEEK_3) == [*ROWS, (3, None), (4, "four")]


@pytest.mark.both_engines
def test_a_new_list_column_is_stored(lake: LocalLake, spark_session: SparkSession) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    fields = T.StructType([*FIELDS, TAGS])
    commit.replace(
        lake, spark_session, week_of(spark_session, [(3, "x", ["a", None])], WEEK_2, fields=fields)
    )
    assert stored(lake, spark_session, WEEK_2, fields=fields) == [(3, "x", ["a", None])]
    assert stored(lake, spark_session, WEEK_1, fields=fields)[0] == (1, "one", None)


@pytest.mark.parametrize(
    ("type_", "value", "name"),
    [
        (T.StringType(), "1", "string"),
        (T.IntegerType(), 1, "int"),
        (T.DecimalType(18, 0), None, r"decimal\(18,0\)"),
        (T.ArrayType(T.LongType()), None, "array<bigint>"),
    ],
)
def test_a_changed_type_is_refused_with_the_remedy(
    lake: LocalLake, spark_session: SparkSession, type_: T.DataType, value: object, name: str
) -> None:
    """Neither engine can read a column of two types, so nothing of the week may be written."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    before = (version(lake), parquet_files(lake))
    changed = T.StructType([T.StructField("id", type_), FIELDS["name"], SCORE])

    told = rf"{TABLE}: the column id is stored as bigint.* {name}: give it a new name, or move the table away"
    with pytest.raises(TableRefused, match=told):
        commit.replace(lake, spark_session, week_of(spark_session, [(value, "x", 1)], WEEK_2, fields=changed))

    assert (version(lake), parquet_files(lake)) == before
    assert columns(lake) == ["id", "name", "week"]


@pytest.mark.parametrize(("column", "value"), [(SCORE, 8), (TAGS, ["a"])])
def test_two_runs_that_add_a_column_at_once(
    lake: LocalLake,
    spark_session: SparkSession,
    monkeypatch: pytest.MonkeyPatch,
    column: T.StructField,
    value: object,
) -> None:
    """The other run widens the table after we saw that it is too narrow; no column may be lost."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))
    theirs = T.StructType([*FIELDS, column])
    their_rows = [(4, "four", value)]
    other = week_of(spark_session, their_rows, WEEK_3, fields=theirs)
    interrupt(monkeypatch, (Point("before", "widen"), lambda: commit.replace(lake, spark_session, other)))

    ours = week_of(spark_session, [(3, "three", 7)], WEEK_2, fields=WIDER)
    assert commit.replace(lake, spark_session, ours).committed

    assert set(columns(lake)) == {"id", "name", "week", "score", column.name}
    assert stored(lake, spark_session, WEEK_2, fields=WIDER) == [(3, "three", 7)]
    assert stored(lake, spark_session, WEEK_3, fields=theirs) == their_rows
    assert stored(lake, spark_session, WEEK_1) == ROWS
