"""Gold titles: the catalogue of the week, ranked by duration, with a flag for what is new."""

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from spark.table import ADDRESS, Layer, Table


class GoldTitles(pa.DataFrameModel):
    """Titles of the week, ranked by length, with what is new."""

    show_id: T.LongType = pa.Field(nullable=False, description="Netflix id, joins all lookups")
    type: T.StringType = pa.Field(nullable=False, description="Movie or TV Show")
    type_flag: T.IntegerType = pa.Field(nullable=False, description="1 Movie, 2 TV Show, 0 anything else")
    title: T.StringType = pa.Field(nullable=False, description="Full title")
    short_title: T.StringType = pa.Field(nullable=True, description="Title up to its first colon")
    duration_minutes: T.IntegerType = pa.Field(nullable=True, description="Movies, minutes")
    duration_seasons: T.IntegerType = pa.Field(nullable=True, description="TV shows, seasons")
    duration_ranking: T.IntegerType = pa.Field(
        nullable=True,
        ge=1,
        description="Dense rank by minutes, the longest first; null without minutes",
        metadata={"derived_from": ["silver_titles.duration_minutes"]},
    )
    date_added: T.DateType = pa.Field(nullable=True, description="Day it came to Netflix")
    release_year: T.IntegerType = pa.Field(nullable=False, description="Year of release")
    rating: T.StringType = pa.Field(nullable=True, description="Maturity rating")
    rating_group: T.StringType = pa.Field(nullable=True, description="Rating up to its first hyphen")
    description: T.StringType = pa.Field(nullable=True, description="Synopsis as delivered")
    newflag: T.IntegerType = pa.Field(
        nullable=True,
        isin=[0, 1],
        description="1 if last week's silver titles lack it, 0 if they hold it, null without such a week",
        metadata={"derived_from": ["silver_titles_before.show_id"]},
    )


def gold_titles(silver_titles: DataFrame, silver_titles_before: DataFrame) -> DataFrame:
    """Rank titles by duration, and flag those that were not in silver last week, if there was one."""
    frame = _ranking(silver_titles).join(silver_titles, "duration_minutes", "right")
    known = silver_titles_before.select("show_id").distinct().withColumn("newflag", F.lit(0))
    unknown = silver_titles_before.select(F.lit(1).alias("_unknown")).limit(1)
    frame = unknown.join(known.join(frame, "show_id", "right"), F.lit(True), "right")
    frame = frame.withColumn("newflag", F.coalesce("newflag", "_unknown"))
    return frame.select(*GoldTitles.to_schema().columns, *ADDRESS)


def _ranking(titles: DataFrame) -> DataFrame:
    """Rank the distinct durations: there are a few hundred, so that no window holds every title."""
    durations = titles.select("duration_minutes").where(F.col("duration_minutes").isNotNull()).distinct()
    longest_first = Window.partitionBy(F.lit(0)).orderBy(F.col("duration_minutes").desc())
    return durations.withColumn("duration_ranking", F.row_number().over(longest_first))


TABLE = Table(
    layer=Layer.GOLD,
    name="titles",
    grain="one row per show_id and week",
    contract=GoldTitles,
    build=gold_titles,
    key=("show_id",),
)
