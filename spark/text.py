"""Column helpers that several tables share; each gives the same values on every engine.

What only one table needs belongs to its own module, and what only the lookups need to `lookups`.
"""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.table import REASONS

Parser = Callable[[Column], Column]

MALFORMED_RECORD = "malformed record"
"""Reason of a row whose record has too few or too many fields."""

# \\s matches U+0085 on Sail and not on the JVM.
_BLANKS = "[\\p{Z}\\s\\x85]+"
_UNTIDY = "[^!-~ ]|  |^ | \\z|^\\z"
_ZERO_WIDTH = "[\\u200B-\\u200D\\u2060\\uFEFF]"
_WHOLE_NUMBER = "^-?[0-9]{1,18}\\z"
_MONTH_DAY_YEAR = "^[0-9]{1,2}/[0-9]{1,2}/[1-9][0-9]{3}\\z"


def tidy(text: Column) -> Column:
    """Make each run of white space (NBSP, line breaks) one blank, drop zero-width characters, '' is null."""
    # Most text is tidy already, and finding that out is three times faster than tidying it.
    return F.when(text.rlike(_UNTIDY), _tidied(text)).otherwise(text)


def _tidied(text: Column) -> Column:
    blanks = F.regexp_replace(F.regexp_replace(text, _ZERO_WIDTH, ""), _BLANKS, " ")
    return F.nullif(F.trim(blanks), F.lit(""))


def is_whole_number(text: Column) -> Column:
    """Return whether text is an integer; blanks around it are allowed."""
    return F.trim(text).rlike(_WHOLE_NUMBER)


def long_number(text: Column) -> Column:
    """Parse tidy text as a 64-bit integer; null if it is not one (`1.9` is not)."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("bigint"))


def number(text: Column) -> Column:
    """Parse tidy text as a 32-bit integer; null if it is not one."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("int"))


def month_day_year(text: Column) -> Column:
    """Parse tidy text such as `9/30/2019` as a date; null if it is not one."""
    date = F.try_to_timestamp(text, F.lit("M/d/yyyy")).cast("date")
    return F.when(text.rlike(_MONTH_DAY_YEAR), date)


def readable(column: str) -> str:
    """Return the name of the reason that the text of `column` could not be parsed."""
    return f"{column}: readable"


MEANINGS = {MALFORMED_RECORD: "has as many fields as the header"}
"""The sentences of this module's reasons: what each requires of a text."""


def typed(frame: DataFrame, parsers: Mapping[str, Parser]) -> DataFrame:
    """Replace text by parsed values; `_reasons` names text that could not be parsed, and malformed records.

    Args:
        frame: has these columns as text, `malformed`, and `_reasons`, to which reasons are added.
        parsers: by column; each gets the tidied text.
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
    """Add an empty column `_reasons`, to which `typed` adds."""
    return frame.withColumn(REASONS, F.array().cast("array<string>"))
