"""Judge the key of a table: of rows with equal keys, the one with the lowest address stays accepted.

An aggregate over hashes finds the keys that more than one row has, and only their rows are put in
order: a window over all rows would cost more than the rest of the step. All other rules are judged
before, in `verdict`.
"""

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark.quality import digest
from spark.quality.rules import DUPLICATE_KEY, DUPLICATE_ROW, fields
from spark.quality.verdict import ACCEPTED, BROKEN, is_accepted, mask
from spark.table import ADDRESS, Table

_RULE = "_duplicate"
_HASH = "_key"


def contested(table: Table, judged: DataFrame) -> DataFrame:
    """Return the hashes of keys that more than one accepted row has, and of other keys if hashes collide.

    `judged` is read again by `duplicates`: materialize it before. Rows with a null in the key are left out.
    """
    hashes = _candidates(table, judged).select(_HASH)
    return hashes.groupBy(_HASH).count().where(F.col("count") > 1).select(_HASH)


def duplicates(table: Table, judged: DataFrame, contested: DataFrame) -> DataFrame:
    """Return the addresses of accepted rows whose key an earlier row has, with the bit of the broken rule."""
    rows = contested.join(_candidates(table, judged), _HASH, "inner")
    content = [field for field in fields(table) if field.name not in (*ADDRESS, *table.key)]
    # Rows of one key are compared by a hash of their other columns, which is narrower than the columns.
    rows = rows.withColumn("_content", digest.row_hash(content))
    repeats, equals = _place(*table.key) > 1, _place(*table.key, "_content") > 1
    rows = rows.withColumns({"_repeats": repeats, "_equals": equals})
    rule = F.when(F.col("_equals"), _bit(table, DUPLICATE_ROW)).otherwise(_bit(table, DUPLICATE_KEY))
    return rows.where("_repeats").select(*ADDRESS, rule.alias(_RULE))


def marked(table: Table, judged: DataFrame, duplicates: DataFrame) -> DataFrame:
    """Return `judged` with the duplicates no longer accepted, and their rule among those they broke."""
    frame = duplicates.join(judged, [*ADDRESS], "right")
    broken = F.col(BROKEN).bitwiseOR(F.coalesce(_RULE, F.lit(0)))
    return frame.withColumns({BROKEN: broken, ACCEPTED: is_accepted(table, broken)}).select(*judged.columns)


def _bit(table: Table, rule: str) -> Column:
    return F.lit(mask(table, [rule])).cast("bigint")


def _candidates(table: Table, judged: DataFrame) -> DataFrame:
    whole = reduce(and_, (F.col(column).isNotNull() for column in table.key))
    return judged.where(F.col(ACCEPTED) & whole).withColumn(_HASH, F.xxhash64(*table.key))


def _place(*columns: str) -> Column:
    return F.row_number().over(Window.partitionBy(*columns).orderBy(*ADDRESS))
