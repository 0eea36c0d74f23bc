"""One week of a table is replaced, exactly that one, only when it changed, and told so in the log."""

import os
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import functions as F

from cloudflix_assets.delta import log as delta_log
from cloudflix_assets.delta.files import remove_of_run
from cloudflix_assets.delta.log import remove_checkpoints
from cloudflix_assets.delta.table import application
from cloudflix_assets.delta.week import Outcome
from cloudflix_assets_tests.delta.cases import OTHER_ROWS, ROWS, TABLE, Tiny
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

pytestmark = pytest.mark.usefixtures("committer")


@pytest.mark.both_engines
def test_a_changed_week_is_replaced_and_no_other(tiny: Tiny) -> None:
    """An overwrite that forgets its filter empties the table."""
    for week in (WEEK_1, WEEK_2, WEEK_3):
        tiny.write(ROWS, week)

    outcome = tiny.write(OTHER_ROWS, WEEK_2)

    assert outcome.committed
    assert outcome.version == tiny.version()
    assert tiny.stored(WEEK_2) == OTHER_ROWS
    assert tiny.stored() == tiny.stored(WEEK_3) == ROWS


@pytest.mark.both_engines
def test_what_a_commit_names_is_on_the_disk_when_it_returns(
    tiny: Tiny, committer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power failure after it left a week of empty files, which a log said to be whole."""
    tiny.write(ROWS, WEEK_1)
    synced: list[int] = []
    fsync = os.fsync

    def spy(opened: int) -> None:
        fsync(opened)
        synced.append(os.fstat(opened).st_ino)

    monkeypatch.setattr(os, "fsync", spy)
    before = tiny.files()
    outcome = tiny.write(ROWS, WEEK_2)
    entry = tiny.lake.root / TABLE / "_delta_log" / f"{outcome.version:020}.json"
    new = tiny.files() - before
    assert new
    kept = {*new, entry, *(path.parent for path in (*new, entry)), tiny.lake.root}
    assert {path.stat().st_ino for path in kept} <= {*synced}
    if committer == "embedded":  # Spark writes and commits in one call
        assert max(synced.index(path.stat().st_ino) for path in new) < synced.index(entry.stat().st_ino)


def test_folders_without_a_file_are_no_strangers(tiny: Tiny) -> None:
    """A run whose lake was emptied under it left some, and no rerun went on."""
    (tiny.lake.root / TABLE / f"week={WEEK_1}").mkdir(parents=True)
    assert tiny.write(ROWS).committed
    assert tiny.stored() == ROWS


def test_an_entry_that_is_torn_behind_a_checkpoint_is_no_loss(tiny: Tiny) -> None:
    """Readers need it no more; it held the digest, so the week is judged anew."""
    tiny.write(ROWS, WEEK_2)
    for rows in [ROWS, OTHER_ROWS] * 5:
        tiny.write(rows)
    log = tiny.lake.root / TABLE / "_delta_log"
    last = max(path.name for path in log.glob("*.checkpoint.parquet"))
    for torn in [path for path in log.glob("*.json") if path.name < last]:
        torn.write_bytes(torn.read_bytes()[:300])
    assert tiny.stored() == OTHER_ROWS
    assert tiny.committed_digest(WEEK_2) is None
    assert not tiny.write(ROWS, WEEK_2).committed


@pytest.mark.both_engines
def test_an_unchanged_week_is_not_touched(tiny: Tiny) -> None:
    """A commit of equal content would make every dependant stale."""
    first = tiny.write(ROWS)
    files = tiny.files()

    again = tiny.write(ROWS[::-1], attempt="another")

    assert again == Outcome(first.version, committed=False, stored=ANY)
    assert tiny.version() == first.version
    assert tiny.files() == files


@pytest.mark.both_engines
def test_an_empty_week_exists_and_an_absent_one_does_not(tiny: Tiny) -> None:
    """It is known by its commit, not by its files; and Spark leaves out commits that change no file."""
    assert tiny.write([]) == Outcome(1, committed=True, stored=ANY)

    empty = tiny.read(WEEK_1, required=WEEK_1)
    assert empty.collect() == []
    assert empty.columns == ["id", "name", "week"]
    assert tiny.has_week(WEEK_1)
    assert not tiny.has_week(WEEK_2)
    assert tiny.write([]) == Outcome(1, committed=False, stored=ANY)


def test_an_empty_week_replaces_a_full_one(tiny: Tiny) -> None:
    tiny.write(ROWS)
    tiny.write(ROWS, WEEK_2)

    assert tiny.write([]).committed

    assert tiny.stored() == []
    assert tiny.stored(WEEK_2) == ROWS


def test_force_commits_what_is_unchanged(tiny: Tiny) -> None:
    first = tiny.write(ROWS)

    again = tiny.write(ROWS, force=True)

    assert again.committed
    assert again.version == first.version + 1
    assert tiny.stored() == ROWS


@pytest.mark.both_engines
def test_the_lake_is_asked_what_it_holds_not_its_metadata(tiny: Tiny) -> None:
    """Someone changed the rows; the last recorded digest still says that they are right."""
    tiny.write(ROWS)
    tampered = tiny.table
    tampered.update(updates={"name": "'another'"}, predicate="id = 2")
    assert tiny.stored() == [(1, "one"), (2, "another")]
    assert tiny.committed_digest() == tiny.week(ROWS).digest

    assert tiny.write(ROWS).committed
    assert tiny.stored() == ROWS


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_rows_that_someone_added_go_with_the_next_replace(tiny: Tiny, text: pa.DataType) -> None:
    """Each tool has a type of its own for text in Parquet, and Delta one for all."""
    week = tiny.week(ROWS)
    tiny.replace(week)
    columns = {"id": pa.array([9], pa.int64()), "name": pa.array(["nine"], text), "week": pa.array([WEEK_1])}
    write_deltalake(tiny.lake.uri(TABLE), pa.table(columns), mode="append")
    assert len(tiny.stored()) == 3

    assert tiny.replace(week).committed
    assert tiny.stored() == ROWS


def test_a_commit_tells_step_week_digest_and_columns(tiny: Tiny) -> None:
    week = tiny.week(ROWS, attempt="run-7")
    committed = tiny.replace(week).version

    expected = {"step": "run-7", "week": str(WEEK_1), "digest": week.digest, "columns": ["id", "name"]}
    assert tiny.recorded(committed) == expected
    assert tiny.committed_digest() == week.digest
    assert tiny.committed_digest(WEEK_2) is None
    assert delta_log.committed_digest(tiny.lake, "silver/none", WEEK_1) is None
    assert tiny.table.transaction_version(application(WEEK_1)) == committed


def test_the_log_is_folded_every_ten_commits(tiny: Tiny, committer: str) -> None:
    """Else every opening reads one file more for every week that was ever run."""
    for number in range(12):
        tiny.write(ROWS[: 1 + number % 2], attempt=str(number))
    log = Path(tiny.lake.uri(TABLE)) / "_delta_log"
    folded = 10 if committer == "native" else 9
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == [f"{folded:020}.checkpoint.parquet"]
    assert tiny.committed_digest() == tiny.week(ROWS[:2]).digest


def test_old_checkpoints_go(tiny: Tiny) -> None:
    """Each holds every week: kept for years, they would be the largest part of a lake."""
    for number in range(42):
        tiny.write(ROWS[: 1 + number % 2], attempt=str(number))
    log = Path(tiny.lake.uri(TABLE)) / "_delta_log"
    kept = sorted(path.name for path in log.glob("*.checkpoint.parquet"))
    assert [int(name[:20]) // 10 for name in kept] in ([2, 3], [3, 4])
    assert tiny.stored() == ROWS
    old = DeltaTable(tiny.lake.uri(TABLE), version=5)
    assert (old.version(), old.to_pyarrow_table().num_rows) == (5, 1)


def test_checkpoints_stay_where_the_log_lacks_its_beginning(tiny: Tiny) -> None:
    """Another tool cleaned it: what they hold is then written nowhere else."""
    for number in range(20):
        tiny.write(ROWS[: 1 + number % 2], attempt=str(number))
    log = Path(tiny.lake.uri(TABLE)) / "_delta_log"
    before = {path.name for path in log.glob("*.checkpoint.parquet")}
    (log / f"{0:020}.json").unlink()
    remove_checkpoints(tiny.lake, TABLE, 50)
    assert {path.name for path in log.glob("*.checkpoint.parquet")} == before


def test_a_week_is_still_known_after_a_checkpoint(tiny: Tiny) -> None:
    """delta-rs folds a hundred commits into a checkpoint; readers then skip the log before it."""
    first = tiny.write(ROWS)
    tiny.write([], WEEK_2)
    tiny.table.create_checkpoint()

    again = tiny.write(ROWS)

    assert again == Outcome(first.version, committed=False, stored=ANY)
    assert tiny.has_week(WEEK_2)
    assert tiny.committed_digest() == tiny.week(ROWS).digest


@pytest.mark.both_engines
def test_tables_are_created_open_to_every_engine(tiny: Tiny) -> None:
    """Newer features close a table to delta-rs, or make it read nulls."""
    tiny.write(ROWS)

    table = tiny.table
    protocol, metadata = table.protocol(), table.metadata()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert metadata.configuration["delta.enableDeletionVectors"] == "false"
    assert metadata.configuration["delta.columnMapping.mode"] == "none"
    assert metadata.configuration["delta.logRetentionDuration"] == "interval 3650 days"
    assert metadata.partition_columns == ["week"]


@pytest.mark.both_engines
def test_stored_columns_are_nullable_whatever_the_frame_says(tiny: Tiny) -> None:
    """A literal is never null to the engine; the next week's value of that column may be."""
    frame = tiny.session.range(2).select("id", F.lit("same").alias("name"))
    week = replace(tiny.week([(0, "same"), (1, "same")]), frame=frame)
    tiny.replace(week)
    tiny.write([(None, None)], WEEK_2)

    assert [field.name for field in tiny.table.schema().fields if not field.nullable] == ["week"]
    assert tiny.stored(WEEK_2) == [(None, None)]


def test_what_a_table_holds_is_never_swept(tiny: Tiny) -> None:
    """A run failed after this commit, and another tool folded the log and removed its entries."""
    tiny.write(ROWS, attempt="run-0")
    tiny.table.create_checkpoint()
    for entry in (tiny.lake.root / TABLE / "_delta_log").glob("*.json"):
        entry.unlink()

    assert remove_of_run(tiny.lake, TABLE, WEEK_1, "run") == []
    assert tiny.stored() == ROWS
