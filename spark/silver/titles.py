"""Silver titles: the catalogue with real types and nothing invented.

Put here what makes a delivered title a typed one. Joining split records is done in `split_records`;
whatever joins titles to another table belongs to gold.
"""

from datetime import date

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.datasets import DATASETS
from spark.split_records import HALVES, rejoined
from spark.table import REASONS, Layer, Rule, Severity, Table
from spark.text import (
    EMPTY_RECORD,
    MALFORMED_RECORD,
    MEANINGS,
    date_in,
    day_first,
    long_number,
    month_first,
    number,
    readable,
    tidy,
    typed,
)

KINDS = ["Movie", "TV Show"]
RATINGS = ["TV-MA", "TV-14", "TV-PG", "TV-Y7-FV", "TV-Y7", "TV-Y", "TV-G", "NC-17", "R", "PG-13", "PG", "G"]
UNRATED = ["NR", "UR"]
FIRST_DAY, LAST_DAY = date(1997, 8, 29), date(2100, 12, 31)
"""Netflix was founded on the first; no plausible date is after the second."""

TITLES = next(dataset for dataset in DATASETS if dataset.name == "titles")

NO_DURATION = Rule(
    "rating: a rating, not a duration",
    lambda: F.lower("rating").rlike("^(?:[0-9]+ *(?:h|m|season|episode)|pt[0-9])"),
)
"""Public exports of the catalogue have some titles whose minutes stand in the column of the rating."""

PARSERS = {
    "duration_minutes": number,
    "duration_seasons": number,
    "date_added": date_in("M/d/yyyy"),
    "release_year": number,
    "show_id": long_number,
}


class SilverTitles(pa.DataFrameModel):
    """Titles with real types, split records rejoined."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="Netflix id, joins all lookups")
    type: T.StringType = pa.Field(nullable=False, isin=KINDS, description="Movie or TV Show")
    type_flag: T.IntegerType = pa.Field(
        nullable=False,
        description="1 Movie, 2 TV Show, 0 anything else",
        metadata={"derived_from": ["bronze_titles.type"]},
    )
    title: T.StringType = pa.Field(nullable=False, description="Full title, white space tidied")
    short_title: T.StringType = pa.Field(
        nullable=True,
        description="Title up to its first colon",
        metadata={"derived_from": ["bronze_titles.title"]},
    )
    duration_minutes: T.IntegerType = pa.Field(nullable=True, ge=1, le=900, description="Movies, minutes")
    duration_seasons: T.IntegerType = pa.Field(nullable=True, ge=1, le=100, description="TV shows, seasons")
    date_added: T.DateType = pa.Field(
        nullable=True, ge=FIRST_DAY, le=LAST_DAY, description="Day it came to Netflix"
    )
    release_year: T.IntegerType = pa.Field(nullable=False, ge=1888, le=2100, description="Year of release")
    rating: T.StringType = pa.Field(nullable=True, isin=RATINGS + UNRATED, description="Maturity rating")
    rating_group: T.StringType = pa.Field(
        nullable=True,
        description="Rating up to its first hyphen",
        metadata={"derived_from": ["bronze_titles.rating"]},
    )
    description: T.StringType = pa.Field(nullable=True, description="Synopsis as delivered")
    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")


def silver_titles(bronze_titles: DataFrame, raw_titles: DataFrame, bronze_category: DataFrame) -> DataFrame:
    """Join split records, then parse and tidy every title; absent values stay absent.

    Every title is listed under a category, so that its id stands there, too.
    """
    return (
        bronze_titles.transform(rejoined, raw_titles, bronze_category, TITLES)
        .transform(typed, PARSERS, bronze_titles)
        .withColumns({name: tidy(F.col(name)) for name in ("type", "title", "rating")})
        .withColumns(
            {
                "type_flag": F.when(F.col("type") == KINDS[0], 1)
                .when(F.col("type") == KINDS[1], 2)
                .otherwise(0),
                "short_title": F.nullif(F.trim(F.split("title", ":")[0]), F.lit("")),
                "rating_group": F.split("rating", "-")[0],
            }
        )
        .select(*SilverTitles.to_schema().columns, REASONS)
    )


TABLE = Table(
    layer=Layer.SILVER,
    name="titles",
    grain="one row per show_id and week",
    contract=SilverTitles,
    build=silver_titles,
    key=("show_id",),
    rules=(NO_DURATION,),
    reasons=(
        MALFORMED_RECORD,
        EMPTY_RECORD,
        day_first("date_added"),
        month_first("date_added"),
        *HALVES,
        *map(readable, PARSERS),
    ),
    severities={
        "rating: isin": Severity.WARN,
        NO_DURATION.name: Severity.WARN,
        day_first("date_added"): Severity.FAIL,
        month_first("date_added"): Severity.FAIL,
    },
    meanings={
        **MEANINGS,
        readable("date_added"): "a date such as 9/30/2019",
        NO_DURATION.name: "no duration, such as 74 min",
        day_first("date_added"): "no day/month/year, in a file with fewer month/day/year dates",
        month_first("date_added"): "no month/day/year, in a file with more day/month/year dates",
        **HALVES,
    },
)
