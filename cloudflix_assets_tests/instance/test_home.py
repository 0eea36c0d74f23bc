"""A home is one folder: copied or moved, it keeps its history and leaves that of others alone."""

import shutil
from hashlib import sha256
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.instance.instance import open_instance, prepare
from cloudflix_assets.settings.environment import Environment


@dg.asset
def printing() -> None:
    print("to standard output")  # noqa: T201


def ran_in(home: Path) -> list[str]:
    """Run an asset, and return every run that the instance of a home knows then, the newest first."""
    with open_instance(Environment(home=home)) as instance:
        assert dg.materialize([printing], instance=instance).success
        return [run.run_id for run in instance.get_runs()]


def bytes_of(home: Path) -> dict[str, str]:
    """A hash of every file."""
    return {
        str(path.relative_to(home)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }


def test_a_copied_home_leaves_the_original_alone(tmp_path: Path) -> None:
    """`dagster.yaml` named the original's folders: its history had the copy's runs, and the copy none."""
    original, copy = tmp_path / "original", tmp_path / "copy"
    (first,) = ran_in(original)
    shutil.copytree(original, copy)
    before = bytes_of(original)
    second, kept = ran_in(copy)
    assert kept == first
    assert bytes_of(original) == before
    for below in (f"history/runs/{second}.db", f"storage/{second}/compute_logs"):
        assert (copy / below).exists()
        assert not (original / below).exists()
    assert str(original) not in (copy / "dagster.yaml").read_text()


def test_a_moved_home_goes_on(tmp_path: Path) -> None:
    (first,) = ran_in(tmp_path / "here")
    (tmp_path / "here").rename(tmp_path / "there")
    assert ran_in(tmp_path / "there")[1:] == [first]
    assert not (tmp_path / "here").exists()


def test_the_web_ui_opens_the_same_instance(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's own processes are told the home alone, in a variable."""
    run_id = ran_in(prepare(environment))[0]
    monkeypatch.setenv("DAGSTER_HOME", str(environment.home))
    with dg.DagsterInstance.get() as instance:
        assert [run.run_id for run in instance.get_runs()] == [run_id]
        with dg.DagsterInstance.from_ref(instance.get_ref()) as again:  # as the process of a run does
            assert type(again.event_log_storage) is type(instance.event_log_storage)
            assert type(again.compute_log_manager).__name__ == "ComputeLogs"
