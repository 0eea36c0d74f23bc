"""Silver directors: who directed which title."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.table import Layer, Table
from spark.text import LOOKUP_REASONS, MEANINGS, lookup, tidy


class SilverDirectors(pa.DataFrameModel):
    """Directors of each title, typed and tidied."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="The title, as in titles")
    director: T.StringType = pa.Field(nullable=False, description="Name of a director, white space tidied")
    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")


def silver_directors(bronze_directors: DataFrame) -> DataFrame:
    """Type the id and tidy the name."""
    return lookup(bronze_directors, "director", tidy(F.col("director")))


TABLE = Table(
    layer=Layer.SILVER,
    name="directors",
    grain="one row per director, title and week",
    contract=SilverDirectors,
    build=silver_directors,
    key=("director", "show_id"),
    reasons=LOOKUP_REASONS,
    meanings=MEANINGS,
)
