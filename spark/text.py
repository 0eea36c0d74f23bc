"""Column helpers that several tables share; each gives the same values on every engine.

What only one table needs belongs to its own module, and what only the lookups need to `lookups`.
"""

from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import and_
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.table import ADDRESS, REASONS

Parser = Callable[[Column], Column]
DateForm = Literal["M/d/yyyy", "d/M/yyyy", "yyyy-MM-dd", "MMMM d, yyyy"]

MALFORMED_RECORD = "malformed record"
"""Reason of a row whose record has too few or too many fields."""

EMPTY_RECORD = "empty record"
"""Reason of a row whose record has no text in any field, as spreadsheets leave them behind."""

# \\s matches U+0085 on Sail and not on the JVM.
_BLANKS = "[\\p{Z}\\s\\x85]+"
_UNTIDY = "[^!-~ ]|  |^ | \\z|^\\z"
_ZERO_WIDTH = "[\\u200B-\\u200D\\u2060\\uFEFF]"
_WHOLE_NUMBER = "^-?[0-9]{1,18}\\z"
# The engines read what is not exactly of such a shape differently: `Sep 5, 2021` on Sail alone.
_SHAPES: Mapping[DateForm, str] = {
    "M/d/yyyy": "[0-9]{1,2}/[0-9]{1,2}/[1-9][0-9]{3}",
    "d/M/yyyy": "[0-9]{1,2}/[0-9]{1,2}/[1-9][0-9]{3}",
    "yyyy-MM-dd": "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}",
    "MMMM d, yyyy": "(?:January|February|March|April|May|June|July|August|September|October|November"
    "|December) [0-9]{1,2}, [1-9][0-9]{3}",
}
_MONTH, _DAY_OVER_12 = "(?:0?[1-9]|1[0-2])", "(?:1[3-9]|2[0-9]|3[01])"


def tidy(text: Column) -> Column:
    """Make each run of white space (NBSP, line breaks) one blank, drop zero-width characters, '' is null."""
    # Most text is tidy already, and finding that out is three times faster than tidying it.
    return F.when(text.rlike(_UNTIDY), _tidied(text)).otherwise(text)


def _tidied(text: Column) -> Column:
    blanks = F.regexp_replace(F.regexp_replace(text, _ZERO_WIDTH, ""), _BLANKS, " ")
    return F.nullif(F.trim(blanks), F.lit(""))


def long_number(text: Column) -> Column:
    """Parse tidy text as a 64-bit integer; null if it is not one (`1.9` is not)."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("bigint"))


def number(text: Column) -> Column:
    """Parse tidy text as a 32-bit integer; null if it is not one."""
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast("int"))


@cache
def date_in(form: DateForm) -> Parser:
    """Return the parser of tidy text as a date in this form; null if it is not one."""
    shape = f"^(?:{_SHAPES[form]})\\z"
    return lambda text: F.when(text.rlike(shape), F.try_to_timestamp(text, F.lit(form)).cast("date"))


def readable(column: str) -> str:
    """Return the name of the reason that the text of `column` could not be parsed."""
    return f"{column}: readable"


def day_first(column: str) -> str:
    """Return the name of the reason that a file seems to write the dates of `column` with the day first."""
    return f"{column}: looks like day/month/year"


def month_first(column: str) -> str:
    """Return the name of the reason that a date has the month first, where most have the day first."""
    return f"{column}: looks like month/day/year"


MEANINGS = {MALFORMED_RECORD: "has as many fields as the header", EMPTY_RECORD: "no empty record"}
"""The sentences of this module's reasons: what each requires of a text."""


def typed(frame: DataFrame, parsers: Mapping[str, Parser], delivered: DataFrame | None = None) -> DataFrame:
    """Replace text by parsed values; `_reasons` names what could not be parsed, malformed and empty records.

    Where a file has more dates that can only be day/month/year than such that can only be month/day/year,
    the former get the reason `day_first` and the latter `month_first`: all others would be read wrongly.

    Args:
        frame: has these columns as text, `malformed`, and `_reasons`, to which reasons are added.
        parsers: by column; each gets the tidied text.
        delivered: the records as they came, if `frame` is not cheap to read twice.
    """
    fields = [name for name in frame.columns if name not in (*ADDRESS, REASONS)]
    dates = [column for column, parse in parsers.items() if parse is date_in("M/d/yyyy")]
    for column in dates:
        frame = _with_day_first(frame, frame if delivered is None else delivered, column)
    texts = {f"_{column}": tidy(F.col(column)) for column in parsers}
    values = {column: parse(F.col(f"_{column}")) for column, parse in parsers.items()}
    found = [F.when(F.col("malformed").isNotNull(), MALFORMED_RECORD)]
    found.append(F.when(reduce(and_, (F.col(name).isNull() for name in fields)), EMPTY_RECORD))
    found += [F.col(_mark(column)) for column in dates]
    found += [
        F.when(F.col(f"_{column}").isNotNull() & F.col(column).isNull(), readable(column))
        for column in parsers
    ]
    reasons = F.concat(F.col(REASONS), F.array_compact(F.array(*found)))
    frame = frame.withColumns(texts).withColumns(values).withColumn(REASONS, reasons)
    return frame.drop(*texts, *map(_mark, dates))


def _with_day_first(frame: DataFrame, delivered: DataFrame, column: str) -> DataFrame:
    """Mark the dates that can be read in one way only, in files where most of them have the day first.

    Without a date that can be read both ways, nothing is read wrongly, and nothing is marked.
    """
    text = tidy(F.col(column))
    month, day = text.rlike(f"^{_MONTH}/{_DAY_OVER_12}/"), text.rlike(f"^{_DAY_OVER_12}/{_MONTH}/")
    both = text.rlike(f"^{_MONTH}/{_MONTH}/")
    seen = {"_month": month, "_day": day, "_both": both}
    counts = (F.count(F.when(found, 1)).alias(name) for name, found in seen.items())
    files = delivered.groupBy("source_file").agg(*counts)
    is_day_first = (F.col("_day") > F.col("_month")) & (F.col("_both") > 0)
    files = files.where(is_day_first).select("source_file", F.lit(True).alias(_mark(column)))
    marked = files.join(frame, "source_file", "right")
    reason = F.when(day, day_first(column)).when(month, month_first(column))
    return marked.withColumn(_mark(column), F.when(F.col(_mark(column)), reason))


def _mark(column: str) -> str:
    return f"_{column}_day_first"


def without_reasons(frame: DataFrame) -> DataFrame:
    """Add an empty column `_reasons`, to which `typed` adds."""
    return frame.withColumn(REASONS, F.array().cast("array<string>"))
