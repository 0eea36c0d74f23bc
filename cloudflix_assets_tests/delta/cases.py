"""What the tests of `delta/` share: tiny weeks, what is stored of them, and moments to interrupt a step."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pyarrow as pa
import pyspark.sql.types as T
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from cloudflix_assets.delta import commit, read, schema, spark_commit
from cloudflix_assets.delta import log as delta_log
from cloudflix_assets.delta.table import application
from cloudflix_assets.delta.week import Judged, Outcome, WeekOfTable
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.lakehouse import WEEK_1
from spark.quality import digest
from spark.quality.verdict import QUARANTINE

TABLE, REFUSED = "silver/tiny", "silver/tiny_quarantine"
FIELDS = T.StructType([T.StructField("id", T.LongType()), T.StructField("name", T.StringType())])

Rows = Sequence[tuple[Any, ...]]
ROWS: Rows = [(1, "one"), (2, None)]
OTHER_ROWS: Rows = [(3, "three"), (4, "four"), (5, "five")]


def week_of(
    session: SparkSession,
    rows: Rows,
    week: date = WEEK_1,
    *,
    fields: T.StructType = FIELDS,
    path: str = TABLE,
    attempt: str = "an-attempt",
    force: bool = False,
) -> WeekOfTable:
    """A judged week of these rows."""
    frame = _frame(session, rows, fields) if rows else None
    found = digest.empty(fields) if frame is None else digest.digest(frame, fields)
    return WeekOfTable(path, fields, week, frame, len(rows), found, attempt, force)


def _frame(session: SparkSession, rows: Rows, fields: T.StructType) -> DataFrame:
    """Of Arrow: rows of Python's are read by a worker of Spark's whenever they are used."""
    named = [dict(zip(fields.names, row, strict=True)) for row in rows]
    return session.createDataFrame(
        pa.Table.from_pylist(named, to_arrow_schema(fields, timezone="UTC")), fields
    )


@cache
def judged(session: SparkSession, name: str, week: date) -> Judged:
    """A week of table and quarantine, both of which tell whose step (`name`) they come from; made once."""
    refused = [(f"{name}.csv", number, "{}", [name]) for number in (1, 2)]
    return Judged(
        week_of(session, authored(name), week, attempt=name),
        week_of(session, refused, week, fields=QUARANTINE, path=REFUSED, attempt=name),
    )


def authored(name: str) -> Rows:
    """Rows that tell whose they are."""
    return [(1, name), (2, name), (3, name)]


@dataclass(frozen=True)
class Tiny:
    """Tables of tiny weeks in a lake, and the session that writes and reads them."""

    lake: LocalLake
    session: SparkSession

    def week(self, rows: Rows, week: date = WEEK_1, **said: Any) -> WeekOfTable:
        """A judged week of these rows, as `week_of` makes it."""
        return week_of(self.session, rows, week, **said)

    def write(self, rows: Rows, week: date = WEEK_1, **said: Any) -> Outcome:
        """Replace a week by these rows."""
        return self.replace(self.week(rows, week, **said))

    def replace(self, week: WeekOfTable, **how: bool) -> Outcome:
        """Replace a week by a judged one; `native` says who commits."""
        return commit.replace(self.lake, self.session, week, **how)

    def judged(self, name: str, week: date = WEEK_1) -> Judged:
        """A week of table and quarantine by this author."""
        return judged(self.session, name, week)

    def publish(self, name: str, week: date = WEEK_1) -> Outcome:
        """What a step of this author does: the quarantine, then the table beside it."""
        step = self.judged(name, week)
        self.replace(step.quarantine)
        return commit.replace_beside(self.lake, self.session, step)

    def authors(self, week: date = WEEK_1) -> tuple[str, ...]:
        """Whose rows table and quarantine hold; fails if either holds half a week, two, or another record."""
        found = []
        for path, fields in ((TABLE, FIELDS), (REFUSED, QUARANTINE)):
            names = self.names(path, week)
            (name,) = set(names)
            mine = self.judged(name, week)
            whole = mine.week if path == TABLE else mine.quarantine
            assert len(names) == whole.rows
            assert self.committed_digest(week, path) == whole.digest
            assert digest.digest(self.read(week, path=path, fields=fields), fields) == whole.digest
            found.append(name)
        return tuple(found)

    def names(self, path: str, week: date = WEEK_1) -> list[str]:
        """Whose each row of a table or quarantine is."""
        fields, column = (FIELDS, 1) if path == TABLE else (QUARANTINE, 0)
        return [row[column].removesuffix(".csv") for row in self.stored(week, path=path, fields=fields)]

    def read(
        self, *weeks: date, path: str = TABLE, fields: T.StructType | None = FIELDS, **required: date
    ) -> DataFrame:
        """Some weeks as the engine reads them; `required` must be there."""
        return read.read(self.lake, self.session, path, fields, weeks, **required)

    def stored(
        self, *weeks: date, path: str = TABLE, fields: T.StructType | None = FIELDS
    ) -> list[tuple[Any, ...]]:
        """Rows of some weeks, or of the first, without `week`, in order."""
        frame = self.read(*(weeks or [WEEK_1]), path=path, fields=fields).drop("week")
        return sorted((tuple(row) for row in frame.collect()), key=repr)

    @property
    def table(self) -> DeltaTable:
        """The table as it is now, to delta-rs."""
        return DeltaTable(self.lake.uri(TABLE))

    def version(self) -> int:
        """The newest version of the table."""
        return self.table.version()

    def columns(self) -> list[str]:
        """The columns of the stored table."""
        return [field.name for field in self.table.schema().fields]

    def committed_digest(self, week: date = WEEK_1, path: str = TABLE) -> str | None:
        """The recorded digest of a week."""
        return delta_log.committed_digest(self.lake, path, week)

    def has_week(self, week: date) -> bool:
        """Whether some commit made this week."""
        return self.table.transaction_version(application(week)) is not None

    def files(self) -> set[Path]:
        """Every Parquet file in the table's folder, committed or not."""
        return set((self.lake.root / TABLE).rglob("*.parquet"))

    def actions(self, of_version: int, kind: str) -> list[dict[str, Any]]:
        """The actions of one kind (`add`, `remove`, `txn`, `commitInfo`) in one commit."""
        log = self.lake.root / TABLE / "_delta_log" / f"{of_version:020}.json"
        lines = map(json.loads, log.read_text().splitlines())
        return [line[kind] for line in lines if kind in line]

    def recorded(self, of_version: int) -> dict[str, Any]:
        """What a commit of ours says about itself."""
        (info,) = self.actions(of_version, "commitInfo")
        metadata: dict[str, Any] = json.loads(info["userMetadata"])
        return metadata


@dataclass(frozen=True)
class Point:
    """A moment in a step: right before or after a function of `delta/` first runs, for one table or any.

    `_committed` is also Spark's own commit, if that is who commits.
    """

    when: Literal["before", "after"]
    name: str
    path: str | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, (self.when, self.name.strip("_"), self.path)))


def interrupt(
    monkeypatch: pytest.MonkeyPatch, *events: tuple[Point, Callable[[], object]], module: ModuleType = commit
) -> list[tuple[Point, Callable[[], object]]]:
    """Let things happen at moments of a step; each once, and what they call is not interrupted itself.

    Returns the events that are still to happen.
    """
    waiting = list(events)

    def fire(when: str, name: str, path: str | None) -> None:
        due = [e for e in waiting if (e[0].when, e[0].name) == (when, name) and e[0].path in (None, path)]
        kept, waiting[:] = [e for e in waiting if e not in due], []
        for _, action in due:
            action()
        waiting[:] = kept

    def hooked(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def function(*arguments: Any, **named: Any) -> Any:
            path = next(filter(None, map(_path, arguments)), None)
            fire("before", name, path)
            result = original(*arguments, **named)
            fire("after", name, path)
            return result

        return function

    for name in {point.name for point, _ in events}:
        place = module if hasattr(module, name) else schema
        monkeypatch.setattr(place, name, hooked(name, getattr(place, name)))
        if (module, name) == (commit, "_commit"):
            monkeypatch.setattr(spark_commit, "commit_week", hooked(name, spark_commit.commit_week))
    return waiting


def raising(error: Exception) -> Callable[..., None]:
    """A function that raises."""

    def raises(*_: object, **__: object) -> None:
        raise error

    return raises


def commit_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Spark's own writer commit, which a local session does not by itself."""
    monkeypatch.setattr(commit, "replace", partial(commit.replace, native=True))
    monkeypatch.setattr(commit, "replace_beside", partial(commit.replace_beside, native=True))


def _path(argument: object) -> str | None:
    """The table that an argument names."""
    if isinstance(argument, WeekOfTable):
        return argument.path
    return argument if isinstance(argument, str) else None
