"""Gold directors: who directed which title, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldDirectors(pa.DataFrameModel):
    """Directors of each title, for titles that exist."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")
    director: T.StringType = pa.Field(nullable=False, description="Name of a director")


def gold_directors(silver_directors: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key refuses orphans."""
    return silver_directors.select("show_id", "director", *ADDRESS)


TABLE = Table(
    layer=Layer.GOLD,
    name="directors",
    grain="one row per director, title and week",
    contract=GoldDirectors,
    build=gold_directors,
    key=("director", "show_id"),
    foreign_keys=(ForeignKey("show_id", "gold_titles"),),
)
