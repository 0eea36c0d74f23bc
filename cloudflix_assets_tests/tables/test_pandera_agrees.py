"""A compiled rule and pandera's own check of the same contract agree on every value."""

from datetime import date
from decimal import Decimal
from typing import Any

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from cloudflix_assets_tests.tables.conftest import own_rules
from cloudflix_assets_tests.tables.test_rules import contract, table, table_of
from spark.quality.rules import CHECKS

NUMBERS = [None, -1, 0, 1, 2, 3, 4]
TEXTS = [None, "", "a", "ab", "b", "ba", "cab", "a\n", "A", "née", "😀"]

# name: (type, the check, values that keep or break it)
CASES: dict[str, tuple[Any, dict[str, Any], list[Any]]] = {
    "equal_to": (T.LongType, {"eq": 1}, NUMBERS),
    "not_equal_to": (T.LongType, {"ne": 1}, NUMBERS),
    "greater_than": (T.LongType, {"gt": 1}, NUMBERS),
    "greater_than_or_equal_to": (T.LongType, {"ge": 1}, NUMBERS),
    "less_than": (T.LongType, {"lt": 1}, NUMBERS),
    "less_than_or_equal_to": (T.LongType, {"le": 1}, NUMBERS),
    "in_range": (T.LongType, {"in_range": {"min_value": 1, "max_value": 3}}, NUMBERS),
    "in_range, open below": (
        T.IntegerType,
        {"in_range": {"min_value": 1, "max_value": 3, "include_min": False}},
        NUMBERS,
    ),
    "in_range, open above": (
        T.IntegerType,
        {"in_range": {"min_value": 1, "max_value": 3, "include_max": False}},
        NUMBERS,
    ),
    "greater_than, dates": (T.DateType, {"gt": date(2019, 9, 30)}, [date(2019, 9, 30), date(2019, 10, 1)]),
    "less_than, decimals": (T.DecimalType(4, 2), {"lt": Decimal("0.05")}, [Decimal("0.05"), Decimal("0.04")]),
    "isin": (T.StringType, {"isin": ["a", "b"]}, TEXTS),
    "isin, numbers": (T.IntegerType, {"isin": [0, 1]}, NUMBERS),
    "notin": (T.StringType, {"notin": ["a", "b"]}, TEXTS),
    "str_matches": (T.StringType, {"str_matches": "a"}, TEXTS),
    "str_matches, classes": (T.StringType, {"str_matches": "[a-c]{2}"}, TEXTS),
    "str_matches, anchored": (T.StringType, {"str_matches": "^(?:b|c)"}, TEXTS),
    "str_contains": (T.StringType, {"str_contains": "a|é"}, TEXTS),
    "str_startswith": (T.StringType, {"str_startswith": "a"}, TEXTS),
    "str_endswith": (T.StringType, {"str_endswith": "a"}, TEXTS),
    "str_length": (T.StringType, {"str_length": {"min_value": 1, "max_value": 2}}, TEXTS),
    "str_length, at least": (T.StringType, {"str_length": {"min_value": 2}}, TEXTS),
    "str_length, at most": (T.StringType, {"str_length": {"max_value": 1}}, TEXTS),
    "str_length, exactly": (T.StringType, {"str_length": {"exact_value": 2}}, TEXTS),
}


def test_every_compiled_check_has_an_oracle() -> None:
    """A check without a case here would never be compared with pandera's."""
    assert {name.split(",")[0] for name in CASES} == set(CHECKS)


@pytest.mark.parametrize(("type_", "check", "values"), CASES.values(), ids=CASES)
def test_a_compiled_check_breaks_where_pandera_s_own_does(
    spark_session: SparkSession, type_: Any, check: dict[str, Any], values: list[Any]
) -> None:
    """They are compared value by value, with null and the limits among the values."""
    declared = table_of(type_, **check)
    schema = declared.contract.to_structtype()
    frames = [spark_session.createDataFrame([(value,)], schema) for value in values]
    oracle = [_pandera_finds_a_breach(declared.contract, frame) for frame in frames]
    assert _breaches(check, type_, spark_session.createDataFrame([(v,) for v in values], schema)) == oracle
    assert True in oracle
    assert False in oracle


def test_str_matches_anchors_every_branch(spark_session: SparkSession) -> None:
    """Here we differ from pandera on Spark: there `a|b` becomes `^a|b`, which matches `cb`."""
    frame = spark_session.createDataFrame([("a",), ("b",), ("cb",)], "x string")
    declared = {"str_matches": "a|b"}
    assert _breaches(declared, T.StringType, frame) == [False, False, True]
    assert not _pandera_finds_a_breach(table_of(T.StringType, **declared).contract, frame)


def test_null_among_the_allowed_values_allows_no_others(spark_session: SparkSession) -> None:
    """Here we differ, too: `x in (…, null)` is never false in SQL, so that pandera's rule never breaks."""
    frame = spark_session.createDataFrame([("a",), ("b",), (None,)], "x string")
    assert _breaches({"isin": ["a", None]}, T.StringType, frame) == [False, True, False]


def test_nullable(spark_session: SparkSession) -> None:
    """A null breaks the rule where the contract does not allow it."""
    declared = table(contract(x=(T.StringType, pa.Field(nullable=False))))
    frame = spark_session.createDataFrame([("",), (None,)], "x string")
    assert [_breaches({"nullable": False}, T.StringType, frame)] == [[False, True]]
    assert _pandera_finds_a_breach(declared.contract, frame)


def _breaches(check: dict[str, Any], type_: Any, frame: DataFrame) -> list[bool]:
    (rule,) = own_rules(table_of(type_, **check))
    assert rule.breach is not None
    return [row[0] for row in frame.select(F.coalesce(rule.breach(), F.lit(False))).collect()]


def _pandera_finds_a_breach(model: Any, frame: DataFrame) -> bool:
    return bool(model.validate(frame).pandera.errors)
