"""Mistaken settings of a workspace, and one that refuses: a sentence from a run, before anything is made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudflix_assets.settings.environment import Environment, environment
from cloudflix_assets_tests.cli.bad_input import refused
from cloudflix_assets_tests.cli.command import cloudflix, cloudflix_process
from cloudflix_assets_tests.lakehouse import WEEK_1, publication, put
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.troubled import expired, without_dbfs

KEY = "k" * 86 + "=="
SETTINGS = {
    "DATABRICKS_HOST=adb-1.azuredatabricks.net": (
        "DATABRICKS_HOST=adb-1.azuredatabricks.net is no address: write it like https://adb-"
    ),
    "DATABRICKS_HOST=https://adb-1.azuredatabricks.net/?o=1": "is no address: write it like",
    "DATABRICKS_HOST=dapi0123456789abcdef0123456789abcdef": "DATABRICKS_HOST=… is no address: write it like",
    "CLOUDFLIX_DATABRICKS_STAGING=/tmp/staging": (
        "CLOUDFLIX_DATABRICKS_STAGING=/tmp/staging is no place to stage in: name a volume "
        "(/Volumes/<catalog>/<schema>/<volume>) or a folder of DBFS (dbfs:/cloudflix)."
    ),
    "CLOUDFLIX_DATABRICKS_STAGING=/Volumes/main/default": "is no place to stage in: name a volume",
    "CLOUDFLIX_DATABRICKS_STAGING=dbfs:/": "is no place to stage in: name a volume",
    "CLOUDFLIX_DATABRICKS_SECRETS=AZURE_STORAGE_KEY": (
        "CLOUDFLIX_DATABRICKS_SECRETS=AZURE_STORAGE_KEY has an entry, which names no secret: write "
        "VARIABLE=scope/key, with commas between."
    ),
    "CLOUDFLIX_DATABRICKS_SECRETS=A=lake/key,AZURE_STORAGE_KEY=" + KEY: (
        "CLOUDFLIX_DATABRICKS_SECRETS=A=lake/key,AZURE_STORAGE_KEY=… has AZURE_STORAGE_KEY, which names no"
    ),
    "CLOUDFLIX_DATABRICKS_AUTH=password": (
        "CLOUDFLIX_DATABRICKS_AUTH=password is not allowed: set it to 'auto', 'token', 'oauth' or 'azure'."
    ),
    "CLOUDFLIX_DATABRICKS_WORKERS=0": (
        "CLOUDFLIX_DATABRICKS_WORKERS=0 is not allowed: input should be greater than or equal to 1."
    ),
    "CLOUDFLIX_DATABRICKS_TIMEOUT=soon": (
        "CLOUDFLIX_DATABRICKS_TIMEOUT=soon is not allowed: input should be a valid integer"
    ),
    "CLOUDFLIX_DATABRICKS_CLUSTR=1": (
        "CLOUDFLIX_DATABRICKS_CLUSTR is no setting: did you mean CLOUDFLIX_DATABRICKS_CLUSTER?"
    ),
    "CLOUDFLIX_ENGINE=sail": (
        "CLOUDFLIX_ENGINE=sail does not go with CLOUDFLIX_DEPLOYMENT=databricks: unset CLOUDFLIX_ENGINE."
    ),
    "CLOUDFLIX_DEPLOYMENT=local": "SPARK_REMOTE is set, and",
    "SPARK_REMOTE=sc://host/;token=hidden": (
        "SPARK_REMOTE is set, and CLOUDFLIX_ENGINE=databricks does not compute there: unset SPARK_REMOTE."
    ),
    "DATABRICKS_HOST=": "CLOUDFLIX_DEPLOYMENT=databricks needs a workspace: set DATABRICKS_HOST to its",
    "DATABRICKS_TOKEN=": "there is no credential for https://adb-1.azuredatabricks.net: set DATABRICKS_TOKEN",
    "CLOUDFLIX_DATABRICKS_STAGING=": (
        "CLOUDFLIX_DEPLOYMENT=databricks needs a place to hand files over: set CLOUDFLIX_DATABRICKS_STAGING"
    ),
    "CLOUDFLIX_DATABRICKS_CLUSTER=": (
        "CLOUDFLIX_DEPLOYMENT=databricks needs a cluster: set CLOUDFLIX_DATABRICKS_CLUSTER to the id of one, "
        "or CLOUDFLIX_DATABRICKS_RUNTIME with CLOUDFLIX_DATABRICKS_POOL or _NODE_TYPE for new ones."
    ),
    "CLOUDFLIX_DATABRICKS_RUNTIME=17.3.x-scala2.13": (
        "CLOUDFLIX_DATABRICKS_CLUSTER names an existing cluster, and CLOUDFLIX_DATABRICKS_RUNTIME a new one: "
        "unset one of the two."
    ),
}
"""A variable that is mistaken among sound ones, and the sentence."""
SOUND = {
    "CLOUDFLIX_DEPLOYMENT": "databricks",
    "DATABRICKS_HOST": "https://adb-1.azuredatabricks.net",
    "DATABRICKS_TOKEN": "hidden",
    "CLOUDFLIX_DATABRICKS_STAGING": "/Volumes/main/cloudflix/staging",
    "CLOUDFLIX_DATABRICKS_CLUSTER": "1126-000000-abcdefgh",
}
NEW = {"CLOUDFLIX_DATABRICKS_CLUSTER": "", "CLOUDFLIX_DATABRICKS_RUNTIME": "17.3.x-scala2.13"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_mistaken_setting_of_a_workspace_runs_nothing(tmp_path: Path, setting: str) -> None:
    """It would be met in the middle of a week, by a step on a cluster that somebody pays for."""
    name, _, value = setting.partition("=")
    sound = {**SOUND, "CLOUDFLIX_LAKE": str(tmp_path / "lake")}
    remote = {"SPARK_REMOTE": "sc://host"} if setting == "CLOUDFLIX_DEPLOYMENT=local" else {}
    told = cloudflix(tmp_path / "home", "run", "--json", env={**sound, **remote, name: value})
    assert SETTINGS[setting] in refused(told)
    assert "hidden" not in told.stderr
    assert KEY not in told.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({}, "CLOUDFLIX_DEPLOYMENT=databricks needs a cluster"),
        (
            {"POOL": "p", "NODE_TYPE": "n"},
            "CLOUDFLIX_DATABRICKS_POOL has nodes of its own, and CLOUDFLIX_DATAB",
        ),
        ({"NODE_TYPE": "n", "RUNTIME": ""}, "CLOUDFLIX_DEPLOYMENT=databricks needs a cluster"),
    ],
    ids=str,
)
def test_half_a_new_cluster_is_none(tmp_path: Path, changed: dict[str, str], sentence: str) -> None:
    own = {f"CLOUDFLIX_DATABRICKS_{name}": value for name, value in changed.items()}
    told = cloudflix(tmp_path / "home", "run", "--stale", env={**SOUND, **NEW, **own})
    assert sentence in told.sentence
    assert told.code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_lake_of_a_folder_engine_does_not_go_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine `databricks` anywhere else would look for a session that is not there."""
    told = cloudflix(Path("nowhere"), "run", env={"CLOUDFLIX_ENGINE": "databricks"})
    assert told.sentence == (
        "CLOUDFLIX_ENGINE=databricks does not go with CLOUDFLIX_DEPLOYMENT=local: unset CLOUDFLIX_ENGINE."
    )


def test_a_cluster_is_told_what_differs_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And becomes the same settings there, but for paths of this machine."""
    here = {**SOUND, "CLOUDFLIX_HOME": str(tmp_path), "CLOUDFLIX_SOURCE": str(tmp_path)}
    here |= {"CLOUDFLIX_SCHEMA_DRIFT": "evolve", "AZURE_STORAGE_ACCOUNT": "lake", "GITHUB_TOKEN": "hidden"}
    here |= {"AZURE_STORAGE_KEY": "hidden", "CLOUDFLIX_ALERT_WEBHOOK": "https://hidden"}
    for name, value in here.items():
        monkeypatch.setenv(name, value)
    told = environment().for_cluster()
    assert told == {
        "CLOUDFLIX_DEPLOYMENT": "databricks",
        "CLOUDFLIX_ENGINE": "databricks",
        "CLOUDFLIX_SCHEMA_DRIFT": "evolve",
        "AZURE_STORAGE_ACCOUNT": "lake",
    }
    for name in here:
        monkeypatch.delenv(name)
    for name, value in {**told, "DATABRICKS_RUNTIME_VERSION": "17.3", "SPARK_REMOTE": "unix:/x"}.items():
        monkeypatch.setenv(name, value)
    there = Environment()
    assert (there.on_cluster, there.launches, there.has_account) == (True, False, True)


def options(folder: Path) -> tuple[str, ...]:
    """Options of a run of two steps of a week."""
    source = str(put(folder / "netflix", publication()))
    return ("--json", "--quiet", "--week", str(WEEK_1), "--select", "+raw/cast", "--source", source)


LETS_NOBODY_IN: dict[str, tuple[Callable[[Emulator], dict[str, str]], str]] = {
    "a wrong token": (
        lambda _: {"DATABRICKS_TOKEN": "other"},
        "{host} does not accept the credential, or it has expired: make a new one, and set DATABRICKS_TOKEN,",
    ),
    "an expired token": (expired, "{host} does not accept the credential, or it has expired"),
    "a wrong secret": (
        lambda emulator: {
            "DATABRICKS_TOKEN": "",
            "DATABRICKS_CLIENT_ID": emulator.tokens.client_id,
            "DATABRICKS_CLIENT_SECRET": "other",
        },
        "{host} does not accept the credential, or it has expired",
    ),
    "DBFS is disabled": (
        without_dbfs,
        "dbfs:/cloudflix cannot be staged in, because DBFS is disabled in this workspace: set CLOUDFLIX_DATA",
    ),
}


@pytest.mark.parametrize("case", LETS_NOBODY_IN)
def test_a_run_ends_before_its_first_step_where_a_workspace_lets_nobody_in(
    case: str, emulator: Emulator, tmp_path: Path
) -> None:
    """Nothing is landed, and no step waits for its turn to fail."""
    arrange, sentence = LETS_NOBODY_IN[case]
    env = {**emulator.variables, **arrange(emulator)}
    told = cloudflix(tmp_path / "home", "run", *options(tmp_path), env=env)
    assert told.code == 1
    assert told.sentence.startswith(sentence.format(host=emulator.host))
    assert not (emulator.root / "lake").exists()
    assert emulator.runs == []


@pytest.mark.slow
def test_a_cluster_that_is_not_there_fails_the_first_step_in_a_sentence(
    emulator: Emulator, tmp_path: Path
) -> None:
    """There is no other attempt, because none would succeed."""
    none = {**emulator.variables, "CLOUDFLIX_DATABRICKS_CLUSTER": "1126-none"}
    told = cloudflix_process(tmp_path / "home", "run", *options(tmp_path), **none)
    assert told.code == 1
    assert told.weeks[0]["failures"]["raw_cast"] == (
        f"{emulator.host} does not accept it (Cluster 1126-none does not exist): correct the setting."
    )
    assert emulator.runs == []
    assert emulator.counted("POST", "/jobs/runs/submit") == 1
