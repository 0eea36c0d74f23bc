"""Gold category: under which categories a title is listed, for titles that exist."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame

from spark.lookups.gold import GoldTitleLookup, lookup, lookup_table


class GoldCategory(GoldTitleLookup):
    """Categories of each title, for titles that exist."""

    listed_in: T.StringType = pa.Field(nullable=False, description="Category")


def gold_category(silver_category: DataFrame) -> DataFrame:
    """Keep what analysts join; the foreign key quarantines orphans."""
    return lookup(silver_category, "listed_in")


TABLE = lookup_table("category", GoldCategory, gold_category, column="listed_in")
