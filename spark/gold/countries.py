"""Gold countries: where a title was produced, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.table import ADDRESS, ForeignKey, Layer, Table


class GoldCountries(pa.DataFrameModel):
    """Countries of each title, for titles that exist."""

    show_id: T.LongType = pa.Field(nullable=False, description="The title, a row of gold/titles")
    country: T.StringType = pa.Field(nullable=False, description="Country of production")


def gold_countries(silver_countries: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key refuses orphans."""
    return silver_countries.select("show_id", "country", *ADDRESS)


TABLE = Table(
    layer=Layer.GOLD,
    name="countries",
    grain="one row per country, title and week",
    contract=GoldCountries,
    build=gold_countries,
    key=("country", "show_id"),
    foreign_keys=(ForeignKey("show_id", "gold_titles"),),
)
