"""Silver category: under which categories a title is listed."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.table import Layer, Table
from spark.text import LOOKUP_REASONS, MEANINGS, lookup, tidy


class SilverCategory(pa.DataFrameModel):
    """Categories of each title, typed and tidied."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="The title, as in titles")
    listed_in: T.StringType = pa.Field(nullable=False, description="Category, white space tidied")
    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")


def silver_category(bronze_category: DataFrame) -> DataFrame:
    """Type the id and tidy the category."""
    return lookup(bronze_category, "listed_in", tidy(F.col("listed_in")))


TABLE = Table(
    layer=Layer.SILVER,
    name="category",
    grain="one row per listed_in, title and week",
    contract=SilverCategory,
    build=silver_category,
    key=("listed_in", "show_id"),
    reasons=LOOKUP_REASONS,
    meanings=MEANINGS,
)
