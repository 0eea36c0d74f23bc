"""A digest changes with the content and with nothing else, and is the same text on every engine."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyspark.sql.types as T
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark.quality import digest

TEXTS = T.ArrayType(T.StringType())
FIELDS = T.StructType(
    [
        T.StructField("text", T.StringType()),
        T.StructField("minutes", T.IntegerType()),
        T.StructField("seasons", T.IntegerType()),
        T.StructField("id", T.LongType()),
        T.StructField("new", T.BooleanType()),
        T.StructField("day", T.DateType()),
        T.StructField("moment", T.TimestampType()),
        T.StructField("share", T.DecimalType(18, 6)),
        T.StructField("names", TEXTS),
        T.StructField("days", T.ArrayType(T.DateType())),
        T.StructField("moments", T.ArrayType(T.TimestampType())),
        T.StructField("shares", T.ArrayType(T.DecimalType(4, 2))),
    ]
)
MOMENT = datetime(2019, 9, 30, 23, 59, 59, 120000, tzinfo=UTC)
ROW: dict[str, Any] = {
    "text": "Née 😀\n",
    "minutes": 90,
    "seasons": None,
    "id": 2**62,
    "new": True,
    "day": date(2019, 9, 30),
    "moment": MOMENT,
    "share": Decimal("0.333333"),
    "names": ["b", None, "a", ""],
    "days": [date(2019, 9, 30), None],
    "moments": [MOMENT, MOMENT.replace(microsecond=0), MOMENT.replace(year=1969)],
    "shares": [Decimal("1.50"), Decimal("-0.05"), Decimal(0)],
}
NULLS: dict[str, Any] = dict.fromkeys(ROW)
LOW: dict[str, Any] = {
    "text": "",
    "minutes": -(2**31),
    "seasons": 0,
    "id": -(2**63),
    "new": False,
    "day": date(1, 1, 1),
    "moment": datetime(1583, 1, 1, tzinfo=UTC),
    "share": Decimal("-999999999999.999999"),
    "names": [],
    "days": [],
    "moments": [],
    "shares": [],
}
ROWS = [ROW, NULLS, LOW]
GOLDEN = "v1:3:-3592896713532855315:6893009725760290557:62bf99e7"


@pytest.fixture
def digest_of(spark_session: SparkSession) -> Callable[..., str]:
    """Return a function that computes the digest of rows under `FIELDS` or other fields."""

    def make(rows: list[dict[str, Any]], fields: T.StructType = FIELDS) -> str:
        frame = spark_session.createDataFrame([tuple(row[n] for n in fields.names) for row in rows], fields)
        return digest.digest(frame, fields)

    return make


@pytest.mark.both_engines
def test_every_type_has_the_same_digest_on_every_engine(digest_of: Callable[..., str]) -> None:
    """These digests are constants: an engine version that hashes otherwise would rewrite every lake."""
    assert digest_of(ROWS) == GOLDEN


@pytest.mark.parametrize(
    "change",
    [
        {"minutes": None, "seasons": 90},
        {"minutes": 91},
        {"text": "Née 😀"},
        {"text": None},
        {"new": None},
        {"new": False},
        {"day": date(2019, 10, 1)},
        {"moment": MOMENT.replace(microsecond=120001)},
        {"share": Decimal("0.333334")},
        {"names": ["b", "a", None, ""]},
        {"names": ["b", "a", ""]},
        {"names": ["b", None, "a", None]},
        {"names": []},
        {"names": None},
        {"days": [None, date(2019, 9, 30)]},
        {"moments": [MOMENT]},
        {"shares": [Decimal("1.50"), Decimal("0.05"), Decimal(0)]},
    ],
    ids=str,
)
def test_any_other_value_gives_another_digest(digest_of: Callable[..., str], change: dict[str, Any]) -> None:
    """`xxhash64` alone skips nulls: minutes for seasons, or a null moved in an array, would not show."""
    assert digest_of([ROW | change]) != digest_of([ROW])


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([], None),
        ([None], []),
        ([None], None),
        (["x", None], [None, "x"]),
        (["x", None], ["x"]),
        (["!"], [None]),
        (["="], [""]),
        (["a", "b"], ["ab"]),
        (["a", "b"], ["b", "a"]),
    ],
)
def test_arrays_are_told_apart(digest_of: Callable[..., str], one: object, other: object) -> None:
    """The hash of an array alone ignores nulls: arrays that differ in them would be equal."""
    fields = T.StructType([T.StructField("names", TEXTS)])
    assert digest_of([{"names": one}], fields) != digest_of([{"names": other}], fields)


@pytest.mark.parametrize(
    "rows", [[ROW, ROW], [ROW, NULLS], [LOW, LOW], [ROW], []], ids=["twice", "nulls", "other", "once", "none"]
)
def test_rows_are_counted_and_summed(digest_of: Callable[..., str], rows: list[dict[str, Any]]) -> None:
    """A sum that is blind to a missing or a doubled row would leave a wrong week in place."""
    assert digest_of(rows) != digest_of([ROW, LOW])


def test_values_moved_between_rows_show(digest_of: Callable[..., str]) -> None:
    """A digest by column would not see two titles that changed their minutes."""
    swapped = [ROW | {"minutes": 1}, LOW | {"minutes": 90}]
    assert digest_of([ROW, LOW | {"minutes": 1}]) != digest_of(swapped)


def test_columns_swapped_in_every_row_show(spark_session: SparkSession) -> None:
    """Minutes delivered under the header of seasons, and the other way round."""
    fields = T.StructType(
        [T.StructField("minutes", T.StringType()), T.StructField("seasons", T.StringType())]
    )
    frame = spark_session.createDataFrame([("90", None), (None, "2"), ("3", "4")], fields)
    swapped = frame.select(F.col("seasons").alias("minutes"), F.col("minutes").alias("seasons"))
    assert digest.digest(frame, fields) != digest.digest(swapped, fields)


@pytest.mark.parametrize(
    "fields",
    [
        T.StructType([T.StructField("other", T.StringType())]),
        T.StructType([T.StructField("text", T.StringType()), T.StructField("more", T.StringType())]),
        T.StructType([T.StructField("text", T.LongType())]),
        T.StructType([]),
    ],
    ids=["renamed", "a column more", "another type", "a column less"],
)
@pytest.mark.parametrize("rows", [[], [{"text": None, "other": None, "more": None}]], ids=["empty", "nulls"])
def test_another_schema_gives_another_digest(
    digest_of: Callable[..., str], fields: T.StructType, rows: list[dict[str, Any]]
) -> None:
    """A renamed or retyped column is another table, even where no value differs."""
    assert digest_of(rows, fields) != digest_of(rows, T.StructType([T.StructField("text", T.StringType())]))


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "shuffle",
    [
        lambda frame: frame.repartition(5),
        lambda frame: frame.repartition(3, "id"),
        lambda frame: frame.orderBy(F.col("id").desc()),
        lambda frame: frame.select(*sorted(frame.columns, reverse=True)),
        lambda frame: frame.withColumn("week", F.lit(date(2026, 11, 9))),
    ],
    ids=["partitions", "partitions by key", "order", "order of columns", "further columns"],
)
def test_order_is_no_content(spark_session: SparkSession, shuffle: Callable[[DataFrame], DataFrame]) -> None:
    """A rerun that writes another number of files must not replace an equal week."""
    frame = spark_session.createDataFrame([tuple(row.values()) for row in ROWS], FIELDS)
    assert digest.digest(shuffle(frame), FIELDS) == GOLDEN


@pytest.mark.both_engines
def test_no_rows_have_a_digest_of_their_own(digest_of: Callable[..., str]) -> None:
    """An engine's sums over no rows are null; they must come out as the 0 of `digest.empty`."""
    assert digest_of([]) == digest.empty(FIELDS)
    assert digest.rows_of(digest.empty(FIELDS)) == 0
    assert digest.rows_of(GOLDEN) == len(ROWS)


def test_rows_that_are_not_counted_do_not_count(spark_session: SparkSession) -> None:
    """A quarantined row in the digest would replace an equal week; its condition may be null."""
    frame = spark_session.createDataFrame([tuple(row.values()) for row in ROWS], FIELDS)
    for condition, rows in [(F.col("new"), [ROW]), (~F.col("new"), [LOW]), (F.col("id").isNull(), [NULLS])]:
        counted = frame.agg(*digest.aggregates(FIELDS, condition)).collect()[0].asDict()
        alone = spark_session.createDataFrame([tuple(row.values()) for row in rows], FIELDS)
        assert digest.rendered(FIELDS, counted) == digest.digest(alone, FIELDS)
