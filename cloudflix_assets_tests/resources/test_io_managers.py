"""Through Dagster: weeks go in and out unmixed, also for an asset that is none of ours."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import rmtree
from typing import Any

import dagster as dg
import pyspark.sql.types as T
import pytest
from pyspark.sql import DataFrame, SparkSession

from cloudflix_assets.assets.description import stored_fields
from cloudflix_assets.delta import commit
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import ROWS, week_of
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    WEEK_3,
    Lakehouse,
    Makes,
    MemorySource,
    copied,
    prepare,
    publication,
    registered,
    titles,
)

SILVER = "silver/titles"
CAST = registered("silver/cast")
TITLES = registered("raw/titles", "bronze/titles", SILVER)
BOTH_WEEKS = dg.TimeWindowPartitionMapping(-1, 0, allow_nonexistent_upstream_partitions=True)


def delivered(*names: str) -> dict[str, bytes]:
    """A publication of titles of these names."""
    return publication(titles=titles(*({"show_id": str(i), "title": n} for i, n in enumerate(names, 1))))


def three_weeks() -> MemorySource:
    return MemorySource({WEEK_1: delivered("a", "b"), WEEK_2: delivered("c"), WEEK_3: delivered("d")})


@pytest.fixture
def source() -> MemorySource:
    """What a test may change."""
    return three_weeks()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of silver titles of two weeks."""
    folder = tmp_path_factory.mktemp("prepared")
    return prepare(folder / "home", (WEEK_2, WEEK_1), source=three_weeks(), tables=TITLES)


@pytest.fixture
def house(prepared: Path, environment: Environment, source: MemorySource) -> Iterator[Lakehouse]:
    with copied(prepared, environment, source=source, tables=TITLES) as found:
        yield found


def names(house: Lakehouse, week: date, path: str = SILVER) -> list[str]:
    return sorted(row["title"] for row in house.rows(path, week))


def materialized(
    house: Lakehouse, week: date, mapping: dg.PartitionMapping | None = None, path: str = SILVER
) -> tuple[dg.ExecuteInProcessResult, list[dict[str, Any]]]:
    """Run an asset of a user's own that reads a table; the rows that it was given."""
    given: list[dict[str, Any]] = []
    table = dg.AssetIn(key=path.split("/"), partition_mapping=mapping)
    weeks = house.defs.resolve_asset_graph().get(dg.AssetKey(SILVER.split("/"))).partitions_def

    @dg.asset(ins={"table": table}, partitions_def=weeks)
    def mine(table: DataFrame) -> None:
        given.extend(row.asDict() for row in table.collect())

    theirs = [] if path == SILVER else [dg.AssetSpec(path.split("/"), partitions_def=weeks)]
    result = dg.materialize(
        [*(house.defs.assets or ()), *theirs, mine],  # type: ignore[list-item]
        selection=[mine],
        partition_key=str(week),
        instance=house.instance,
        resources=house.defs.resources,
        raise_on_error=False,
    )
    return result, given


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Why the user's asset failed, as its reader sees it."""
    (event,) = result.get_step_failure_events()
    told = event.step_failure_data.user_failure_data
    return (told.description or "") if told else ""


def test_an_asset_of_a_users_own_reads_its_week(house: Lakehouse) -> None:
    result, given = materialized(house, WEEK_1)
    assert result.success
    assert sorted((row["title"], row["week"]) for row in given) == [("a", WEEK_1), ("b", WEEK_1)]


def test_an_input_of_two_weeks_tells_them_apart(house: Lakehouse) -> None:
    result, given = materialized(house, WEEK_2, BOTH_WEEKS)
    assert result.success
    found = sorted((row["title"], row["week"]) for row in given)
    assert found == [("a", WEEK_1), ("b", WEEK_1), ("c", WEEK_2)]


def test_the_earlier_of_two_weeks_may_be_absent(house: Lakehouse) -> None:
    """The first week of a calendar, or of a lake, has none before it."""
    result, given = materialized(house, WEEK_1, BOTH_WEEKS)
    assert result.success
    assert {row["week"] for row in given} == {WEEK_1}


@pytest.mark.parametrize("mapping", [None, BOTH_WEEKS])
def test_its_own_week_may_not_be_absent(house: Lakehouse, mapping: dg.PartitionMapping | None) -> None:
    """The week before is there, and would pass for this one."""
    result, given = materialized(house, WEEK_3, mapping)
    assert not result.success
    assert given == []
    assert f"{SILVER} holds no week {WEEK_3}: run `cloudflix run --week {WEEK_3}" in failure(result)


def test_only_an_earlier_week_may_be_absent(house: Lakehouse) -> None:
    """An asset that compares with the week before, and reads nothing of its own."""
    week_before = dg.TimeWindowPartitionMapping(-1, -1, allow_nonexistent_upstream_partitions=True)
    result, given = materialized(house, WEEK_1, week_before)
    assert result.success
    assert given == []
    result, given = materialized(house, WEEK_3, week_before)
    assert [row["title"] for row in given] == ["c"]


def test_a_table_that_no_contract_describes_is_read_as_it_is(
    house: Lakehouse, spark_session: SparkSession
) -> None:
    commit.replace(house.lake, spark_session, week_of(spark_session, ROWS, WEEK_1, path="silver/mine"))
    result, given = materialized(house, WEEK_1, path="silver/mine")
    assert result.success
    assert sorted((row["id"], row["name"], row["week"]) for row in given) == [
        (1, "one", WEEK_1),
        (2, None, WEEK_1),
    ]


def test_a_refused_table_fails_the_step_with_its_sentence(
    house: Lakehouse, source: MemorySource, spark_session: SparkSession
) -> None:
    """Not with a traceback, and not with a retry that meets the same table."""
    path = "silver/titles_quarantine"
    rmtree(house.lake.root / path)
    textual = T.StructType([T.StructField("record_number", T.StringType())])
    commit.replace(house.lake, spark_session, week_of(spark_session, [], WEEK_3, fields=textual, path=path))
    source.publications[WEEK_1] = delivered("e")

    result = house.run(WEEK_1)

    assert not result.success
    (sentence,) = result.failures.values()
    assert f"{path}: the column record_number is stored as string" in sentence
    assert "rerun all its weeks" in sentence
    assert names(house, WEEK_1) == ["a", "b"]


def test_nothing_landed_names_the_command(lakehouse: Makes, source: MemorySource) -> None:
    result = lakehouse(source=source, tables=TITLES).run(WEEK_1, "raw/titles")
    assert not result.success
    (sentence,) = result.failures.values()
    assert f"nothing was landed for the week {WEEK_1}" in sentence
    assert f"`cloudflix run --week {WEEK_1} --select publication`" in sentence


def test_what_nobody_has_judged_is_not_stored(house: Lakehouse, spark_session: SparkSession) -> None:
    """A frame of a user's own asset would be published without a contract."""

    @dg.asset(key=["gold", "mine"])
    def mine() -> DataFrame:
        return spark_session.range(3)

    result = dg.materialize(
        [mine], instance=house.instance, resources=house.defs.resources, raise_on_error=False
    )
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    told = failure.step_failure_data.user_failure_data
    assert told is not None
    assert told.description is not None
    assert "gold/mine returned a DataFrame that nobody judged: declare it as a Table" in told.description
    assert not (house.environment.lake_root / "gold" / "mine").exists()


def emptied(house: Lakehouse) -> None:
    """What `--replace-source` does."""
    house.lake.empty([path for table in CAST for path in stored_fields(table)])
    house.lake.claim("memory:another")


@pytest.mark.parametrize("moment", ["between two commits", "during a commit"])
def test_a_lake_that_is_emptied_takes_nothing_of_a_run_that_goes_on(
    lakehouse: Makes, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Rows of the source before stood in the lake of the next, and the exit code was 0."""
    house = lakehouse(source=MemorySource({WEEK_1: publication()}), tables=CAST)
    between = moment == "between two commits"
    name, path = ("replace", "silver/cast_quarantine") if between else ("_commit", "silver/cast")
    original = getattr(commit, name)

    def replacing(*arguments: Any, **others: Any) -> Any:
        ours = any(getattr(argument, "path", None) == path for argument in arguments)
        done = original(*arguments, **others) if between else None
        if ours:
            emptied(house)
        return done or original(*arguments, **others)

    monkeypatch.setattr(commit, name, replacing)
    run = house.run(WEEK_1)
    assert not run.success
    assert "was emptied with --replace-source while this run went on" in run.failures["silver_cast"]
    assert not between or "cast" not in house.lake.names("silver")
