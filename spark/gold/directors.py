"""Gold directors: who directed which title, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.lookups.gold import GoldTitleLookup, lookup, lookup_table


class GoldDirectors(GoldTitleLookup):
    """Directors of each title, for titles that exist."""

    director: T.StringType = pa.Field(nullable=False, description="Name of a director")


def gold_directors(silver_directors: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key quarantines orphans."""
    return lookup(silver_directors, "director")


TABLE = lookup_table("directors", GoldDirectors, gold_directors, column="director")
