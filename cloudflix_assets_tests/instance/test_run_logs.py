"""Old runs lose their logs, and nothing else."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.instance import run_logs
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.instance.run_logs import remove_old_logs
from cloudflix_assets.settings.environment import Environment

ASSET = dg.AssetKey("a")


def test_an_emptied_log_is_small(environment: Environment) -> None:
    """Else it would be emptied again by every run."""
    with open_instance(environment) as instance:
        log = Path(instance.root_directory, "history/runs", f"{ran(instance, well=True)}.db")
    run_logs._empty(log)
    assert log.stat().st_size < run_logs.EMPTY_BYTES


def ran(instance: dg.DagsterInstance, *, well: bool) -> str:
    """Run an asset, and return the run."""

    @dg.asset(key=ASSET)
    def asset() -> None:
        if not well:
            raise dg.Failure("no")

    return dg.materialize([asset], instance=instance, raise_on_error=False).run_id


def keep(monkeypatch: pytest.MonkeyPatch, runs: int) -> None:
    """Keep the logs of so many runs, and remove those of as many together, however small they are."""
    monkeypatch.setattr(run_logs, "KEPT", runs)
    monkeypatch.setattr(run_logs, "_AT_ONCE", runs)
    monkeypatch.setattr(run_logs, "EMPTY_BYTES", 0)


def logs(instance: dg.DagsterInstance) -> set[str]:
    """The runs that have logs."""
    return {run.run_id for run in instance.get_runs() if instance.all_logs(run.run_id)}


def test_logs_of_old_runs_that_ended_well_go(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a megabyte; what failed, what is new and what was materialized is still asked for."""
    keep(monkeypatch, 2)
    with open_instance(environment) as instance:
        old, failed, *new = (ran(instance, well=well) for well in (True, False, True))
        remove_old_logs(instance)
        assert logs(instance) == {old, failed, *new}
        new.append(ran(instance, well=True))
        remove_old_logs(instance)
        assert logs(instance) == {failed, *new}
        assert not Path(instance.root_directory, "storage", old).exists()


def checked(instance: dg.DagsterInstance, week: str, *, passes: bool = True) -> str:
    """Run a partition of an asset with a check and a notice, and return the run."""
    weeks = dg.StaticPartitionsDefinition(["1", "2"])
    spec = dg.AssetCheckSpec("sound", asset=ASSET, partitions_def=weeks)

    @dg.asset(key=ASSET, partitions_def=weeks, check_specs=[spec])
    def asset() -> Iterator[dg.AssetObservation | dg.MaterializeResult]:
        yield dg.AssetObservation(ASSET, partition=week, metadata={"notice": week})
        yield dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=passes, check_name="sound")])

    return dg.materialize([asset], instance=instance, partition_key=week).run_id


def indexed(instance: dg.DagsterInstance) -> Mapping[str, Counter[str]]:
    """How many rows the index holds of each run, by kind."""
    found = defaultdict[str, Counter[str]](Counter)
    with closing(sqlite3.connect(Path(instance.root_directory, "history/runs/index.db"))) as database:
        for run_id, kind in database.execute(
            "SELECT run_id, dagster_event_type FROM event_logs "
            "UNION ALL SELECT run_id, 'check' FROM asset_check_executions "
            "UNION ALL SELECT run_id, 'tag' FROM asset_event_tags JOIN event_logs e ON e.id = event_id"
        ):
            found[run_id][kind] += 1
        tags = "SELECT count(*) FROM asset_event_tags"
        assert database.execute(tags).fetchone() == (sum(kinds["tag"] for kinds in found.values()),)
    return found


def test_what_newer_runs_have_replaced_leaves_the_index(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grew by half a megabyte with every run, an unchanged one too; the newest of each week stays."""
    keep(monkeypatch, 1)
    with open_instance(environment) as instance:
        replaced, last_of_1 = checked(instance, "1"), checked(instance, "1", passes=False)
        news = [checked(instance, "2"), checked(instance, "2")]
        whole = indexed(instance)[news[-1]]
        remove_old_logs(instance)
        assert replaced not in indexed(instance)
        assert indexed(instance)[last_of_1] == Counter(
            {
                "ASSET_MATERIALIZATION_PLANNED": 1,
                "ASSET_OBSERVATION": 1,
                "ASSET_MATERIALIZATION": 1,
                "ASSET_CHECK_EVALUATION": 1,
                "check": 1,
                "tag": whole["tag"],
            }
        )
        assert news[0] not in indexed(instance)
        assert indexed(instance)[news[1]] == whole
        assert instance.get_materialized_partitions(ASSET) == {"1", "2"}
        wanted = dg.AssetRecordsFilter(ASSET, asset_partitions=["1"])
        assert [r.run_id for r in instance.fetch_materializations(wanted, limit=9).records] == [last_of_1]
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(ASSET, "sound"), limit=9
        )
        assert [(c.run_id, c.status.value) for c in checks] == [
            (news[1], "SUCCEEDED"),
            (last_of_1, "FAILED"),
        ]
