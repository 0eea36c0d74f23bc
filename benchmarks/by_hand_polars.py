"""The same tables as a good script would make them: polars computes, delta-rs writes. No checks, no digests.

`python -m benchmarks.by_hand_polars SOURCE LAKE WEEK`: SOURCE is a folder of five CSV files.
"""

import sys
from datetime import date, timedelta
from hashlib import file_digest
from pathlib import Path

import polars as pl
from deltalake import write_deltalake

from benchmarks.halves import joined

LOOKUPS = {"cast": "cast", "category": "listed_in", "countries": "country", "directors": "director"}
ADDRESS = ["source_file", "record_number"]


class Lake:
    """A week of tables in a folder."""

    def __init__(self, root: Path, week: date) -> None:
        self.root, self.week = root, week

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Replace the week."""
        path = self.root / table
        predicate = f"week = '{self.week}'" if path.is_dir() else None
        data = frame.with_columns(week=pl.lit(self.week))
        write_deltalake(path, data, mode="overwrite", partition_by=["week"], predicate=predicate)

    def read(self, table: str, week: date | None = None) -> pl.DataFrame:
        """The week, or another."""
        stored = pl.scan_delta(str(self.root / table)).filter(pl.col("week") == (week or self.week))
        return stored.drop("week").collect()


def raw_and_bronze(source: Path, lake: Lake) -> None:
    """A row per file, and its records as text with their address."""
    for name in ["titles", *LOOKUPS]:
        path = source / f"netflix_{name}.csv"
        with path.open("rb") as file:
            sha = file_digest(file, "sha256").hexdigest()
        # Records with too many fields lose the rest, those with too few are padded with nulls.
        records = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)
        facts = {
            "file": path.name,
            "path": f"files/{name}/{sha}.csv",
            "sha256": sha,
            "bytes": path.stat().st_size,
            "records": records.height,
            "header": ",".join(records.columns),
        }
        lake.write(f"raw/{name}", pl.DataFrame([facts]))
        numbers = pl.int_range(1, pl.len() + 1).alias("record_number")
        lake.write(
            f"bronze/{name}", records.with_columns(pl.lit(facts["path"]).alias("source_file"), numbers)
        )


def tidy(column: str) -> pl.Expr:
    """One blank for each run of white space, no zero-width characters, no empty text."""
    text = pl.col(column).str.replace_all("[\u200b-\u200d\u2060\ufeff]", "")
    text = text.str.replace_all(r"[\p{Z}\s\x85]+", " ").str.strip_chars(" ")
    return pl.when(text != "").then(text)


def rejoined(bronze: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records broken in two by a line break, joined; and their second halves."""
    whole, second_halves = joined(bronze.filter(pl.col("show_id").is_null()).rows(named=True))
    is_second_half = pl.col("record_number").is_in(second_halves)
    kept = ~is_second_half & ~pl.col("record_number").is_in([row["record_number"] for row in whole])
    frame = pl.concat([bronze.filter(kept), pl.DataFrame(whole, schema=bronze.schema)])
    return frame, bronze.filter(is_second_half)


def silver_titles(lake: Lake) -> None:
    """Real types; what cannot be typed, second halves and repeated ids go to the quarantine."""
    bronze = lake.read("bronze/titles")
    whole, second_halves = rejoined(bronze)
    numbers = ["duration_minutes", "duration_seasons", "release_year"]
    typed = whole.select(
        *ADDRESS,
        tidy("show_id").cast(pl.Int64, strict=False),
        *(tidy(c).cast(pl.Int32, strict=False) for c in numbers),
        *(tidy(c) for c in ("type", "title", "rating")),
        tidy("date_added").str.to_date("%m/%d/%Y", strict=False),
        "description",
    ).with_columns(
        pl.when(pl.col("type") == "Movie")
        .then(1)
        .when(pl.col("type") == "TV Show")
        .then(2)
        .otherwise(0)
        .cast(pl.Int32)
        .alias("type_flag"),
        pl.col("title").str.split(":").list.first().str.strip_chars(" ").alias("short_title"),
        pl.col("rating").str.split("-").list.first().alias("rating_group"),
    )
    sound = pl.all_horizontal(pl.col("show_id", "title", "release_year").is_not_null())
    sound &= pl.col("type").is_in(["Movie", "TV Show"])
    sound &= pl.col("duration_minutes").is_between(1, 900).fill_null(value=True)
    first = pl.col("record_number") == pl.col("record_number").min().over("show_id")
    accepted = typed.filter(sound).filter(first)
    lake.write("silver/titles", accepted)
    refused = bronze.join(accepted, on=ADDRESS, how="anti")
    is_second_half = pl.col("record_number").is_in(second_halves["record_number"].to_list())
    broken = pl.when(is_second_half).then(pl.lit("second half"))
    quarantine(lake, "silver/titles", refused, broken.otherwise(pl.lit("refused")))


def silver_lookup(lake: Lake, name: str, column: str) -> None:
    """A typed id and a tidied name; repeated rows go to the quarantine."""
    bronze = lake.read(f"bronze/{name}")
    value = tidy(column).str.strip_suffix(",") if name == "countries" else tidy(column)
    typed = bronze.select(tidy("show_id").cast(pl.Int64, strict=False), value, *ADDRESS)
    typed = typed.drop_nulls()
    accepted = typed.unique(["show_id", column], keep="first", maintain_order=True)
    lake.write(f"silver/{name}", accepted)
    refused = bronze.join(accepted, on=ADDRESS, how="anti")
    quarantine(lake, f"silver/{name}", refused, pl.lit("duplicate row"))


def gold(lake: Lake) -> None:
    """What is new and how long it runs; lookups of titles that exist."""
    titles = lake.read("silver/titles")
    before = lake.read("silver/titles", lake.week - timedelta(days=7))["show_id"].to_list()
    new = (~pl.col("show_id").is_in(before)).cast(pl.Int32) if before else pl.lit(None, pl.Int32)
    ranked = titles.with_columns(
        pl.col("duration_minutes").rank("dense", descending=True).cast(pl.Int32).alias("duration_ranking"),
        new.alias("newflag"),
    )
    lake.write("gold/titles", ranked.drop(ADDRESS))
    quarantine(lake, "gold/titles", titles.clear(), pl.lit("refused"))
    for name in LOOKUPS:
        silver = lake.read(f"silver/{name}")
        lake.write(f"gold/{name}", silver.join(titles, on="show_id", how="semi").drop(ADDRESS))
        orphans = silver.join(titles, on="show_id", how="anti")
        quarantine(lake, f"gold/{name}", orphans, pl.lit("orphan"))


def quarantine(lake: Lake, table: str, refused: pl.DataFrame, broken: pl.Expr) -> None:
    """The refused rows as JSON."""
    record = pl.struct(pl.exclude(ADDRESS)).struct.json_encode().alias("record")
    rows = refused.select(*ADDRESS, record, pl.concat_list(broken).alias("broken"))
    lake.write(f"{table}_quarantine", rows)


def main(source: Path, lake: Lake) -> None:
    """A week, raw to gold."""
    raw_and_bronze(source, lake)
    silver_titles(lake)
    for name, column in LOOKUPS.items():
        silver_lookup(lake, name, column)
    gold(lake)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Lake(Path(sys.argv[2]), date.fromisoformat(sys.argv[3])))
