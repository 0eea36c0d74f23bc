"""What the tests of delta.py share: tiny weeks, what is stored of them, and moments to interrupt a step."""

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

from cloudflix_assets.delta import commit, read, spark_commit
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
    step: str = "a-step",
    force: bool = False,
) -> WeekOfTable:
    """A judged week of these rows."""
    frame = _frame(session, rows, fields) if rows else None
    found = digest.empty(fields) if frame is None else digest.digest(frame, fields)
    return WeekOfTable(path, fields, week, frame, len(rows), found, step, force)


def _frame(session: SparkSession, rows: Rows, fields: T.StructType) -> DataFrame:
    """Of Arrow: rows of Python's are read by a worker of Spark's whenever they are used."""
    named = [dict(zip(fields.names, row, strict=True)) for row in rows]
    return session.createDataFrame(
        pa.Table.from_pylist(named, to_arrow_schema(fields, timezone="UTC")), fields
    )


def judged(session: SparkSession, name: str, rows: Rows, week: date = WEEK_1) -> Judged:
    """A week of table and quarantine, both of which tell whose step (`name`) they come from; made once."""
    return _judged(session, name, tuple(rows), week)


@cache
def _judged(session: SparkSession, name: str, rows: Rows, week: date) -> Judged:
    refused = [(f"{name}.csv", number, "{}", [name]) for number in (1, 2)]
    return Judged(
        week_of(session, rows, week, step=name),
        week_of(session, refused, week, fields=QUARANTINE, path=REFUSED, step=name),
    )


def published(lake: LocalLake, session: SparkSession, step: Judged) -> Outcome:
    """What a step does: the quarantine, then the table beside it."""
    commit.replace(lake, session, step.quarantine)
    return commit.replace_beside(lake, session, step)


def authors(lake: LocalLake, session: SparkSession, week: date = WEEK_1) -> tuple[str, ...]:
    """Whose rows table and quarantine hold; fails if either holds half a week, two, or another record."""
    found = []
    for path, fields, column in ((TABLE, FIELDS, 1), (REFUSED, QUARANTINE, 0)):
        rows = stored(lake, session, week, path=path, fields=fields)
        (name,) = {row[column].removesuffix(".csv") for row in rows}
        mine = judged(session, name, authored(name), week)
        whole = mine.week if path == TABLE else mine.quarantine
        assert len(rows) == whole.rows
        assert delta_log.committed_digest(lake, path, week) == whole.digest
        assert digest.digest(read.read(lake, session, path, fields, [week]), fields) == whole.digest
        found.append(name)
    return tuple(found)


def authored(name: str) -> Rows:
    """Rows that tell whose they are."""
    return [(1, name), (2, name), (3, name)]


def stored(
    lake: LocalLake, session: SparkSession, *weeks: date, path: str = TABLE, fields: T.StructType = FIELDS
) -> list[tuple[Any, ...]]:
    """Rows of some weeks as the engine reads them, without `week`, in order."""
    frame = read.read(lake, session, path, fields, weeks).drop("week")
    return sorted((tuple(row) for row in frame.collect()), key=repr)


def version(lake: LocalLake, path: str = TABLE) -> int:
    """The newest version of a table."""
    return DeltaTable(lake.uri(path)).version()


def has_week(lake: LocalLake, week: date, path: str = TABLE) -> bool:
    """Whether some commit made this week."""
    table = DeltaTable(lake.uri(path))
    return table.transaction_version(application(week)) is not None


def parquet_files(lake: LocalLake, path: str = TABLE) -> set[Path]:
    """Every Parquet file in a table's folder, committed or not."""
    return set((lake.root / path).rglob("*.parquet"))


def actions(lake: LocalLake, of_version: int, kind: str, path: str = TABLE) -> list[dict[str, Any]]:
    """The actions of one kind (`add`, `remove`, `txn`, `commitInfo`) in one commit."""
    log = lake.root / path / "_delta_log" / f"{of_version:020}.json"
    lines = map(json.loads, log.read_text().splitlines())
    return [line[kind] for line in lines if kind in line]


def recorded(lake: LocalLake, of_version: int, path: str = TABLE) -> dict[str, Any]:
    """What a commit of ours says about itself."""
    (info,) = actions(lake, of_version, "commitInfo", path)
    metadata: dict[str, Any] = json.loads(info["userMetadata"])
    return metadata


@dataclass(frozen=True)
class Point:
    """A moment in a step: right before or after a function of delta.py first runs, for one table or any.

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
        monkeypatch.setattr(module, name, hooked(name, getattr(module, name)))
        if (module, name) == (commit, "_commit"):
            monkeypatch.setattr(spark_commit, "commit_week", hooked(name, spark_commit.commit_week))
    return waiting


def commit_natively(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Spark's own writer commit, which a local session does not by itself."""
    monkeypatch.setattr(commit, "replace", partial(commit.replace, native=True))
    monkeypatch.setattr(commit, "replace_beside", partial(commit.replace_beside, native=True))


def _path(argument: object) -> str | None:
    """The table that an argument names."""
    if isinstance(argument, WeekOfTable):
        return argument.path
    return argument if isinstance(argument, str) else None
