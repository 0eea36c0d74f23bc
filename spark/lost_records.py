"""Tell between which two halves of a record others may be lost, by the ids of another dataset.

The beginning of one title and the end of another fit like the halves of one. All between them is lost
then, and with it an id that the other dataset has. So nothing is lost where no id is; nor, if both list
the titles in the same order, where no lost id stands between the neighbours.
"""

import re
from bisect import bisect
from collections.abc import Collection, Mapping, Sequence

from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from spark.table import ADDRESS
from spark.text import tidy

Place = tuple[str, int]
"""A file, and the number of a record in it."""

_NUMBER = "[0-9]+"
_NEAR = 10
"""Records before and after halves among which a neighbour is looked for."""
_RUN = 1_000
"""Records that are put in order at a time: a whole file would be one task."""
_LOWEST, _HIGHEST = ("", 0), ("\U0010ffff", 0)


def lossy(joined: Sequence[Row], delivered: DataFrame, known: DataFrame, key: str) -> list[Place]:
    """Return the addresses of those first halves between which and their second ones a record may be lost.

    Args:
        joined: the address of each first half, and as `_id` the id that it gets.
        delivered: all records of which these are some.
        known: the records of the other dataset.
        key: the column of both that holds the id.
    """
    if not joined:
        return []
    forms = {re.sub(_NUMBER, "0", row["_id"]) for row in joined}
    known, own = _named(known, key, forms), _named(delivered, key, forms)
    # Before the first places are looked for: most weeks have few ids that are absent, or none.
    absent = {row["_id"]: row["_place"] for row in _firsts(_without(known, own)).collect()}
    lost = sorted(absent[id_] for id_ in absent.keys() - {row["_id"] for row in joined})
    addresses = [(row["source_file"], row["record_number"]) for row in joined]
    if not lost:
        return []
    known_too = _firsts(own).withColumnRenamed("_place", "_at").join(_firsts(known), "_id")
    ordered = known_too.select("_id", "_place", *(F.col("_at")[name].alias(name) for name in ADDRESS))
    if _has_descent(ordered):
        return addresses
    rows = _near(ordered, addresses)
    place_of = absent | {row["_id"]: row["_place"] for row in rows}
    near = {(row["source_file"], row["record_number"]): row["_place"] for row in rows}
    return [
        address
        for address, row in zip(addresses, joined, strict=True)
        if not _stands_alone(place_of.get(row["_id"]), _neighbours(near, address), lost)
    ]


def _named(records: DataFrame, key: str, forms: Collection[str]) -> DataFrame:
    """Ids and their places; text of another form than that of the ids is none, and neither is `0`."""
    named = records.select(tidy(F.col(key)).alias("_id"), F.struct(*ADDRESS).alias("_place"))
    is_id = F.regexp_replace("_id", _NUMBER, "0").isin(*forms) & ~F.col("_id").rlike("^0+\\z")
    return named.where(is_id)


def _without(named: DataFrame, others: DataFrame) -> DataFrame:
    """The ids that the others lack."""
    there = others.select("_id", F.lit(True).alias("_there")).distinct()
    return there.join(named, "_id", "right").where(F.col("_there").isNull())


def _firsts(named: DataFrame) -> DataFrame:
    """The first place of each id."""
    return named.groupBy("_id").agg(F.min("_place").alias("_place"))


def _has_descent(ordered: DataFrame) -> bool:
    """Whether a title of a file stands in the other dataset before the one that precedes it."""
    run = Window.partitionBy("source_file", F.floor(F.col("record_number") / _RUN)).orderBy("record_number")
    descents = ordered.select((F.lag("_place").over(run) > F.col("_place")).alias("_descent"))
    return bool(descents.where("_descent").take(1))


def _near(ordered: DataFrame, addresses: Sequence[Place]) -> list[Row]:
    """The records that have an id and stand near these."""
    around = {(file, number + step) for file, number in addresses for step in range(-_NEAR, _NEAR + 2)}
    frame = ordered.sparkSession.createDataFrame(sorted(around), "source_file string, record_number long")
    return frame.join(ordered, [*ADDRESS]).collect()


def _neighbours(near: Mapping[Place, Place], address: Place) -> tuple[Place, Place]:
    """The places of the titles before and after the halves; the widest, where none is near."""
    file, number = address
    before = (near.get((file, number - step)) for step in range(1, _NEAR + 1))
    after = (near.get((file, number + 1 + step)) for step in range(1, _NEAR + 1))
    return next(filter(None, before), _LOWEST), next(filter(None, after), _HIGHEST)


def _stands_alone(place: Place | None, neighbours: tuple[Place, Place], lost: Sequence[Place]) -> bool:
    """Whether an id stands between those of its neighbours, and no lost one does."""
    before, after = neighbours
    return place is not None and before < place < after and bisect(lost, before) == bisect(lost, after)
