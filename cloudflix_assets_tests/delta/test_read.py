"""Weeks are read together and apart; what a table or a week lacks is null, empty, or refused."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

import pyspark.sql.types as T
import pytest
from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import DataFrame, SparkSession

from cloudflix_assets.delta import commit, log, read
from cloudflix_assets.delta.table import TableRefused, open_cached
from cloudflix_assets.delta.week import WeekOfTable
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import FIELDS, OTHER_ROWS, ROWS, TABLE, stored, week_of
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

pytestmark = pytest.mark.usefixtures("committer")


def in_two_files(week: WeekOfTable) -> DataFrame:
    """The rows of a week, which an engine writes as a file per partition."""
    assert week.frame is not None
    return week.frame.repartition(2, "id")


@pytest.mark.both_engines
def test_delta_rs_reads_what_the_engine_wrote(lake: LocalLake, spark_session: SparkSession) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    commit.replace(lake, spark_session, week_of(spark_session, OTHER_ROWS, WEEK_2))

    query = QueryBuilder().register("tiny", DeltaTable(lake.uri(TABLE)))
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
    lake = LocalLake(Environment(home=tmp_path / name).lake_root)
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    assert not commit.replace(lake, spark_session, week_of(spark_session, ROWS)).committed
    assert stored(lake, spark_session, WEEK_1) == ROWS
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.both_engines
def test_a_week_of_which_one_file_is_gone_is_not_read(lake: LocalLake, spark_session: SparkSession) -> None:
    """Sail reads the files that are left, and says nothing."""
    week = week_of(spark_session, ROWS)
    commit.replace(lake, spark_session, replace(week, frame=in_two_files(week)))
    one, other = DeltaTable(lake.uri(TABLE)).file_uris()
    Path(other).unlink()

    with pytest.raises(FileNotFoundError) as refused:
        read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1])
    assert refused.value.filename == other
    assert Path(one).is_file()


@pytest.mark.both_engines
def test_weeks_are_read_together_and_apart(lake: LocalLake, spark_session: SparkSession) -> None:
    """Two weeks in one frame must keep telling which row is of which."""
    for number, week in enumerate((WEEK_1, WEEK_2, WEEK_3)):
        commit.replace(lake, spark_session, week_of(spark_session, [(number, None)], week))

    frame = read.read(lake, spark_session, TABLE, FIELDS, [WEEK_2, WEEK_3], required=WEEK_3)

    assert sorted(map(tuple, frame.collect())) == [(1, None, WEEK_2), (2, None, WEEK_3)]
    assert frame.schema["week"].dataType == T.DateType()


@pytest.mark.both_engines
def test_a_column_that_the_stored_table_lacks_is_null(lake: LocalLake, spark_session: SparkSession) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    wider = T.StructType([*FIELDS, T.StructField("score", T.IntegerType())])

    frame = read.read(lake, spark_session, TABLE, wider, [WEEK_1])

    assert frame.schema["score"].dataType == T.IntegerType()
    assert sorted(map(tuple, frame.collect())) == [(1, "one", None, WEEK_1), (2, None, None, WEEK_1)]


@pytest.mark.both_engines
def test_a_column_keeps_the_type_that_it_is_stored_in(lake: LocalLake, spark_session: SparkSession) -> None:
    """Read as the numbers that a newer contract says, stored text would turn into null."""
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    newer = T.StructType([FIELDS["id"], T.StructField("name", T.IntegerType())])

    frame = read.read(lake, spark_session, TABLE, newer, [WEEK_1])

    assert frame.schema["name"].dataType == T.StringType()
    assert sorted(map(tuple, frame.collect())) == [(1, "one", WEEK_1), (2, None, WEEK_1)]


@pytest.mark.parametrize("exists", [True, False])
def test_an_absent_earlier_week_has_no_rows(
    lake: LocalLake, spark_session: SparkSession, exists: bool
) -> None:
    """`newflag` of the first week looks a week back, into a table that may not be there yet."""
    if exists:
        commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_2))

    frame = read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1])

    assert frame.columns == ["id", "name", "week"]
    assert frame.collect() == []


@pytest.mark.parametrize("exists", [True, False])
def test_an_absent_own_week_names_the_command(
    lake: LocalLake, spark_session: SparkSession, exists: bool
) -> None:
    """An empty input would become an empty output, and nobody would notice."""
    if exists:
        commit.replace(lake, spark_session, week_of(spark_session, ROWS, WEEK_1))

    with pytest.raises(read.WeekAbsent) as refused:
        read.read(lake, spark_session, TABLE, FIELDS, [WEEK_1, WEEK_2], required=WEEK_2)

    sentence = str(refused.value)
    assert f"{TABLE} holds no week {WEEK_2}" in sentence
    assert f"`cloudflix run --week {WEEK_2} --select" in sentence


@pytest.mark.parametrize("week", [date(2024, 12, 30), date(2026, 1, 5) + timedelta(weeks=520)])
def test_weeks_of_other_years_are_weeks(lake: LocalLake, spark_session: SparkSession, week: date) -> None:
    commit.replace(lake, spark_session, week_of(spark_session, ROWS, week))
    assert stored(lake, spark_session, week) == ROWS


def test_what_is_kept_of_a_table_is_dropped_as_soon_as_anybody_writes_it(
    lake: LocalLake, spark_session: SparkSession
) -> None:
    """A step opens a table once; another process, a restored backup and a damage are seen nevertheless."""
    assert open_cached(lake, TABLE) is None
    commit.replace(lake, spark_session, week_of(spark_session, ROWS))
    table = open_cached(lake, TABLE)
    assert table is not None
    assert open_cached(lake, TABLE) is table

    DeltaTable(lake.uri(TABLE)).delete("id = 1")
    assert stored(lake, spark_session, WEEK_1) == ROWS[1:]
    assert log.committed_digest(lake, TABLE, WEEK_1) is not None

    last = max((lake.root / TABLE / "_delta_log").glob("*.json"))
    last.write_bytes(b"")
    with pytest.raises(TableRefused, match="is empty"):
        open_cached(lake, TABLE)
    rmtree(lake.root / TABLE)
    assert open_cached(lake, TABLE) is None
