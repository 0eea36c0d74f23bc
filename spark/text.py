"""Column helpers that several tables share. All of them mean the same on every engine."""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.table import REASONS

Parser = Callable[[Column], Column]

MALFORMED_RECORD = "malformed record"
# The JVM's \\s does not hold U+0085, Sail's does.
_BLANKS = "[\\p{Z}\\s\\x85]+"
_UNTIDY = "[^!-~ ]|  |^ | \\z|^\\z"
_ZERO_WIDTH = "[\\u200B-\\u200D\\u2060\\uFEFF]"
_WHOLE_NUMBER = "^-?[0-9]{1,18}\\z"
_MONTH_DAY_YEAR = "^[0-9]{1,2}/[0-9]{1,2}/[1-9][0-9]{3}\\z"


def tidy(text: Column) -> Column:
    """One blank for each run of white space (NBSP and line breaks too), no zero-width characters, no ''."""
    # Most text is tidy, and telling so is three times faster than tidying it.
    return F.when(text.rlike(_UNTIDY), _tidied(text)).otherwise(text)


def _tidied(text: Column) -> Column:
    blanks = F.regexp_replace(F.regexp_replace(text, _ZERO_WIDTH, ""), _BLANKS, " ")
    return F.nullif(F.trim(blanks), F.lit(""))


def is_whole_number(text: Column) -> Column:
    """Whether text is an integer, but for blanks around it."""
    return F.trim(text).rlike(_WHOLE_NUMBER)


def long_number(text: Column) -> Column:
    """Tidy text as a 64-bit integer, or null where it is none (`1.9` is none)."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("bigint"))


def number(text: Column) -> Column:
    """Tidy text as a 32-bit integer, or null where it is none."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("int"))


def month_day_year(text: Column) -> Column:
    """Tidy text such as `9/30/2019` as a date, or null where it is none."""
    date = F.try_to_timestamp(text, F.lit("M/d/yyyy")).cast("date")
    return F.when(text.rlike(_MONTH_DAY_YEAR), date)


def readable(column: str) -> str:
    """Name of the reason that `column` holds text which its type cannot."""
    return f"{column}: readable"


MEANINGS = {MALFORMED_RECORD: "as many fields as the header"}


def typed(frame: DataFrame, parsers: Mapping[str, Parser]) -> DataFrame:
    """Put parsed values in place of text, naming unreadable text and malformed records in `_reasons`.

    `frame` has a column `_reasons`, to which they are added.
    """
    texts = {f"_{column}": tidy(F.col(column)) for column in parsers}
    values = {column: parse(F.col(f"_{column}")) for column, parse in parsers.items()}
    found = [F.when(F.col("malformed").isNotNull(), MALFORMED_RECORD)]
    found += [
        F.when(F.col(f"_{column}").isNotNull() & F.col(column).isNull(), readable(column))
        for column in parsers
    ]
    reasons = F.concat(F.col(REASONS), F.array_compact(F.array(*found)))
    return frame.withColumns(texts).withColumns(values).withColumn(REASONS, reasons).drop(*texts)


def without_reasons(frame: DataFrame) -> DataFrame:
    """Add an empty `_reasons`, which `typed` adds to."""
    return frame.withColumn(REASONS, F.array().cast("array<string>"))
