"""What a step hands on to be published, and what came of it."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import types as T


@dataclass(frozen=True)
class WeekOfTable:
    """A judged week, ready to be committed.

    Args:
        path: the table, `silver/titles`.
        fields: its stored columns, without `week`.
        frame: exactly `rows` rows with (at least) those columns; None for none.
        digest: of those rows.
        step: who commits, unique per attempt.
        force: commit even what is unchanged.
        parquet: a folder of the scratch lake that holds the rows of `frame` already, to be published.
    """

    path: str
    fields: T.StructType
    week: date
    frame: DataFrame | None
    rows: int
    digest: str
    step: str
    force: bool = False
    parquet: str | None = None

    def __str__(self) -> str:
        return f"{self.path}, week {self.week}"


@dataclass(frozen=True)
class Judged:
    """A week and the quarantine it was judged with."""

    week: WeekOfTable
    quarantine: WeekOfTable


@dataclass(frozen=True)
class Kept:
    """A week that the lake holds already: its digest was computed anew, there is nothing to commit."""

    week: WeekOfTable
    version: int


Publishable = WeekOfTable | Judged | Kept


@dataclass(frozen=True)
class Outcome:
    """The version that holds the week, and whether it was committed just now."""

    version: int
    committed: bool
    bytes: int = 0


def metadata(week: WeekOfTable) -> dict[str, object]:
    """What a commit says about itself, in `userMetadata`."""
    return {"step": week.step, "week": str(week.week), "digest": week.digest, "columns": week.fields.names}
