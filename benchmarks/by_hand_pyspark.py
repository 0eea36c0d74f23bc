"""The same tables as a good PySpark script would make them on Sail, with Sail's Delta writer. No checks.

`python -m benchmarks.by_hand_pyspark SOURCE LAKE WEEK`: SOURCE is a folder of five CSV files. pyarrow reads
them, because Sail's reader stops at the first ragged record and numbers none.
"""

import sys
from datetime import date, timedelta
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from pysail.spark import SparkConnectServer
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.halves import joined

LOOKUPS = {"cast": "cast", "category": "listed_in", "countries": "country", "directors": "director"}
ADDRESS = ["source_file", "record_number"]
NUMBERS = {"show_id": "bigint", "duration_minutes": "int", "duration_seasons": "int", "release_year": "int"}


class Lake:
    """A week of tables in a folder."""

    def __init__(self, session: SparkSession, root: Path, week: date) -> None:
        self.session, self.root, self.week = session, root, week

    def write(self, table: str, frame: DataFrame) -> None:
        """Replace the week."""
        path = self.root / table
        writer = frame.withColumn("week", F.lit(self.week)).write.format("delta").partitionBy("week")
        if (path / "_delta_log").is_dir():
            writer = writer.option("replaceWhere", f"week = '{self.week}'")
        writer.mode("overwrite").save(str(path))

    def read(self, table: str, week: date | None = None) -> DataFrame:
        """The week, or another."""
        stored = self.session.read.format("delta").load(str(self.root / table))
        return stored.where(F.col("week") == F.lit(week or self.week)).drop("week")


def raw_and_bronze(source: Path, lake: Lake) -> None:
    """A row per file, and its records as text with their address."""
    for name in ["titles", *LOOKUPS]:
        path = source / f"netflix_{name}.csv"
        with path.open("rb") as file:
            sha = file_digest(file, "sha256").hexdigest()
        landed = f"files/{name}/{sha}.csv"
        parquet = lake.root / "landed" / f"{name}.parquet"
        records = _as_parquet(path, parquet)
        facts = (path.name, landed, sha, path.stat().st_size, records)
        schema = "file string, path string, sha256 string, bytes bigint, records bigint"
        lake.write(f"raw/{name}", lake.session.createDataFrame([facts], schema))
        frame = lake.session.read.parquet(str(parquet))
        lake.write(f"bronze/{name}", frame.withColumn("source_file", F.lit(landed)))


def _as_parquet(source: Path, target: Path) -> int:
    """Text columns and `record_number`; ragged records are skipped."""
    with source.open("rb") as file:
        header = file.readline().decode("utf-8-sig").strip().split(",")
    table = pc.read_csv(
        source,
        parse_options=pc.ParseOptions(newlines_in_values=True, invalid_row_handler=lambda _: "skip"),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.append_column("record_number", numbers), target)
    return int(table.num_rows)


def tidy(column: str) -> Column:
    """One blank for each run of white space, no zero-width characters, no empty text."""
    text = F.regexp_replace(column, "[\\u200B-\\u200D\\u2060\\uFEFF]", "")
    return F.nullif(F.trim(F.regexp_replace(text, "[\\p{Z}\\s\\x85]+", " ")), F.lit(""))


def rejoined(bronze: DataFrame) -> tuple[DataFrame, list[int]]:
    """Records broken in two by a line break, joined; and the numbers of their second halves."""
    halves = bronze.where(F.col("show_id").isNull()).orderBy("record_number").collect()
    whole, second_halves = joined([row.asDict() for row in halves])
    torn = [*second_halves, *(row["record_number"] for row in whole)]
    kept = bronze.where(~F.col("record_number").isin(torn)) if torn else bronze
    rows = [tuple(row[name] for name in bronze.columns) for row in whole]
    return kept.unionByName(bronze.sparkSession.createDataFrame(rows, bronze.schema)), second_halves


def silver_titles(lake: Lake) -> None:
    """Real types; what cannot be typed, second halves and repeated ids go to the quarantine."""
    bronze = lake.read("bronze/titles")
    whole, second_halves = rejoined(bronze)
    typed = whole.select(
        *ADDRESS,
        *(tidy(name).try_cast(kind).alias(name) for name, kind in NUMBERS.items()),
        *(tidy(name).alias(name) for name in ("type", "title", "rating")),
        F.try_to_timestamp(tidy("date_added"), F.lit("M/d/yyyy")).cast("date").alias("date_added"),
        "description",
    ).withColumns(
        {
            "type_flag": F.when(F.col("type") == "Movie", 1).when(F.col("type") == "TV Show", 2).otherwise(0),
            "short_title": F.trim(F.split("title", ":")[0]),
            "rating_group": F.split("rating", "-")[0],
        }
    )
    sound = typed.dropna(subset=["show_id", "title", "release_year"])
    sound = sound.where(F.col("type").isin("Movie", "TV Show"))
    sound = sound.where(F.coalesce(F.col("duration_minutes"), F.lit(90)).between(1, 900))
    first = F.row_number().over(Window.partitionBy("show_id").orderBy("record_number"))
    lake.write("silver/titles", sound.withColumn("n", first).where("n = 1").drop("n"))
    refused = bronze.join(lake.read("silver/titles").select(*ADDRESS), ADDRESS, "left_anti")
    is_second_half = F.col("record_number").isin(second_halves) if second_halves else F.lit(False)
    quarantine(lake, "silver/titles", refused, F.when(is_second_half, "second half").otherwise("refused"))


def silver_lookup(lake: Lake, name: str, column: str) -> None:
    """A typed id and a tidied name; repeated rows go to the quarantine."""
    bronze = lake.read(f"bronze/{name}")
    value = F.regexp_replace(tidy(column), "[, ]+\\z", "") if name == "countries" else tidy(column)
    typed = bronze.select(tidy("show_id").try_cast("bigint").alias("show_id"), value.alias(column), *ADDRESS)
    accepted = typed.dropna().groupBy("show_id", column).agg(F.min("source_file"), F.min("record_number"))
    lake.write(f"silver/{name}", accepted.toDF("show_id", column, *ADDRESS))
    refused = bronze.join(lake.read(f"silver/{name}").select(*ADDRESS), ADDRESS, "left_anti")
    quarantine(lake, f"silver/{name}", refused, F.lit("duplicate row"))


def gold(lake: Lake) -> None:
    """What is new and how long it runs; lookups of titles that exist."""
    titles = lake.read("silver/titles")
    before = (
        lake.read("silver/titles", lake.week - timedelta(days=7))
        .select("show_id")
        .withColumn("old", F.lit(1))
    )
    ranking = F.dense_rank().over(Window.orderBy(F.col("duration_minutes").desc_nulls_last()))
    ranked = titles.withColumn("duration_ranking", F.when(F.col("duration_minutes").isNotNull(), ranking))
    ranked = ranked.join(before, "show_id", "left")
    new = F.when(F.col("old").isNull(), 1).otherwise(0)
    ranked = ranked.withColumn("newflag", F.when(F.lit(not before.isEmpty()), new))
    lake.write("gold/titles", ranked.drop("old", *ADDRESS))
    quarantine(lake, "gold/titles", titles.limit(0), F.lit("refused"))
    for name in LOOKUPS:
        silver = lake.read(f"silver/{name}")
        known = titles.select("show_id")
        lake.write(f"gold/{name}", silver.join(known, "show_id", "left_semi").drop(*ADDRESS))
        quarantine(lake, f"gold/{name}", silver.join(known, "show_id", "left_anti"), F.lit("orphan"))


def quarantine(lake: Lake, table: str, refused: DataFrame, broken: Column) -> None:
    """The refused rows as JSON."""
    record = F.to_json(F.struct(*(name for name in refused.columns if name not in ADDRESS)))
    rows = refused.select(*ADDRESS, record.alias("record"), F.array(broken).alias("broken"))
    lake.write(f"{table}_quarantine", rows)


def main(source: Path, root: Path, week: date) -> None:
    """A week, raw to gold."""
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    session = SparkSession.builder.remote(f"sc://127.0.0.1:{server.listening_address[1]}").getOrCreate()
    lake = Lake(session, root, week)
    raw_and_bronze(source, lake)
    silver_titles(lake)
    for name, column in LOOKUPS.items():
        silver_lookup(lake, name, column)
    gold(lake)
    session.stop()
    server.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
