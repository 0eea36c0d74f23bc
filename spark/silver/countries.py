"""Silver countries: where a title was produced."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark.lookups.silver import SilverTitleLookup, lookup, lookup_table
from spark.text import tidy


class SilverCountries(SilverTitleLookup):
    """Countries of each title, typed and tidied."""

    country: T.StringType = pa.Field(nullable=False, description="Country, without trailing commas")


def silver_countries(bronze_countries: DataFrame) -> DataFrame:
    """Type the id, tidy the country and remove the comma at its end."""
    return lookup(bronze_countries, "country", _without_trailing_commas())


def _without_trailing_commas() -> Column:
    return F.nullif(F.regexp_replace(tidy(F.col("country")), "[, ]+\\z", ""), F.lit(""))


TABLE = lookup_table("countries", SilverCountries, silver_countries, column="country")
