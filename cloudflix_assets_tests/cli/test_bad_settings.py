"""Mistyped settings, wrong values, a damaged instance: one sentence before anything runs."""

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cloudflix_assets.instance.instance import prepare
from cloudflix_assets.settings.environment import Environment, SettingRefused, environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets_tests.cli.bad_input import a_file, refused
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.datasets import DATASET
from cloudflix_assets_tests.settings import TestSettings

KNOWN = "CLOUDFLIX_HOME, CLOUDFLIX_LAKE, CLOUDFLIX_DEPLOYMENT, CLOUDFLIX_ENGINE, CLOUDFLIX_SOURCE, "
SETTINGS = {
    "CLOUDFLIX_ENGIN=spark": "CLOUDFLIX_ENGIN is no setting: did you mean CLOUDFLIX_ENGINE?",
    "CLOUDFLIX_SOURCENAME=x": "CLOUDFLIX_SOURCENAME is no setting: did you mean CLOUDFLIX_SOURCE_NAME?",
    "CLOUDFLIX_JAVA_HOME=/java": "CLOUDFLIX_JAVA_HOME is no setting: did you mean JAVA_HOME?",
    "cloudflix_engin=spark": "cloudflix_engin is no setting: did you mean CLOUDFLIX_ENGINE?",
    "CLOUDFLIX_XYZ=1": f"CLOUDFLIX_XYZ is no setting: unset it; known are {KNOWN}",
    "CLOUDFLIX_ENGINE=sal": "CLOUDFLIX_ENGINE=sal is not allowed: set it to 'sail', 'spark', 'connect' "
    "or 'databricks'.",
    "CLOUDFLIX_ENGINE=connect": (
        "CLOUDFLIX_ENGINE=connect computes on a Spark Connect server: set SPARK_REMOTE to its address, "
        "such as sc://spark.example.com:15002."
    ),
    "SPARK_REMOTE=sc://host/;token=hidden": (
        "SPARK_REMOTE is set, and CLOUDFLIX_ENGINE=sail does not compute there: set "
        "CLOUDFLIX_ENGINE=connect to compute there, or unset SPARK_REMOTE."
    ),
    "CLOUDFLIX_SCHEMA_DRIFT=evolv": (
        "CLOUDFLIX_SCHEMA_DRIFT=evolv is not allowed: set it to 'evolve', 'rescue' or 'fail'."
    ),
    "CLOUDFLIX_DELIMITER=:": "CLOUDFLIX_DELIMITER=: is not allowed: set it to ',', ';', 'tab' or '|'.",
    "CLOUDFLIX_DELIMITER=cats=;": (
        f"CLOUDFLIX_DELIMITER=cats=; names cats, which is no dataset: known are {', '.join(DATASET)}."
    ),
    "CLOUDFLIX_ENCODING=latin1": (
        "CLOUDFLIX_ENCODING=latin1 is not allowed: set it to 'utf-8', 'cp1252' or 'iso-8859-1'."
    ),
    "CLOUDFLIX_LAYOUT=thirteen_columns": (
        "CLOUDFLIX_LAYOUT=thirteen_columns is no layout (No such file or directory): set it to "
        "twelve_columns, or to the path of your own .toml (docs/other-sources.md)."
    ),
    "CLOUDFLIX_CODE_URL=github.com/owner": (
        "CLOUDFLIX_CODE_URL=github.com/owner is no web address: write one such as "
        "https://github.com/owner/repo/tree/main."
    ),
    "CLOUDFLIX_DEPLOYMENT=moon": (
        "CLOUDFLIX_DEPLOYMENT=moon is not allowed: set it to 'local', 'azure' or 'databricks'."
    ),
    "CLOUDFLIX_FIRST_WEEK=2026-01-06": (
        "CLOUDFLIX_FIRST_WEEK=2026-01-06 is a Tuesday; weeks begin on a Monday: did you mean 2026-01-05?"
    ),
    "CLOUDFLIX_FIRST_WEEK=1767571200": (
        "CLOUDFLIX_FIRST_WEEK=1767571200 is no date: write a Monday, such as 2026-01-05."
    ),
    "CLOUDFLIX_LAKE=/data/100%": (
        "CLOUDFLIX_LAKE=/data/100% is the folder /data/100%, in whose path % would be misread: "
        "choose a folder without any of * ? [ ] { } \\ % (--home, CLOUDFLIX_HOME, CLOUDFLIX_LAKE)."
    ),
    "CLOUDFLIX_ALERT_WEBHOOK=hooks.example.com/T0/hidden": (
        "CLOUDFLIX_ALERT_WEBHOOK is no web address: copy it from Slack or Teams, https:// and all."
    ),
    "CLOUDFLIX_GITHUB_API=https://ghe/api?access_token=hidden": (
        "CLOUDFLIX_GITHUB_API=https://ghe/… is no address of an API: write it like https://api.github.com."
    ),
    "CLOUDFLIX_GITHUB_API=me:hidden@ghe": "CLOUDFLIX_GITHUB_API=me:… is no address of an API: write it",
    "CLOUDFLIX_GITHUB_API=https://me:hid/den@ghe": "CLOUDFLIX_GITHUB_API=https://…@ghe is no address of",
    "CLOUDFLIX_GITHUB_API=sc://:x": (
        "CLOUDFLIX_GITHUB_API=sc://… is no address of an API: write it like https://api.github.com."
    ),
    "CLOUDFLIX_GITHUB_API=https://host:99999": "CLOUDFLIX_GITHUB_API=https://host:99999 is no address of",
    "CLOUDFLIX_LAKE=/data/\udcff": (
        r"CLOUDFLIX_LAKE=/data/\udcff is a folder whose path is not UTF-8, which engines need: choose "
        "another folder."
    ),
    "CLOUDFLIX_LAKE=s3://bucket/lake": (
        "CLOUDFLIX_LAKE=s3://bucket/lake is an address, not a folder: name a folder of this machine; a lake "
        "in a storage account is named by CLOUDFLIX_DEPLOYMENT=azure and AZURE_STORAGE_ACCOUNT."
    ),
    "CLOUDFLIX_LAKE=/data/[1]": (
        "CLOUDFLIX_LAKE=/data/[1] is the folder /data/[1], in whose path [ ] would be misread: choose"
    ),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_that_is_none_runs_nothing(tmp_path: Path, setting: str) -> None:
    """A typo leaves its setting at the default, and the wrong lake is filled in silence."""
    name, _, value = setting.partition("=")
    told = cloudflix(tmp_path / "home", "run", "--json", env={name: value})
    assert refused(told).startswith(SETTINGS[setting])
    assert not (tmp_path / "home").exists()


def test_a_value_that_is_not_utf_8_is_told_in_json_too(tmp_path: Path) -> None:
    """The report of it failed on the very character."""
    told = cloudflix(tmp_path / "home", "doctor", "--json", env={"CLOUDFLIX_LAKE": "/data/\udcff"})
    (settings,) = (found for found in told.json["checks"] if found["check"] == "settings")
    assert settings["seen"].startswith(r"CLOUDFLIX_LAKE=/data/\udcff is a folder whose path is not UTF-8")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """`CLOUDFLIX_HOME=` would make the current folder Dagster's."""
    for name in ("HOME", "LAKE", "ENGINE", "SOURCE", "FIRST_WEEK", "CACHE"):
        monkeypatch.setenv(f"CLOUDFLIX_{name}", "")
    empty = environment()
    for name in ("HOME", "LAKE", "ENGINE", "SOURCE", "FIRST_WEEK", "CACHE"):
        monkeypatch.delenv(f"CLOUDFLIX_{name}")
    assert empty == environment() == Environment()


def test_every_setting_and_the_tests_own_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A setting that the check forgot could not be used at all."""
    monkeypatch.setenv("CLOUDFLIX_TEST_DATA", str(tmp_path))
    for name, value in Environment(home=tmp_path).for_child().items():
        monkeypatch.setenv(name, value)
    assert environment().home == tmp_path
    assert TestSettings().test_data == tmp_path


def test_a_child_reads_the_source_on_the_same_terms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The web UI would refuse or rescue what the command line that started it does not."""
    own = Environment(
        home=tmp_path,
        schema_drift="evolve",
        delimiter="tab cast=; titles=|",
        encoding="cast=cp1252",
        layout="twelve_columns",
    )
    for name, value in own.for_child().items():
        monkeypatch.setenv(name, value)
    assert Agreement.of(environment()) == Agreement.of(own)
    assert environment().schema_drift == own.schema_drift == "evolve"


def test_two_wrong_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other they cost a try each."""
    monkeypatch.setenv("CLOUDFLIX_ENGINE", "sal")
    monkeypatch.setenv("CLOUDFLIX_FIRST_WEEK", "monday")
    with pytest.raises(
        SettingRefused, match=r"CLOUDFLIX_ENGINE=sal .* CLOUDFLIX_FIRST_WEEK=monday is no date"
    ):
        environment()


@pytest.mark.slow
def test_the_web_ui_tells_the_sentence_too() -> None:
    """Its code location loads by itself, also when nobody went through the command line."""
    loading = [
        sys.executable,
        "-m",
        "dagster",
        "definitions",
        "validate",
        "-m",
        "cloudflix_assets.definitions",
    ]
    told = subprocess.run(
        ["env", "CLOUDFLIX_ENGIN=spark", *loading], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert (
        "SettingRefused: CLOUDFLIX_ENGIN is no setting: did you mean CLOUDFLIX_ENGINE?"
        in told.stdout + told.stderr
    )


UNKNOWN = "Errors whilst loading dagster instance config at dagster.yaml."


def damage(name: str, home: Path) -> None:
    (home / name).write_bytes(b"not a database" * 100)


DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
AWAY = "the next run makes it anew, and the lake is not in it."
HOMES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file": (a_file, "{home} is a file, not a folder: choose another home (--home, CLOUDFLIX_HOME)."),
    "broken YAML": (
        lambda home: (home / "dagster.yaml").write_text("telemetry: ["),
        "{home}/dagster.yaml cannot be read (while parsing a flow node): correct it, or move it away: "
        + AWAY,
    ),
    "unknown settings": (
        lambda home: (home / "dagster.yaml").write_text("telemetri: {}"),
        f"{{home}}/dagster.yaml cannot be read ({UNKNOWN}): correct it, or move it away: {AWAY}",
    ),
}
for name in DATABASES:
    HOMES[name] = (
        partial(damage, name),
        f"Dagster's database {{home}}/{name} cannot be opened (file is not a database): move that file away: "
        + AWAY,
    )


@pytest.mark.parametrize("kind", HOMES)
def test_an_instance_that_cannot_be_opened_is_told_in_a_sentence(tmp_path: Path, kind: str) -> None:
    """SQLAlchemy's report of it is four screens long; the remedy works, and the lake is none of it."""
    home = prepare(Environment(home=tmp_path / "home"))
    arrange, sentence = HOMES[kind]
    arrange(home)
    assert refused(cloudflix(home, "status", "--json")) == sentence.format(home=home)
    if kind == "a file":
        home.unlink()
    elif kind in DATABASES:
        (home / kind).unlink()
    else:
        (home / "dagster.yaml").unlink()
    assert "Nothing was run" in cloudflix(home, "status").stdout
