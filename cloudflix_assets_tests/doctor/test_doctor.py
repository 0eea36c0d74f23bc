"""`cloudflix doctor`: what it sees, what it advises, and that it touches nothing."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from cloudflix_assets.doctor import disk, machine
from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets.instance.instance import open_instance, prepare
from cloudflix_assets.lake import local
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put

Arrange = Callable[[pytest.MonkeyPatch, Path], None]


def findings(told: Told) -> Mapping[str, Mapping[str, str]]:
    """What `doctor --json` found, by check."""
    return {found["check"]: found for found in told.json["checks"]}


def test_a_doctor_finds_a_good_lake_well(tmp_path: Path) -> None:
    """An alarm about nothing is not believed the next time."""
    home, source = tmp_path / "home", ("--source", str(put(tmp_path / "netflix", publication())))
    run = cloudflix(home, "run", "--week", str(WEEK_1), "--select", "publication", *source)
    assert run.code == 0
    told = cloudflix(home, "doctor", *source)
    assert told.code == 0
    assert "Everything is well" in told.stdout
    assert "directory:netflix" in told.stdout
    assert "runs so far: 1" in " ".join(told.stdout.split())
    assert cloudflix(home, "doctor", "--quiet", *source).stdout == ""


def test_a_doctor_changes_nothing(tmp_path: Path) -> None:
    """Looking must not make the instance or the lake that it looks for."""
    told = cloudflix(tmp_path / "home", "doctor", "--json")
    assert told.code == 0
    assert "none yet" in findings(told)["instance"]["seen"]
    assert list(tmp_path.iterdir()) == []


def test_a_doctor_takes_no_dropped_file_in(tmp_path: Path) -> None:
    """A week that waits is no fault of the source, and to take files in is the run's business."""
    dropped = tmp_path / "home" / "lake" / "raw" / "landing" / "netflix_cast_2026-11-09.csv"
    dropped.parent.mkdir(parents=True)
    dropped.write_bytes(b"no,header\r\n1,2\r\n")
    os.utime(dropped, (0, 0))
    told = cloudflix(tmp_path / "home", "doctor", "--json", "--source", "landing")
    assert told.code == 0
    source = findings(told)["source"]
    assert source["seen"].startswith("landing: the week ")
    assert "waits for netflix_titles.csv, netflix_cast.csv, " in source["seen"]
    assert dropped.exists()


def test_a_doctor_tells_of_an_instance_that_stores_in_another_home(tmp_path: Path) -> None:
    """A home that was edited and then copied writes into the original's history."""
    original, copy = (Environment(home=tmp_path / name) for name in ("original", "copy"))
    prepare(original)
    log = "event_log_storage:\n  module: dagster._core.storage.event_log\n  class: SqliteEventLogStorage\n"
    log += f"  config: {{base_dir: {original.home}/history/runs}}\n"
    copy.home.mkdir()
    (copy.home / "dagster.yaml").write_text(f"telemetry: {{enabled: false}}\n{log}")
    found = findings(cloudflix(copy.home, "doctor", "--json"))["instance"]
    assert found["state"] == "warn"
    assert f"{copy.home} stores event_log_storage in {original.home}/history/runs" in found["seen"]
    assert "dagster.yaml" in found["remedy"]


def no_space(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100 << 20))


def little_space(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 30))


def another_package(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(machine, "requires", lambda _: ["rich==0.1", "typer[all]==99; extra == 'x'"])


def no_package(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(machine, "requires", lambda _: ["no-such-package==1.0"])


def old_python(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(machine, "metadata", lambda _: {"Requires-Python": ">=9.1"})


def lake_is_a_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("CLOUDFLIX_LAKE", str(folder / "file" / "lake"))


def failing(monkeypatch: pytest.MonkeyPatch, where: object, name: str, code: int) -> None:
    def unable(*_: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(where, name, unable)


def no_hard_links(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    failing(monkeypatch, os, "link", errno.EPERM)


def links_that_replace(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(os, "link", shutil.copyfile)


def no_rename(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    failing(monkeypatch, Path, "replace", errno.EOPNOTSUPP)


def no_locks(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    failing(monkeypatch, local, "flock", errno.ENOLCK)


def locks_that_let_two_in(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(disk, "flock", lambda *_: None)


def no_sync(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    failing(monkeypatch, os, "fsync", errno.EINVAL)


def listings_that_lag(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(local.LocalLake, "names", lambda *_: [])


def no_source(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("CLOUDFLIX_SOURCE", str(folder / "nowhere"))


def mistyped(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setenv("CLOUDFLIX_ENGIN", "sail")


def no_java(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("CLOUDFLIX_ENGINE", "spark")
    monkeypatch.setenv("JAVA_HOME", str(folder))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(machine, "installed", lambda _: None)


def old_instance(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    with open_instance(Environment(home=folder / "home")):
        pass
    with closing(sqlite3.connect(folder / "home" / "history" / "runs.db")) as database, database:
        database.execute("update alembic_version set version_num = '16e3655b4d9b'")


CASES = [
    (no_space, "space", "fail", "0.1 GiB free", "make room"),
    (little_space, "space", "warn", "1.0 GiB free", "make room"),
    (another_package, "packages", "fail", "rich is 15.0.0, not 0.1", "make setup"),
    (no_package, "packages", "fail", "no-such-package is missing, not 1.0", "make setup"),
    (old_python, "Python", "fail", "needs >=9.1", "make setup PYTHON="),
    (lake_is_a_file, "lake", "fail", "is a file", "move it away, or set CLOUDFLIX_LAKE"),
    (no_hard_links, "lake", "fail", "has no hard links (Operation not permitted)", ""),
    (links_that_replace, "lake", "fail", "a hard link replaces a file that is there", "CLOUDFLIX_LAKE"),
    (
        no_rename,
        "lake",
        "fail",
        "replacing a file by rename fails (Operation not supported)",
        "CLOUDFLIX_LAKE",
    ),
    (no_locks, "lake", "fail", "locking a file fails (No locks available)", "CLOUDFLIX_LAKE"),
    (locks_that_let_two_in, "lake", "fail", "a locked file can be locked again", "CLOUDFLIX_LAKE"),
    (no_sync, "lake", "fail", "syncing a file to disk fails (Invalid argument)", "CLOUDFLIX_LAKE"),
    (listings_that_lag, "lake", "fail", "a file that was written is not listed", "CLOUDFLIX_LAKE"),
    (no_source, "source", "fail", "nowhere", ""),
    (mistyped, "settings", "fail", "did you mean CLOUDFLIX_ENGINE?", "correct"),
    (no_java, "Java", "fail", "none of 17 or later", "JAVA_HOME"),
    (old_instance, "instance", "fail", "its schema is 16e3655b4d9b", "-m dagster instance migrate"),
]
"""What is arranged; the check that must see it, as what, in which words, with which remedy."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_a_doctor_names_what_is_wrong_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[Arrange, str, str, str, str]
) -> None:
    """Each thing that can be wrong, arranged for real where a test can."""
    arrange, check, state, seen, remedy = case
    monkeypatch.setattr(machine, "probe_engine", lambda _: Finding("engine", "ok", "not asked"))
    arrange(monkeypatch, tmp_path)
    told = cloudflix(tmp_path / "home", "doctor", "--json")
    found = findings(told)[check]
    assert found["state"] == state
    assert seen in found["seen"]
    assert remedy in (found["remedy"] or "")
    assert told.code == (1 if state == "fail" else 0)


def test_a_doctor_whose_engine_does_not_start_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that breaks must not take the others with it."""

    def broken(_: object) -> NoReturn:
        raise ImportError("libsail.so: cannot open shared object file")

    monkeypatch.setattr(machine, "start_engine", broken)
    told = cloudflix(tmp_path / "home", "doctor")
    assert told.code == 1
    assert "fail  engine" in told.stdout
    assert "libsail.so: cannot open shared object file" in told.stdout
    assert "Correct what is marked `fail`" in told.stdout
