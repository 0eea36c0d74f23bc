"""Gold cast: who plays in which title, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldCast(pa.DataFrameModel):
    """Actors of each title, for titles that exist."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")
    cast: T.StringType = pa.Field(nullable=False, description="Name of an actor")


def gold_cast(silver_cast: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key refuses orphans."""
    return silver_cast.select("show_id", "cast", *ADDRESS)


TABLE = Table(
    layer=Layer.GOLD,
    name="cast",
    grain="one row per cast, title and week",
    contract=GoldCast,
    build=gold_cast,
    key=("cast", "show_id"),
    foreign_keys=(ForeignKey("show_id", "gold_titles"),),
)
