"""Records that a stray line break split in two: joined again, by their shape alone.

The halves follow each other, both end in empty fields, and the numbers of their leading fields add
up to columns + 1, because the field at the break stands in both. The last column (an id) must come
out as a number. The quote that once closed the broken field is left over at its end, and goes.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark.table import REASONS
from spark.text import is_whole_number, without_reasons

FRAGMENT = "fragment, joined into the record before it"

_FOLLOWING = ("_next", "_next_filled", "_next_fields")


def rejoined(bronze: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Fill the first half of each split record from its second, which is named a fragment in `_reasons`.

    Only records whose last column is empty can be halves, so only those few are put in order.
    In a run of three or more fitting records only the first two are joined.
    """
    half = F.col(columns[-1]).isNull() & F.col("malformed").isNull()
    halves = bronze.where(half).transform(_with_tails, columns)
    heads = F.col("_tail").isNotNull()
    filled = {
        column: F.when(heads, _joined(columns, position)).otherwise(F.col(column))
        for position, column in enumerate(columns)
    }
    reasons = F.array_compact(F.array(F.when(F.col("_fragment"), FRAGMENT)))
    halves = halves.withColumns({**filled, REASONS: reasons}).drop(
        "_filled", "_fields", *_FOLLOWING, "_fits", "_tail", "_fragment"
    )
    return bronze.where(~half).transform(without_reasons).unionByName(halves)


def _with_tails(halves: DataFrame, columns: Sequence[str]) -> DataFrame:
    """Give each first half the fields of its second (`_tail`), and mark the second (`_fragment`).

    `_filled` is the number of leading fields up to the last one that carries data.
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
    first = F.col("_fits") & ~F.lag("_fits", 1, False).over(by_address)
    halves = halves.withColumn("_tail", F.when(first, F.col("_next_fields")))
    fragment = F.lag("_tail").over(by_address).isNotNull()
    return halves.withColumn("_fragment", fragment)


def _joined(columns: Sequence[str], position: int) -> Column:
    """Field `position` (0-based) of a head and its tail."""
    head, broken = F.col(columns[position]), F.col("_filled") - 1
    text = F.concat_ws("\n", head, F.get("_tail", F.lit(0)))
    quotes = F.length(F.regexp_replace(text, '[^"]', ""))
    left_over = (quotes % 2 == 1) & text.endswith('"')
    seam = F.when(left_over, text.substr(F.lit(1), F.length(text) - 1)).otherwise(text)
    shifted = F.get("_tail", F.lit(position) - broken)
    return F.when(broken > position, head).when(broken == position, seam).otherwise(shifted)
