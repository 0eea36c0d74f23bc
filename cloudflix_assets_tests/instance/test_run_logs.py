"""Old runs lose their logs, and nothing else."""

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


def logs(instance: dg.DagsterInstance) -> set[str]:
    """The runs that have logs."""
    return {run.run_id for run in instance.get_runs() if instance.all_logs(run.run_id)}


def test_logs_of_old_runs_that_ended_well_go(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a megabyte; what failed, what is new and what was materialized is still asked for."""
    monkeypatch.setattr(run_logs, "KEPT", 2)
    monkeypatch.setattr(run_logs, "_AT_ONCE", 2)
    monkeypatch.setattr(run_logs, "EMPTY_BYTES", 0)
    with open_instance(environment) as instance:
        old, failed, *new = (ran(instance, well=well) for well in (True, False, True))
        remove_old_logs(instance)
        assert logs(instance) == {old, failed, *new}
        new.append(ran(instance, well=True))
        remove_old_logs(instance)
        assert logs(instance) == {failed, *new}
        assert not Path(instance.root_directory, "storage", old).exists()
        assert {record.run_id for record in instance.fetch_materializations(ASSET, limit=9).records} == {
            old,
            *new,
        }
