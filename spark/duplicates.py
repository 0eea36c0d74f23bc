"""The key of a table: of rows with equal keys the one with the lowest address stays accepted.

Keys that more than one row has are found by an aggregate, and only their rows are put in order: a
window over all rows would cost more than the rest of the step.
"""

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark import digest
from spark.quality import ACCEPTED, BROKEN, is_accepted, mask
from spark.rules import DUPLICATE_KEY, DUPLICATE_ROW, fields
from spark.table import ADDRESS, Table

_RULE = "_duplicate"


def present(table: Table, judged: DataFrame) -> bool:
    """Whether any key may repeat: fewer hashes than keys, at a third of the price of finding which."""
    candidates = _candidates(table, judged)
    hashes = candidates.select(F.xxhash64(*table.key)).distinct()
    return hashes.count() < candidates.count()


def duplicates(table: Table, judged: DataFrame) -> DataFrame:
    """Addresses of the accepted rows whose key another row has first, and the bit of the rule each breaks.

    `judged` is read twice: materialize it before. Rows with a null in their key are no duplicates.
    """
    candidates = _candidates(table, judged)
    contested = candidates.groupBy(*table.key).count().where(F.col("count") > 1).select(*table.key)
    rows = candidates.join(F.broadcast(contested), [*table.key], "left_semi")
    content = [field for field in fields(table) if field.name not in (*ADDRESS, *table.key)]
    # The key beside it, a hash of the rest tells equal rows apart at a fraction of their width.
    rows = rows.withColumn("_content", digest.row_hash(content))
    repeats, equals = _place(*table.key) > 1, _place(*table.key, "_content") > 1
    rows = rows.withColumns({"_repeats": repeats, "_equals": equals})
    rule = F.when(F.col("_equals"), _bit(table, DUPLICATE_ROW)).otherwise(_bit(table, DUPLICATE_KEY))
    return rows.where("_repeats").select(*ADDRESS, rule.alias(_RULE))


def marked(table: Table, judged: DataFrame, duplicates: DataFrame) -> DataFrame:
    """`judged`, with the duplicates' rule added to what they broke."""
    frame = judged.join(F.broadcast(duplicates), [*ADDRESS], "left")
    broken = F.col(BROKEN).bitwiseOR(F.coalesce(_RULE, F.lit(0)))
    return frame.withColumns({BROKEN: broken, ACCEPTED: is_accepted(table, broken)}).select(*judged.columns)


def _bit(table: Table, rule: str) -> Column:
    return F.lit(mask(table, [rule])).cast("bigint")


def _candidates(table: Table, judged: DataFrame) -> DataFrame:
    whole = reduce(and_, (F.col(column).isNotNull() for column in table.key))
    return judged.where(F.col(ACCEPTED) & whole)


def _place(*columns: str) -> Column:
    return F.row_number().over(Window.partitionBy(*columns).orderBy(*ADDRESS))
