"""Silver directors: who directed which title."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.lookups.silver import SilverTitleLookup, lookup, lookup_table
from spark.text import tidy


class SilverDirectors(SilverTitleLookup):
    """Directors of each title, typed and tidied."""

    director: T.StringType = pa.Field(nullable=False, description="Name of a director, white space tidied")


def silver_directors(bronze_directors: DataFrame) -> DataFrame:
    """Type the id and tidy the name."""
    return lookup(bronze_directors, "director", tidy(F.col("director")))


TABLE = lookup_table("directors", SilverDirectors, silver_directors, column="director")
