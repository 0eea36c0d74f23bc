"""A staged frame is computed once, keeps its columns when it is empty, and is gone after its step."""

from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.lake.staging import folder_of, open_staging, remove_dead_staging
from cloudflix_assets.runs.weeks import run_weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import FIELDS, ROWS
from cloudflix_assets_tests.lakehouse import WEEK_1

FOLDER = "silver/staging/run/titles-0"


@pytest.fixture
def lake(environment: Environment) -> LocalLake:
    return LocalLake(environment.lake_root)


@pytest.mark.both_engines
def test_a_staged_frame_does_not_change_any_more(lake: LocalLake, spark_session: SparkSession) -> None:
    """A frame that is computed again for each use may give other rows each time."""
    frame = spark_session.range(100).select("id", F.rand().alias("luck"))
    with open_staging(lake, spark_session, FOLDER) as stage:
        staged = stage.materialize("judged", frame)
        assert sorted(staged.collect()) == sorted(staged.collect())
        assert staged.count() == 100


@pytest.mark.both_engines
def test_an_empty_frame_keeps_its_columns(lake: LocalLake, spark_session: SparkSession) -> None:
    """An engine that writes no Parquet for no rows leaves nothing to take columns from."""
    with open_staging(lake, spark_session, FOLDER) as stage:
        staged = stage.materialize("judged", spark_session.createDataFrame([], FIELDS))
        assert staged.collect() == []
        assert {f.name: f.dataType for f in staged.schema} == {f.name: f.dataType for f in FIELDS}


@pytest.mark.both_engines
@pytest.mark.parametrize("batches", [0, 1, 3])
def test_batches_become_a_frame(lake: LocalLake, spark_session: SparkSession, batches: int) -> None:
    schema = pa.schema([("id", pa.int64()), ("name", pa.string())])
    ids, names = zip(*ROWS, strict=True)
    batch = pa.record_batch([pa.array(ids), pa.array(names)], schema=schema)
    with open_staging(lake, spark_session, FOLDER) as stage:
        frame = stage.write_batches(schema, iter([batch] * batches))
        assert sorted(map(tuple, frame.collect())) == sorted([*ROWS] * batches)
        assert frame.columns == ["id", "name"]


def test_a_staging_folder_is_gone_after_a_failure(lake: LocalLake, spark_session: SparkSession) -> None:
    frame = spark_session.createDataFrame([tuple(row) for row in ROWS], FIELDS)

    def step() -> None:
        with open_staging(lake, spark_session, FOLDER) as stage:
            stage.materialize("judged", frame)
            assert (lake.root / FOLDER / "judged").is_dir()
            raise ArithmeticError("the step failed")

    with pytest.raises(ArithmeticError, match="the step failed"):
        step()
    assert not (lake.root / FOLDER).exists()


def test_what_an_earlier_attempt_left_is_not_read(lake: LocalLake, spark_session: SparkSession) -> None:
    """A killed step leaves its folder; the same run, retried, must not find its rows doubled."""
    frame = spark_session.createDataFrame([tuple(row) for row in ROWS], FIELDS)
    frame.write.parquet(lake.uri(f"{FOLDER}/judged"))
    with open_staging(lake, spark_session, FOLDER) as stage:
        assert stage.materialize("judged", frame).count() == len(ROWS)


OVER, RUNNING, UNKNOWN = (str(UUID(int=number)) for number in (1, 2, 3))


def test_only_what_runs_that_are_over_left_is_swept(tmp_path: Path) -> None:
    """A killed step's staging would stay for ever; a running step's must never go."""
    lake = LocalLake(tmp_path)
    for run in (OVER, RUNNING, UNKNOWN):
        lake.write(f"{folder_of('silver/titles', f'{run}-0')}/judged/part.parquet", b"")
    assert remove_dead_staging(lake, lambda run: run == OVER) == [folder_of("silver/titles", f"{OVER}-0")]
    assert {path.name[: len(OVER)] for path in (tmp_path / "silver/staging").iterdir()} == {RUNNING, UNKNOWN}


def test_the_next_run_sweeps_what_a_killed_one_left(environment: Environment) -> None:
    """The instance knows which runs are over; the lake does not."""
    (first,) = run_weeks(environment, [WEEK_1], "publication", {})
    lake = LocalLake(environment.lake_root)
    left = [folder_of("silver/titles", f"{run}-0") for run in (first.run_id, UNKNOWN)]
    for folder in left:
        lake.write(f"{folder}/judged/part.parquet", b"")
    assert [result.success for result in run_weeks(environment, [WEEK_1], "publication", {})] == [True]
    assert [(environment.lake_root / folder).exists() for folder in left] == [False, True]
