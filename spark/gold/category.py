"""Gold category: under which categories a title is listed, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldCategory(pa.DataFrameModel):
    """Categories of each title, for titles that exist."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")
    listed_in: T.StringType = pa.Field(nullable=False, description="Category")


def gold_category(silver_category: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key refuses orphans."""
    return silver_category.select("show_id", "listed_in", *ADDRESS)


TABLE = Table(
    layer=Layer.GOLD,
    name="category",
    grain="one row per listed_in, title and week",
    contract=GoldCategory,
    build=gold_category,
    key=("listed_in", "show_id"),
    foreign_keys=(ForeignKey("show_id", "gold_titles"),),
)
