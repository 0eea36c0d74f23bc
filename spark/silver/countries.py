"""Silver countries: where a title was produced."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.table import Layer, Table
from spark.text import LOOKUP_REASONS, MEANINGS, lookup, tidy


class SilverCountries(pa.DataFrameModel):
    """Countries of each title, typed and tidied."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="The title, as in titles")
    country: T.StringType = pa.Field(nullable=False, description="Country, without trailing commas")
    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")


def silver_countries(bronze_countries: DataFrame) -> DataFrame:
    """Type the id, tidy the country and take off the comma some end in."""
    return lookup(bronze_countries, "country", _without_trailing_commas())


def _without_trailing_commas() -> Column:
    return F.nullif(F.regexp_replace(tidy(F.col("country")), "[, ]+\\z", ""), F.lit(""))


TABLE = Table(
    layer=Layer.SILVER,
    name="countries",
    grain="one row per country, title and week",
    contract=SilverCountries,
    build=silver_countries,
    key=("country", "show_id"),
    reasons=LOOKUP_REASONS,
    meanings=MEANINGS,
)
