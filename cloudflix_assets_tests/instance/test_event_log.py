"""The event log is Dagster's own, only quicker: same place, same content, for every reader and writer."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from cloudflix_assets.instance.event_log import MAX_OPEN, SqliteEventLog
from cloudflix_assets.instance.instance import open_instance, prepare
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.instance.event_log_cases import KEY, WEEKS, materialized

STOCK = """\
telemetry: {{enabled: false}}
event_log_storage:
  module: dagster._core.storage.event_log
  class: SqliteEventLogStorage
  config: {{base_dir: "{base_dir}"}}
"""


def folder(environment: Environment) -> Path:
    return environment.home / "history" / "runs"


def log_of(instance: dg.DagsterInstance) -> SqliteEventLog:
    """The log of an instance, which must be the quicker one."""
    storage = instance.event_log_storage
    assert isinstance(storage, SqliteEventLog)
    return storage


def told(storage: SqliteEventLogStorage, run_id: str) -> list[object]:
    """What a reader of the log asks for."""
    (record,) = storage.get_asset_records([KEY])
    evaluations = storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, "contract"), limit=10)
    filtered = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=KEY)
    return [
        storage.get_logs_for_run(run_id),
        storage.get_stats_for_run(run_id),
        storage.get_materialized_partitions(KEY),
        record.asset_entry.last_run_id,
        record.asset_entry.last_materialization,
        [(evaluation.run_id, evaluation.status, evaluation.partition) for evaluation in evaluations],
        storage.get_event_records(filtered),
    ]


def test_an_instance_keeps_its_log_and_tells_nobody(
    environment: Environment, opened: dg.DagsterInstance
) -> None:
    """Telemetry is off, and the quicker log is the one in use."""
    assert log_of(opened)
    assert not opened.telemetry_enabled
    run_id = materialized(opened, 0)
    assert (folder(environment) / f"{run_id}.db").is_file()
    assert (folder(environment) / "index.db").is_file()


def test_a_changed_dagster_yaml_is_kept(environment: Environment) -> None:
    """It is the operator's from the first run on."""
    home = prepare(environment)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with open_instance(environment) as instance:
        assert not isinstance(instance.event_log_storage, SqliteEventLog)
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


@pytest.mark.parametrize("name", ["two words", "a #b", "a: b", "it's", 'say "so"', "é", "- a"])
def test_the_log_lies_in_the_home_whatever_its_name(tmp_path: Path, name: str) -> None:
    """YAML reads ` #` as a comment: the log would lie in another folder."""
    environment = Environment(home=tmp_path / name)
    with open_instance(environment) as instance:
        assert log_of(instance).path_for_shard("index") == str(folder(environment) / "index.db")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_dagsters_own_log_reads_what_ours_stored(
    environment: Environment, opened: dg.DagsterInstance
) -> None:
    """Nobody is locked in: the instance works the same once this class is dropped."""
    run_id = materialized(opened, 0)
    log = log_of(opened)
    stock = SqliteEventLogStorage(str(folder(environment)))

    assert told(stock, run_id) == told(log, run_id)
    assert log.get_materialized_partitions(KEY) == {WEEKS.get_first_partition_key()}
    assert any("a message of the user's" in entry.user_message for entry in stock.get_logs_for_run(run_id))
    stock.dispose()


def test_ours_reads_what_dagsters_own_log_stored(environment: Environment) -> None:
    """An instance that was there before keeps its history."""
    environment.home.mkdir()
    (environment.home / "dagster.yaml").write_text(STOCK.format(base_dir=folder(environment)))
    with open_instance(environment) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        run_id = materialized(instance, 0)
        expected = told(instance.event_log_storage, run_id)

    log = SqliteEventLog(str(folder(environment)))
    assert told(log, run_id) == expected
    log.dispose()


def test_the_database_of_a_run_is_what_dagster_would_have_made(
    environment: Environment, opened: dg.DagsterInstance, tmp_path: Path
) -> None:
    """It is a copy: made by another version of Dagster, or left out of a migration, it would be another."""
    ours = [materialized(opened, number) for number in range(2)]
    stock = SqliteEventLogStorage(str(tmp_path / "stock"))
    with stock.run_connection("a-run"):
        expected = laid_out(tmp_path / "stock" / "a-run.db")
    stock.dispose()
    opened.event_log_storage.dispose()

    assert expected
    for run_id in ours:
        assert laid_out(folder(environment) / f"{run_id}.db") == expected
    left = {path.name for path in folder(environment).iterdir() if path.suffix != ".db"}
    assert left == {f"empty-{dg.__version__}"}


def laid_out(database: Path) -> list[tuple[str, ...]]:
    """Tables, indexes and Alembic's version of a SQLite file, and how it is written."""
    with closing(sqlite3.connect(database)) as connection:
        schema = "select type, name, coalesce(sql, '') from sqlite_master order by 1, 2"
        parts = (schema, "select version_num from alembic_version", "pragma journal_mode")
        return [row for part in parts for row in connection.execute(part).fetchall()]


def test_a_batch_of_events_is_stored_whole_or_not_at_all(
    opened: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a batch would be stored twice by the attempt that follows."""
    storage = log_of(opened)
    run_id = materialized(opened, 0)
    before = told(storage, run_id)
    events = [*storage.get_logs_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)] * 3
    store = SqliteEventLogStorage.store_event
    stored: list[EventLogEntry] = []

    def breaking(self: SqliteEventLogStorage, event: EventLogEntry) -> None:
        if len(stored) == len(events) - 1:
            raise OSError("the disk is full")
        stored.append(event)
        store(self, event)

    monkeypatch.setattr(SqliteEventLogStorage, "store_event", breaking)
    with pytest.raises(OSError, match="the disk is full"):
        storage.store_event_batch(events)
    monkeypatch.undo()

    assert len(stored) == 2
    assert told(storage, run_id) == before
    storage.store_event_batch(events)
    assert len(storage.get_logs_for_run(run_id)) == len(before[0]) + 3  # type: ignore[arg-type]


def test_connections_are_bounded_and_closed(opened: dg.DagsterInstance) -> None:
    """A backfill of a hundred weeks is a hundred databases; all stay readable."""
    storage = log_of(opened)
    runs = [materialized(opened, number) for number in range(MAX_OPEN + 2)]
    assert len(storage._engines) <= MAX_OPEN

    for run_id in runs:
        assert storage.get_stats_for_run(run_id).steps_succeeded == 1
        assert len(storage._engines) <= MAX_OPEN

    storage.dispose()
    assert not storage._engines


def test_a_deleted_run_is_gone(opened: dg.DagsterInstance) -> None:
    """Its connection is still open when its database is deleted."""
    gone, kept = materialized(opened, 0), materialized(opened, 1)
    opened.delete_run(gone)
    assert opened.all_logs(gone) == []
    assert opened.all_logs(kept)
