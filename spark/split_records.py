"""Join split records: a stray line break cut each in two, a first half and a second half.

They are found by their shape. The halves follow each other, both end in empty fields, and the numbers
of their leading fields add up to those of the header + 1, because the field at the break stands in both.
They are joined if another dataset has the id that results: an id that was cut off is a number, too; if
neither has all fields: else the one may be whole, and the other a page's footer; if the first is not the
beginning of another title of its file, which was delivered twice; and if nothing can be lost between them,
which `lost_records` tells.
A quote that closed the broken field before the break is left over at its end and is removed.
"""

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from spark.datasets import Dataset
from spark.delivery.dialect import dialect_of
from spark.delivery.header_defects import resolved
from spark.delivery.layout import RESCUED, RESERVED
from spark.lost_records import lossy
from spark.table import ADDRESS, REASONS
from spark.text import without_reasons

SECOND_HALF = "fragment, joined into the record before it"
"""Reason of a second half; quarantines that were written before hold this text, so it stays."""

UNPROVED = "half of a split record, not proved whole"
"""Reason of both halves of a record whose id no other dataset has, of which one may be the whole, or between
which another record may be lost."""

HALVES = {
    SECOND_HALF: "no second half of a record that a line break split; the first half holds both",
    UNPROVED: "no half of a record that a line break split and that nothing proves whole",
}
"""The sentences of this module's reasons."""

Orders = Mapping[tuple[str, ...], Sequence[str]]
"""Landed files by the order of their columns: names in bronze, else those in its `rescued`."""


def rejoined(bronze: DataFrame, raw: DataFrame, known: DataFrame, dataset: Dataset) -> DataFrame:
    """Fill the first half of each split record from its second half, which gets the reason `SECOND_HALF`.

    Where nothing proves that they are one record, both get the reason `UNPROVED` and stay as they are. Of
    three or more records in a row that fit each other, only the first two are joined.

    Args:
        bronze: has the declared columns as text, `rescued`, `malformed` and the address.
        raw: lists the landed files with their headers.
        known: the table of another dataset, with the ids that it has.
        dataset: declares the columns; the last holds the id.
    """
    key = dataset.columns[-1]
    orders = _orders(raw, dataset, bronze.columns)
    ids = known.select(F.trim(key).alias("_id")).distinct()
    # Where the id ends a record, neither half has it: then only those few are put in order.
    ends_with_id = _of_order(orders, lambda order: F.lit(order[-1] == key))
    may_be_half = F.col("malformed").isNull() & (F.col(key).isNull() | ~ends_with_id)
    halves = bronze.where(may_be_half).transform(_with_whole, orders, key, ids)
    halves = halves.transform(_with_proof, bronze, orders, known, key)
    filled = {
        name: F.when(F.col("_proved"), F.get("_whole", _place(orders, name))).otherwise(F.col(name))
        for name in dataset.columns
    }
    unproved = F.col("_whole").isNotNull() & ~F.col("_proved")
    reasons = F.array(
        F.when(_before("_proved"), SECOND_HALF), F.when(unproved | _before("_unproved"), UNPROVED)
    )
    halves = halves.withColumn("_unproved", unproved).withColumn(REASONS, F.array_compact(reasons))
    halves = halves.withColumns(filled).select(*bronze.columns, REASONS)
    return bronze.where(~may_be_half).transform(without_reasons).unionByName(halves)


def _orders(raw: DataFrame, dataset: Dataset, columns: Sequence[str]) -> Orders:
    found: dict[tuple[str, ...], list[str]] = {}
    for path, text in sorted(raw.select("path", "header").distinct().collect()):
        header = resolved(text.split(dialect_of(path).delimiter), dataset)
        own = {name: at for name, at in header.own_columns(RESERVED).items() if name in columns}
        names = {at: name for name, at in (header.undeclared | own | dict(header.declared)).items()}
        found.setdefault(tuple(names[at] for at in range(len(header.names))), []).append(path)
    return found


def _of_order(orders: Orders, value: Callable[[tuple[str, ...]], Column]) -> Column:
    """The value of the order in which a record's file has its columns."""
    (first, _), *others = orders.items()
    found = value(first)
    for order, files in others:
        found = F.when(F.col("source_file").isin(*files), value(order)).otherwise(found)
    return found


def _place(orders: Orders, column: str) -> Column:
    """The 0-based place of a column in a record; null if the file does not have it."""
    places = {order: order.index(column) if column in order else None for order in orders}
    return _of_order(orders, lambda order: F.lit(places[order]).cast("int"))


def _before(column: str) -> Column:
    """The flag of the record before, false for the first."""
    return F.coalesce(F.lag(column).over(_by_address()), F.lit(False))


def _by_address() -> WindowSpec:
    return Window.partitionBy("source_file").orderBy("record_number")


def _with_whole(halves: DataFrame, orders: Orders, key: str, ids: DataFrame) -> DataFrame:
    """Give each first half the fields of its whole record (`_whole`), and whether they `_may_be_joined`.

    `_filled` is the number of leading fields up to the last one that is not empty. A record whose own id is
    known is no second half: there, another field stands in the place of the id.
    """
    fields = _fields(halves, orders)
    width = _of_order(orders, lambda order: F.lit(len(order)))
    halves = halves.withColumns({"_fields": fields, "_width": width})
    filled = F.array_max(
        F.transform("_fields", lambda field, place: F.when(field.isNotNull(), place + 1).otherwise(0))
    )
    halves = halves.withColumn("_filled", filled).transform(_with_known, F.col(key), ids, "_known")
    lead = ("record_number", "_filled", "_fields", "_known")
    following = {f"_next{name}": F.lead(name).over(_by_address()) for name in lead}
    halves = halves.withColumns(following)
    fits = (
        (F.col("_nextrecord_number") == F.col("record_number") + 1)
        & (F.col("_next_filled") + F.col("_filled") == F.col("_width") + 1)
        & ~F.col("_next_known")
    )
    halves = halves.withColumn("_fits", F.coalesce(fits, F.lit(False)))
    halves = halves.withColumn("_whole", F.when(F.col("_fits") & ~_before("_fits"), _joined()))
    halves = halves.withColumn("_whole_id", F.trim(F.get("_whole", _place(orders, key))))
    halves = halves.transform(_with_known, F.col("_whole_id"), ids, "_whole_known")
    may_be_joined = F.col("_whole_known") & (F.col("_filled") < F.col("_width"))
    return halves.withColumn("_may_be_joined", may_be_joined)


def _fields(records: DataFrame, orders: Orders) -> Column:
    """The fields of a record as its file has them."""
    rescued, columns = F.from_json(F.col(RESCUED), "map<string,string>"), set(records.columns)
    return _of_order(
        orders, lambda order: F.array(*(F.col(n) if n in columns else rescued[n] for n in order))
    )


def _with_proof(
    halves: DataFrame, bronze: DataFrame, orders: Orders, known: DataFrame, key: str
) -> DataFrame:
    """Add whether it is `_proved` that nothing is lost between two halves that may be joined."""
    may_be_joined = F.col("_may_be_joined")
    named = (*ADDRESS, "_filled", F.col("_whole_id").alias("_id"))
    joined = halves.where(may_be_joined).select(*named).collect()
    widths = sorted({row["_filled"] for row in joined})
    addresses = [*lossy(joined, bronze, known, key), *_repeated(halves, bronze, orders, key, widths)]
    if not addresses:
        return halves.withColumn("_proved", may_be_joined)
    frame = halves.sparkSession.createDataFrame(
        sorted({*addresses}), "source_file string, record_number long"
    )
    halves = frame.withColumn("_lossy", F.lit(True)).join(halves, [*ADDRESS], "right")
    return halves.withColumn("_proved", may_be_joined & F.col("_lossy").isNull())


def _repeated(
    halves: DataFrame, bronze: DataFrame, orders: Orders, key: str, widths: Sequence[int]
) -> list[tuple[str, int]]:
    """Return the addresses of first halves with which every other title begins that begins alike.

    Args:
        halves: with `_fields`, `_filled` and `_whole_id`.
        bronze: all records.
        orders: of the landed files.
        key: the column of the id.
        widths: every `_filled` of halves that may be joined.
    """
    if not widths:
        return []
    lead, cut = F.slice("_fields", F.lit(1), F.col("_filled") - 1), F.get("_fields", F.col("_filled") - 1)
    begins = halves.where("_may_be_joined").select(
        *ADDRESS, "_filled", F.to_json(lead).alias("_lead"), cut.alias("_cut"), "_whole_id"
    )
    whole = bronze.where(F.col("malformed").isNull() & F.col(key).isNotNull())
    whole = whole.select(
        "source_file", F.trim(key).alias("_id"), _fields(bronze, orders).alias("_fields")
    ).withColumn("_filled", F.explode(F.array(*map(F.lit, widths))))
    whole = whole.select("source_file", "_id", "_filled", F.to_json(lead).alias("_lead"), cut.alias("_at"))
    found = begins.join(whole, ["source_file", "_filled", "_lead"]).where(F.col("_id") != F.col("_whole_id"))
    # Where others go on otherwise, as many titles begin alike: a type, a length, the first word of a name.
    alike = found.groupBy(*ADDRESS).agg(
        F.min(F.col("_at").startswith(F.col("_cut")).cast("int")).alias("_all")
    )
    return [(row["source_file"], row["record_number"]) for row in alike.where("_all = 1").collect()]


def _with_known(frame: DataFrame, identifier: Column, ids: DataFrame, name: str) -> DataFrame:
    """Add a column that says whether the id is known."""
    ids = ids.withColumn(name, F.lit(True))
    frame = frame.withColumn("_own", F.trim(identifier))
    joined = ids.join(frame, F.col("_own") == F.col("_id"), "right")
    return joined.withColumn(name, F.coalesce(name, F.lit(False))).drop("_own", "_id")


def _joined() -> Column:
    """The fields of the record that a first half and its second half make."""
    first, second, broken = F.col("_fields"), F.col("_next_fields"), F.col("_filled")
    text = F.concat_ws("\n", F.get(first, broken - 1), F.get(second, F.lit(0)))
    quotes = F.length(F.regexp_replace(text, '[^"]', ""))
    left_over = (quotes % 2 == 1) & text.endswith('"')
    seam = F.when(left_over, text.substr(F.lit(1), F.length(text) - 1)).otherwise(text)
    rest = F.slice(second, F.lit(2), F.col("_width") - broken)
    return F.concat(F.slice(first, F.lit(1), broken - 1), F.array(seam), rest)
