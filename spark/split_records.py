"""Join split records: a stray line break cut each in two, a first half and a second half.

They are found by their shape alone. The halves follow each other, both end in empty fields, and the
numbers of their leading fields add up to columns + 1, because the field at the break stands in both.
The last column (an id) must come out as a number. A quote that closed the broken field before the
break is left over at its end and is removed.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark.table import REASONS
from spark.text import is_whole_number, without_reasons

SECOND_HALF = "fragment, joined into the record before it"
"""Reason of a second half; quarantines that were written before hold this text, so it stays."""

_FOLLOWING = ("_next", "_next_filled", "_next_fields")


def rejoined(bronze: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Fill the first half of each split record from its second half, which gets the reason `SECOND_HALF`.

    Only a record whose last column is empty can be a half, so only those few are put in order.
    Of three or more records in a row that fit each other, only the first two are joined.

    Args:
        bronze: has these columns as text, `malformed` and the address.
        columns: those of the delivered file, in its order; the last holds the id.
    """
    may_be_half = F.col(columns[-1]).isNull() & F.col("malformed").isNull()
    halves = bronze.where(may_be_half).transform(_with_second_halves, columns)
    is_first = F.col("_second").isNotNull()
    filled = {
        column: F.when(is_first, _joined(columns, position)).otherwise(F.col(column))
        for position, column in enumerate(columns)
    }
    reasons = F.array_compact(F.array(F.when(F.col("_is_second"), SECOND_HALF)))
    halves = halves.withColumns({**filled, REASONS: reasons}).drop(
        "_filled", "_fields", *_FOLLOWING, "_fits", "_second", "_is_second"
    )
    return bronze.where(~may_be_half).transform(without_reasons).unionByName(halves)


def _with_second_halves(halves: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Give each first half the fields of its second half (`_second`), and mark that one (`_is_second`).

    `_filled` is the number of leading fields up to the last one that is not empty.
    """
    by_address = Window.partitionBy("source_file").orderBy("record_number")
    filled = F.coalesce(
        F.greatest(*(F.when(F.col(c).isNotNull(), i) for i, c in enumerate(columns, 1))), F.lit(0)
    )
    halves = halves.withColumns({"_filled": filled, "_fields": F.array(*columns)})
    following = (F.lead(column).over(by_address) for column in ("record_number", "_filled", "_fields"))
    halves = halves.withColumns(dict(zip(_FOLLOWING, following, strict=True)))
    last = F.get("_next_fields", F.lit(len(columns)) - F.col("_filled"))
    adjacent = F.col("_next") == F.col("record_number") + 1
    complete = F.col("_next_filled") + F.col("_filled") == len(columns) + 1
    fits = adjacent & complete & is_whole_number(last)
    halves = halves.withColumn("_fits", F.coalesce(fits, F.lit(False)))
    is_first = F.col("_fits") & ~F.lag("_fits", 1, False).over(by_address)
    halves = halves.withColumn("_second", F.when(is_first, F.col("_next_fields")))
    is_second = F.lag("_second").over(by_address).isNotNull()
    return halves.withColumn("_is_second", is_second)


def _joined(columns: Sequence[str], position: int) -> Column:
    """Field `position` (0-based) of the record that a first half and its second half make."""
    first, broken = F.col(columns[position]), F.col("_filled") - 1
    text = F.concat_ws("\n", first, F.get("_second", F.lit(0)))
    quotes = F.length(F.regexp_replace(text, '[^"]', ""))
    left_over = (quotes % 2 == 1) & text.endswith('"')
    seam = F.when(left_over, text.substr(F.lit(1), F.length(text) - 1)).otherwise(text)
    shifted = F.get("_second", F.lit(position) - broken)
    return F.when(broken > position, first).when(broken == position, seam).otherwise(shifted)
