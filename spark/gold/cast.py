"""Gold cast: who plays in which title, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.lookups.gold import GoldTitleLookup, lookup, lookup_table


class GoldCast(GoldTitleLookup):
    """Actors of each title, for titles that exist."""

    cast: T.StringType = pa.Field(nullable=False, description="Name of an actor")


def gold_cast(silver_cast: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key quarantines orphans."""
    return lookup(silver_cast, "cast")


TABLE = lookup_table("cast", GoldCast, gold_cast, column="cast")
