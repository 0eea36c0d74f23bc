"""Gold countries: where a title was produced, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.lookups.gold import GoldTitleLookup, lookup, lookup_table


class GoldCountries(GoldTitleLookup):
    """Countries of each title, for titles that exist."""

    country: T.StringType = pa.Field(nullable=False, description="Country of production")


def gold_countries(silver_countries: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key quarantines orphans."""
    return lookup(silver_countries, "country")


TABLE = lookup_table("countries", GoldCountries, gold_countries, column="country")
