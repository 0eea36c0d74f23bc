"""Silver category: under which categories a title is listed."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.lookups.silver import SilverTitleLookup, lookup, lookup_table
from spark.text import tidy


class SilverCategory(SilverTitleLookup):
    """Categories of each title, typed and tidied."""

    listed_in: T.StringType = pa.Field(nullable=False, description="Category, white space tidied")


def silver_category(bronze_category: DataFrame) -> DataFrame:
    """Type the id and tidy the category."""
    return lookup(bronze_category, "listed_in", tidy(F.col("listed_in")))


TABLE = lookup_table("category", SilverCategory, silver_category, column="listed_in")
