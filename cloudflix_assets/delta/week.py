"""A week of a table on its way from a step to a commit, and the outcome of that commit."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import types as T


@dataclass(frozen=True)
class WeekOfTable:
    """A judged week, ready to be committed.

    Args:
        path: the table, `silver/titles`.
        fields: the stored columns, without `week`.
        week: the Monday that the week begins with.
        frame: exactly `rows` rows with at least the columns `fields`; None if there are no rows.
        rows: the number of rows that were judged.
        digest: the digest of those rows.
        attempt: the one that commits, `<run>-<retry>`.
        force: commit the week even if it is unchanged.
        parquet: a folder in scratch that holds the rows of `frame` already and can be published as it is.
        about: the table's description.
    """

    path: str
    fields: T.StructType
    week: date
    frame: DataFrame | None
    rows: int
    digest: str
    attempt: str
    force: bool = False
    parquet: str | None = None
    about: str = ""

    def __str__(self) -> str:
        return f"{self.path}, week {self.week}"


@dataclass(frozen=True)
class Judged:
    """A week of a table and the same week of its quarantine, from one judgement."""

    week: WeekOfTable
    quarantine: WeekOfTable


@dataclass(frozen=True)
class Kept:
    """A week that `version` of the table holds already, by a digest computed anew: no commit is needed.

    `stored` is a key of its files, as `read.stored_as` returned it.
    """

    week: WeekOfTable
    version: int
    stored: str


Publishable = WeekOfTable | Judged | Kept


@dataclass(frozen=True)
class Outcome:
    """The outcome of a commit.

    Args:
        version: of the table, that holds the week.
        committed: whether this call committed it.
        stored: a key of the week's files, as `read.stored_as` returned it.
        bytes: of its new files.
    """

    version: int
    committed: bool
    stored: str
    bytes: int = 0


def metadata(week: WeekOfTable) -> dict[str, object]:
    """Return what the commit of a week states about itself, in `userMetadata`."""
    return {"step": week.attempt, "week": str(week.week), "digest": week.digest, "columns": week.fields.names}
