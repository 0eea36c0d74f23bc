"""A quarantine keeps the input of a row, as JSON text that is equal on every engine."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark.quality import verdict
from spark.table import ADDRESS, Layer, Table

pytestmark = pytest.mark.both_engines

GIVEN = T.StructType(
    [
        T.StructField("text", T.StringType()),
        T.StructField("number", T.LongType()),
        T.StructField("day", T.DateType()),
        T.StructField("moment", T.TimestampType()),
        T.StructField("share", T.DecimalType(10, 4)),
        T.StructField("new", T.BooleanType()),
        T.StructField("broken", T.StringType()),
        T.StructField("record", T.StringType()),
        T.StructField("source_file", T.StringType()),
        T.StructField("record_number", T.LongType()),
    ]
)
VALUES: dict[str, Any] = {
    "text": "A",
    "number": -5,
    "day": date(2019, 9, 30),
    "moment": datetime(2019, 9, 30, 1, 2, 3, 120000, tzinfo=UTC),
    "share": Decimal("1.5"),
    "new": True,
}
RULES = ("b rule", "a rule")


class Contract(pa.DataFrameModel):
    """A contract without rules."""

    text: T.StringType = pa.Field(nullable=True)


TABLE = Table(
    layer=Layer.SILVER, name="any", grain="", contract=Contract, build=lambda given: given, reasons=RULES
)
CONTROLS = [chr(code) for code in (*range(0x20), 0x7F)]
TEXTS = {
    'He said "no" \\ / </b>': 'He said "no" \\ / </b>',
    "née 😀 \N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{LINE SEPARATOR}\x85\uffff": None,
    "two\r\nlines\tand a tab": "two��lines�and a tab",
    "".join(CONTROLS): "�" * len(CONTROLS),
    "": "",
    "null": "null",
}


def refused(session: SparkSession, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the quarantine of an input of which every row but the second was quarantined."""
    values = [
        tuple((row | {"source_file": "f", "record_number": number}).get(name) for name in GIVEN.names)
        for number, row in enumerate(rows, 1)
    ]
    given = session.createDataFrame(values, GIVEN)
    found = verdict.quarantined(TABLE, _staged(given), given)
    assert found.columns == verdict.QUARANTINE.names
    return [row.asDict() for row in found.orderBy("record_number").collect()]


def _staged(given: DataFrame) -> DataFrame:
    broken = F.lit(verdict.mask(TABLE, RULES))
    return given.select(
        *ADDRESS, broken.alias(verdict.BROKEN), (F.col("record_number") == 2).alias(verdict.ACCEPTED)
    )


def test_the_quarantined_rows_with_address_and_rules(spark_session: SparkSession) -> None:
    """The accepted row is left out; the address has columns of its own and is not in the record."""
    assert refused(spark_session, {"text": "A"}, {"text": "B"}, {"text": "C"}) == [
        {"source_file": "f", "record_number": 1, "record": '{"text":"A"}', "broken": ["a rule", "b rule"]},
        {"source_file": "f", "record_number": 3, "record": '{"text":"C"}', "broken": ["a rule", "b rule"]},
    ]


def test_an_input_may_have_columns_named_as_the_quarantine_has(spark_session: SparkSession) -> None:
    """The engine could not tell them apart, and failed with an internal error."""
    (row,) = refused(spark_session, {"text": "A", "broken": "a leg", "record": "1:59"})
    assert row["record"] == '{"text":"A","broken":"a leg","record":"1:59"}'
    assert row["broken"] == ["a rule", "b rule"]


def test_every_type_is_written_as_text(spark_session: SparkSession) -> None:
    """The engines' `to_json` differ on timestamps and decimals; the digest of a quarantine must not."""
    (row,) = refused(spark_session, VALUES)
    assert row["record"] == (
        '{"text":"A","number":"-5","day":"2019-09-30","moment":"2019-09-30 01:02:03.12",'
        '"share":"1.5000","new":"true"}'
    )


def test_absent_values_are_left_out(spark_session: SparkSession) -> None:
    """A record of absent values alone must be kept, too."""
    (row,) = refused(spark_session, {})
    assert row["record"] == "{}"


@pytest.mark.parametrize(("text", "shown"), TEXTS.items(), ids=range(len(TEXTS)))
def test_text_survives_but_for_control_characters(
    spark_session: SparkSession, text: str, shown: str | None
) -> None:
    """The engines escape control characters differently, so they become U+FFFD; other text reads back."""
    (row,) = refused(spark_session, {"text": text})
    assert json.loads(row["record"]) == {"text": text if shown is None else shown}


def test_quotes_and_unicode_are_the_same_text(spark_session: SparkSession) -> None:
    """The text itself is hashed: two texts that only parse to the same value would differ."""
    (row,) = refused(spark_session, {"text": '"née" \\ / 😀\N{NO-BREAK SPACE}\n'})
    assert row["record"] == '{"text":"\\"née\\" \\\\ / 😀\N{NO-BREAK SPACE}�"}'
