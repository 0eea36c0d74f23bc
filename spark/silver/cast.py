"""Silver cast: who plays in which title."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.table import Layer, Rule, Severity, Table
from spark.text import LOOKUP_REASONS, MEANINGS, lookup, tidy

LONGEST_NAME_WORDS = 6
SENTENCE = Rule(
    "cast: a name, not a sentence",
    lambda: F.col("cast").rlike(f"(?:[^ ]+ ){{{LONGEST_NAME_WORDS}}}"),
)


class SilverCast(pa.DataFrameModel):
    """Actors of each title, typed and tidied."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="The title, as in titles")
    cast: T.StringType = pa.Field(nullable=False, description="Name of an actor, white space tidied")
    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")


def silver_cast(bronze_cast: DataFrame) -> DataFrame:
    """Type the id and tidy the name."""
    return lookup(bronze_cast, "cast", tidy(F.col("cast")))


TABLE = Table(
    layer=Layer.SILVER,
    name="cast",
    grain="one row per actor, title and week",
    contract=SilverCast,
    build=silver_cast,
    key=("cast", "show_id"),
    rules=(SENTENCE,),
    reasons=LOOKUP_REASONS,
    severities={SENTENCE.name: Severity.WARN},
    meanings={**MEANINGS, SENTENCE.name: f"at most {LONGEST_NAME_WORDS} words"},
)
