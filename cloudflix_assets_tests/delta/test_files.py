"""What the log says about a file is what the file holds; what the engine wrote differently is refused."""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.types as T
import pytest

from cloudflix_assets.delta import files
from cloudflix_assets.lake import parquet
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import Tiny

NOON = dt.datetime(2026, 1, 1, 12, 0, 0, 123456)  # noqa: DTZ001  as Spark collects it, session in UTC
EVERY_TYPE = T.StructType(
    [
        T.StructField("whole", T.IntegerType()),
        T.StructField("long", T.LongType()),
        T.StructField("text", T.StringType()),
        T.StructField("day", T.DateType()),
        T.StructField("flag", T.BooleanType()),
        T.StructField("moment", T.TimestampType()),
        T.StructField("share", T.DecimalType(18, 4)),
        T.StructField("names", T.ArrayType(T.StringType())),
    ]
)
LOW = (-5, -(2**40), "é", dt.date(1969, 12, 31), True, NOON, Decimal("-1.5000"), ["a", None])
HIGH: tuple[object, ...] = (
    7,
    2**40,
    "z" * 100,
    dt.date(2026, 11, 9),
    False,
    NOON,
    Decimal("99999999999999.9999"),
    [],
)
NULLS = (None,) * len(EVERY_TYPE)


@pytest.mark.both_engines
def test_every_type_of_a_contract_is_stored_as_it_is(tiny: Tiny) -> None:
    """Engines differ in how they write timestamps, decimals and lists."""
    rows = [LOW, HIGH, NULLS]
    assert tiny.write(rows, fields=EVERY_TYPE).committed
    assert tiny.stored(fields=EVERY_TYPE) == sorted(rows, key=repr)
    assert not tiny.write(rows, fields=EVERY_TYPE).committed


@pytest.mark.both_engines
def test_statistics_in_the_log_are_those_of_the_rows(tiny: Tiny) -> None:
    """Readers skip files by them: a range too narrow loses rows without a word."""
    version = tiny.write([LOW, HIGH, NULLS], fields=EVERY_TYPE).version

    told = [json.loads(add["stats"]) for add in tiny.actions(version, "add")]
    assert sum(stats["numRecords"] for stats in told) == 3
    for name in EVERY_TYPE.names[:-1]:
        assert sum(stats["nullCount"][name] for stats in told) == 1, name
    assert bounds(told, "minValues", min) == {"whole": -5, "long": -(2**40), "day": "1969-12-31"}
    assert bounds(told, "maxValues", max) == {"whole": 7, "long": 2**40, "day": "2026-11-09"}


def bounds(told: list[dict[str, Any]], bound: str, outermost: Callable[[list[Any]], Any]) -> dict[str, Any]:
    """The outermost of what each file's statistics say, by column."""
    found: dict[str, list[Any]] = {}
    for stats in told:
        for name, value in stats[bound].items():
            found.setdefault(name, []).append(value)
    return {name: outermost(values) for name, values in found.items()}


ID = T.StructType([T.StructField("id", T.LongType()), T.StructField("day", T.DateType())])
DAY = dt.date(2026, 11, 9)


def inspected(root: Path, **columns: pa.Array) -> files.File:
    """The one file of a table, written with two rows in a row group."""
    folder = root / "silver" / "tiny" / "week=2026-11-09"
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "part.parquet", row_group_size=2)
    lake = LocalLake(root)
    (file,) = files.inspect_files(lake, "silver/tiny", folder.name, ID)
    return file


def test_ranges_span_every_row_group(tmp_path: Path) -> None:
    """The range of the first row group is not that of the file; a group of nulls has none."""
    ids = pa.array([5, 6, None, None, 1, 9], pa.int64())
    file = inspected(tmp_path, id=ids, day=pa.array([DAY] * 5 + [None], pa.date32()))

    assert file.rows == 6
    assert file.path == "week=2026-11-09/part.parquet"
    assert file.size == (tmp_path / "silver/tiny" / file.path).stat().st_size
    assert file.statistics == {
        "numRecords": 6,
        "minValues": {"id": 1, "day": "2026-11-09"},
        "maxValues": {"id": 9, "day": "2026-11-09"},
        "nullCount": {"id": 2, "day": 1},
    }


def test_a_column_of_nulls_has_no_range(tmp_path: Path) -> None:
    file = inspected(tmp_path, id=pa.nulls(3, pa.int64()), day=pa.nulls(3, pa.date32()))
    assert file.statistics == {
        "numRecords": 3,
        "minValues": {},
        "maxValues": {},
        "nullCount": {"id": 3, "day": 3},
    }


@pytest.mark.parametrize(
    ("id_type", "day_type"),
    [(pa.int32(), pa.date32()), (pa.string(), pa.date32()), (pa.int64(), pa.timestamp("us"))],
)
def test_another_type_than_the_contract_says_is_refused(
    tmp_path: Path, id_type: pa.DataType, day_type: pa.DataType
) -> None:
    """The log would call it a long, and every reader would fail or guess."""
    with pytest.raises(files.UnexpectedParquet, match=r"part\.parquet holds .*nothing was committed"):
        inspected(tmp_path, id=pa.nulls(1, id_type), day=pa.nulls(1, day_type))


def test_a_missing_or_an_undeclared_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(files.UnexpectedParquet, match=r"not \{'id': 'bigint', 'day': 'date'\}"):
        inspected(tmp_path / "missing", id=pa.nulls(1, pa.int64()))
    with pytest.raises(files.UnexpectedParquet, match="extra"):
        inspected(
            tmp_path / "extra",
            id=pa.nulls(1, pa.int64()),
            day=pa.nulls(1, pa.date32()),
            extra=pa.nulls(1, pa.string()),
        )


def test_what_an_engine_leaves_beside_its_files_is_no_data(tmp_path: Path) -> None:
    """Spark ignores names that begin with _ or a dot, so a commit of them would hold rows nobody reads."""
    for name in ("_temporary/part.parquet", ".part.parquet.crc", "_SUCCESS", "notes.txt", "a/part.parquet"):
        path = tmp_path / "table" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    lake = LocalLake(tmp_path)
    assert [info.path for info in parquet.parquet_files(lake, "table")] == ["table/a/part.parquet"]
    assert parquet.parquet_files(lake, "none") == []
