"""Column helpers that several tables share. All of them mean the same on every engine."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.table import ADDRESS, REASONS

MALFORMED_RECORD = "malformed record"
_BLANKS = "[\\p{Z}\\s]+"
_ZERO_WIDTH = "[\\u200B-\\u200D\\u2060\\uFEFF]"
_WHOLE_NUMBER = "^-?[0-9]{1,18}\\z"
_MONTH_DAY_YEAR = "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}\\z"


def tidy(column: str) -> Column:
    """One blank for each run of white space (NBSP and line breaks too), no zero-width characters, no ''."""
    text = F.trim(F.regexp_replace(F.regexp_replace(column, _ZERO_WIDTH, ""), _BLANKS, " "))
    return F.when(text != "", text)


def is_whole_number(text: Column) -> Column:
    """Whether text is an integer as `whole_number` reads it, but for white space around it."""
    return F.trim(text).rlike(_WHOLE_NUMBER)


def whole_number(column: str, type_: str) -> Column:
    """An integer of `type_`, or null where the text is none (`1.9` is none)."""
    text = tidy(column)
    return F.when(text.rlike(_WHOLE_NUMBER), text.try_cast(type_))


def month_day_year(column: str) -> Column:
    """A date written `9/30/2019`, or null where the text is none."""
    text = tidy(column)
    date = F.try_to_timestamp(text, F.lit("M/d/yyyy")).cast("date")
    return F.when(text.rlike(_MONTH_DAY_YEAR), date)


def readable(column: str) -> str:
    """Name of the reason that `column` holds text which its type cannot."""
    return f"{column}: readable"


LOOKUP_REASONS = (MALFORMED_RECORD, readable("show_id"))


def typed(frame: DataFrame, parsed: dict[str, Column]) -> DataFrame:
    """Put `parsed` in place of text columns, naming unreadable text and malformed records as reasons."""
    found = [F.when(F.col("malformed").isNotNull(), MALFORMED_RECORD)]
    found += [
        F.when(tidy(column).isNotNull() & value.isNull(), readable(column))
        for column, value in parsed.items()
    ]
    reasons = F.array_compact(F.array(*found))
    if REASONS in frame.columns:
        reasons = F.concat(F.col(REASONS), reasons)
    return frame.withColumns({**parsed, REASONS: reasons})


def credits(bronze: DataFrame, name: str, value: Column) -> DataFrame:
    """What the four lookups share: `value` as `name`, and the title it belongs to."""
    numbers = {"show_id": whole_number("show_id", "bigint")}
    frame = typed(bronze, numbers).withColumn(name, value)
    return frame.select("show_id", name, *ADDRESS, REASONS)
