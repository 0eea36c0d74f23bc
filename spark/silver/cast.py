"""Silver cast: who plays in which title."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.lookups.silver import SilverTitleLookup, lookup, lookup_table
from spark.table import Rule
from spark.text import tidy

LONGEST_NAME_WORDS = 6
SENTENCE = Rule(
    "cast: a name, not a sentence",
    lambda: F.col("cast").rlike(f"(?:[^ ]+ ){{{LONGEST_NAME_WORDS}}}"),
)


class SilverCast(SilverTitleLookup):
    """Actors of each title, typed and tidied."""

    cast: T.StringType = pa.Field(nullable=False, description="Name of an actor, white space tidied")


def silver_cast(bronze_cast: DataFrame) -> DataFrame:
    """Type the id and tidy the name."""
    return lookup(bronze_cast, "cast", tidy(F.col("cast")))


TABLE = lookup_table(
    "cast",
    SilverCast,
    silver_cast,
    column="cast",
    of_one="actor",
    warnings={SENTENCE: f"a name of at most {LONGEST_NAME_WORDS} words"},
)
