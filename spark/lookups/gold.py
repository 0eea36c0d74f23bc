"""What the gold lookups have in common: the id of a title that exists, the declaration of the table."""

from collections.abc import Callable

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldLookup(pa.DataFrameModel):
    """The column of every gold lookup; a subclass adds the one that holds its text."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")


def lookup(silver: DataFrame, column: str) -> DataFrame:
    """Keep what analysts join, and the address, by which a quarantined row is found."""
    return silver.select("show_id", column, *ADDRESS)


def lookup_table(
    name: str, contract: type[GoldLookup], build: Callable[[DataFrame], DataFrame], *, column: str
) -> Table:
    """Declare a gold lookup: `column` and `show_id` are its key, and `show_id` must be in gold/titles."""
    title = ForeignKey("show_id", "gold_titles")
    return Table(
        layer=Layer.GOLD,
        name=name,
        grain=f"one row per {column}, title and week",
        contract=contract,
        build=build,
        key=(column, "show_id"),
        foreign_keys=(title,),
        meanings={title.rule: "a title of gold/titles"},
    )
