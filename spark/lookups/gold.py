"""What the gold lookups have in common: the id of a subject that exists, the declaration of the table."""

from collections.abc import Callable

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.lookups import TITLE, Subject
from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldTitleLookup(pa.DataFrameModel):
    """The column of every gold lookup of titles; a subclass adds the one that holds its text."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")


def lookup(silver: DataFrame, column: str, *, of: Subject = TITLE) -> DataFrame:
    """Keep what analysts join, and the address, by which a quarantined row is found."""
    return silver.select(of.key, column, *ADDRESS)


def lookup_table(
    name: str,
    contract: type[pa.DataFrameModel],
    build: Callable[[DataFrame], DataFrame],
    *,
    column: str,
    of: Subject = TITLE,
) -> Table:
    """Declare a gold lookup: `column` and the subject's id are its key, and the subject must exist."""
    subject = ForeignKey(of.key, of.table)
    return Table(
        layer=Layer.GOLD,
        name=name,
        grain=f"one row per {column}, {of.name} and week",
        contract=contract,
        build=build,
        key=(column, of.key),
        foreign_keys=(subject,),
        meanings={subject.rule: f"a {of.name} of {of.table.replace('_', '/', 1)}"},
    )
