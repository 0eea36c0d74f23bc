"""Weeks are read together and apart; what a table or a week lacks is null, empty, or refused."""

import os
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.types as T
import pytest
from deltalake import QueryBuilder, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from cloudflix_assets.delta import read
from cloudflix_assets.delta.table import TableRefused, open_cached
from cloudflix_assets.delta.week import WeekOfTable
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import FIELDS, OTHER_ROWS, ROWS, TABLE, Tiny
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

pytestmark = pytest.mark.usefixtures("committer")


def in_two_files(week: WeekOfTable) -> DataFrame:
    """The rows of a week, which an engine writes as a file per partition."""
    assert week.frame is not None
    return week.frame.repartition(2, "id")


@pytest.mark.both_engines
def test_delta_rs_reads_what_the_engine_wrote(tiny: Tiny) -> None:
    tiny.write(ROWS)
    tiny.write(OTHER_ROWS, WEEK_2)

    query = QueryBuilder().register("tiny", tiny.table)
    found = query.execute("select id, name, week from tiny order by id").read_all()

    ids, weeks = (found.column(name).to_pylist() for name in ("id", "week"))
    assert ids == [1, 2, 3, 4, 5]
    assert weeks == [WEEK_1] * 2 + [WEEK_2] * 3


@pytest.mark.both_engines
@pytest.mark.parametrize("name", ["two words", "a #b", "é", "it's", 'say "so"', "a&b=c;d,e+f"])
def test_a_lake_may_lie_in_a_folder_of_any_name(
    tmp_path: Path, spark_session: SparkSession, name: str
) -> None:
    """An engine that takes a path for a URL writes elsewhere, or finds no table."""
    tiny = Tiny(LocalLake(Environment(home=tmp_path / name).lake_root), spark_session)
    tiny.write(ROWS)
    assert not tiny.write(ROWS).committed
    assert tiny.stored() == ROWS
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.both_engines
def test_a_week_of_which_one_file_is_gone_is_not_read(tiny: Tiny) -> None:
    """Sail reads the files that are left, and says nothing."""
    week = tiny.week(ROWS)
    tiny.replace(replace(week, frame=in_two_files(week)))
    one, other = tiny.table.file_uris()
    Path(other).unlink()

    with pytest.raises(read.FileDamaged, match=re.escape(f"{other} is gone: restore it from a backup")):
        tiny.read(WEEK_1)
    assert Path(one).is_file()


@pytest.mark.both_engines
def test_weeks_are_read_together_and_apart(tiny: Tiny) -> None:
    """Two weeks in one frame must keep telling which row is of which."""
    for number, week in enumerate((WEEK_1, WEEK_2, WEEK_3)):
        tiny.write([(number, None)], week)

    frame = tiny.read(WEEK_2, WEEK_3, required=WEEK_3)

    assert sorted(map(tuple, frame.collect())) == [(1, None, WEEK_2), (2, None, WEEK_3)]
    assert frame.schema["week"].dataType == T.DateType()


@pytest.mark.both_engines
def test_a_column_that_the_stored_table_lacks_is_null(tiny: Tiny) -> None:
    tiny.write(ROWS)
    wider = T.StructType([*FIELDS, T.StructField("score", T.IntegerType())])

    frame = tiny.read(WEEK_1, fields=wider)

    assert frame.schema["score"].dataType == T.IntegerType()
    assert sorted(map(tuple, frame.collect())) == [(1, "one", None, WEEK_1), (2, None, None, WEEK_1)]


@pytest.mark.both_engines
def test_a_column_keeps_the_type_that_it_is_stored_in(tiny: Tiny) -> None:
    """Read as the numbers that a newer contract says, stored text would turn into null."""
    tiny.write(ROWS)
    newer = T.StructType([FIELDS["id"], T.StructField("name", T.IntegerType())])

    frame = tiny.read(WEEK_1, fields=newer)

    assert frame.schema["name"].dataType == T.StringType()
    assert sorted(map(tuple, frame.collect())) == [(1, "one", WEEK_1), (2, None, WEEK_1)]


@pytest.mark.parametrize("exists", [True, False])
def test_an_absent_earlier_week_has_no_rows(tiny: Tiny, exists: bool) -> None:
    """`newflag` of the first week looks a week back, into a table that may not be there yet."""
    if exists:
        tiny.write(ROWS, WEEK_2)

    frame = tiny.read(WEEK_1)

    assert frame.columns == ["id", "name", "week"]
    assert frame.collect() == []


@pytest.mark.parametrize("exists", [True, False])
def test_an_absent_own_week_names_the_command(tiny: Tiny, exists: bool) -> None:
    """An empty input would become an empty output, and nobody would notice."""
    if exists:
        tiny.write(ROWS)

    with pytest.raises(read.WeekAbsent) as refused:
        tiny.read(WEEK_1, WEEK_2, required=WEEK_2)

    sentence = str(refused.value)
    assert f"{TABLE} holds no week {WEEK_2}" in sentence
    assert f"`cloudflix run --week {WEEK_2} --select" in sentence


@pytest.mark.parametrize("week", [date(2024, 12, 30), date(2026, 1, 5) + timedelta(weeks=520)])
def test_weeks_of_other_years_are_weeks(tiny: Tiny, week: date) -> None:
    tiny.write(ROWS, week)
    assert tiny.stored(week) == ROWS


def test_what_is_kept_of_a_table_is_dropped_as_soon_as_anybody_writes_it(tiny: Tiny) -> None:
    """A step opens a table once; another process, a restored backup and a damage are seen nevertheless."""
    assert open_cached(tiny.lake, TABLE) is None
    tiny.write(ROWS)
    table = open_cached(tiny.lake, TABLE)
    assert table is not None
    assert open_cached(tiny.lake, TABLE) is table

    tiny.table.delete("id = 1")
    assert tiny.stored() == ROWS[1:]
    assert tiny.committed_digest() is not None

    last = max((tiny.lake.root / TABLE / "_delta_log").glob("*.json"))
    last.write_bytes(b"")
    with pytest.raises(TableRefused, match="is empty"):
        open_cached(tiny.lake, TABLE)
    rmtree(tiny.lake.root / TABLE)
    assert open_cached(tiny.lake, TABLE) is None


@pytest.mark.parametrize("left", [0, 100], ids=["empty", "cut"])
def test_a_file_of_another_size_than_its_commit_says_is_damaged(tiny: Tiny, left: int) -> None:
    """Sail reads an empty file as no rows: a week of none, and everything in the next one is new."""
    tiny.write(ROWS)
    path = min(tiny.files())
    size = path.stat().st_size
    os.truncate(path, left)

    for reads in (tiny.stored, lambda: tiny.write(ROWS)):
        with pytest.raises(read.FileDamaged) as damaged:
            reads()
        assert str(damaged.value) == (
            f"{path} has {left} bytes, and its commit says {size}: restore it from a backup, or build "
            f"that week of the table anew with `cloudflix run --week {WEEK_1} --select {TABLE} --force`, "
            "then rerun."
        )
    assert tiny.write(ROWS, force=True).committed
    assert tiny.stored() == ROWS


def test_a_file_of_other_rows_than_its_commit_says_is_damaged(tiny: Tiny) -> None:
    """It may be as large as the one that was committed."""
    tiny.write(ROWS)
    path = min(tiny.files())
    rows = pq.read_metadata(path).num_rows
    for entry in (tiny.lake.root / TABLE / "_delta_log").glob("*.json"):
        entry.write_text(re.sub(rf'(numRecords\\": ?){rows}\b', rf"\g<1>{rows + 1}", entry.read_text()))
    with pytest.raises(read.FileDamaged, match=f"{path} has {rows} rows, and its commit says {rows + 1}: "):
        tiny.stored()


def test_a_file_of_other_bytes_is_damaged(tiny: Tiny) -> None:
    """A disk that fails leaves a file as large as it was."""
    tiny.write(ROWS)
    path = min(tiny.files())
    path.write_bytes(b"\0" * path.stat().st_size)
    for reads in (tiny.stored, lambda: tiny.write(ROWS)):
        with pytest.raises(read.FileDamaged, match=f"{path} cannot be read .*: restore it from a backup"):
            reads()
    assert tiny.write(ROWS, force=True).committed


@pytest.mark.parametrize("name", ["copy.parquet.bak", "x.tmp", "notes.txt", "other.parquet"])
def test_what_lies_beside_the_files_of_a_week_is_not_read(tiny: Tiny, name: str) -> None:
    """An engine that is given a folder reads whatever lies there: a copy doubled the rows."""
    tiny.write(ROWS)
    path = min(tiny.files())
    path.with_name(name).write_bytes(b"theirs" if name == "notes.txt" else path.read_bytes())
    assert tiny.stored() == ROWS
    assert not tiny.write(ROWS).committed


def test_a_week_that_no_commit_made_is_absent_whatever_rows_lie_there(tiny: Tiny) -> None:
    """Rows that another tool put into an earlier week would count as the week before."""
    tiny.write(ROWS)
    theirs = pa.table({"id": [9], "name": ["theirs"], "week": [WEEK_2]})
    write_deltalake(tiny.lake.uri(TABLE), theirs, mode="append")
    assert tiny.stored(WEEK_2) == []
    assert tiny.stored(WEEK_1) == ROWS
