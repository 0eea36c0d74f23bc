"""The key of a table: of rows with equal keys the one with the lowest address stays accepted.

Keys that more than one row has are found by an aggregate over their hashes, and only their rows are put
in order: a window over all rows would cost more than the rest of the step.
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
    """Hashes of keys that more than one accepted row has; of a few other keys too, should hashes collide.

    `judged` is read again for `duplicates`: materialize it before. A null in a key makes it nobody's.
    """
    hashes = _candidates(table, judged).select(_HASH)
    return hashes.groupBy(_HASH).count().where(F.col("count") > 1).select(_HASH)


def duplicates(table: Table, judged: DataFrame, contested: DataFrame) -> DataFrame:
    """Addresses of the accepted rows whose key another row has first, and the bit of the rule each breaks."""
    rows = _candidates(table, judged).join(F.broadcast(contested), _HASH, "left_semi")
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
    return judged.where(F.col(ACCEPTED) & whole).withColumn(_HASH, F.xxhash64(*table.key))


def _place(*columns: str) -> Column:
    return F.row_number().over(Window.partitionBy(*columns).orderBy(*ADDRESS))
