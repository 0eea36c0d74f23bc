"""Launched steps over an account, whose key lies in a secret scope: it is nowhere else."""

from pathlib import Path

import pytest

from cloudflix_assets.delta.log import committed_digest
from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.adls.library_options import _variables
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.databricks.commands import cloudflix
from cloudflix_assets_tests.lake.adls.lakes import everything, leftovers, settings
from cloudflix_assets_tests.lakehouse import WEEK_2, publication, put
from cloudflix_assets_tests.leaks import leaks, left
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY, Azurite
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.faults import Fault
from cloudflix_assets_tests.secret_cases import jobs_of

STORED = ("raw/directors", "bronze/directors", "silver/directors_quarantine", "silver/directors")


@pytest.mark.usefixtures("node")
def test_the_key_of_the_account_comes_from_a_secret_scope_and_stands_nowhere_else(
    azurite: Azurite, tmp_path: Path
) -> None:
    """In no file that is handed over, nor in Databricks' own words, an event, or what is printed."""
    options = options_of(put(tmp_path / "netflix", publication()))
    here = cloudflix(None, tmp_path / "here", *options).weeks[0]["tables"]
    own = settings(azurite, tmp_path / "home")
    with Emulator(tmp_path / "workspace", variables=_variables(Account.of(own))) as emulator:
        emulator.secrets["lake"] = {"key": KEY}
        emulator.faults.append(Fault("DELETE .*/runs/", status=403, code="PERMISSION_DENIED", times=None))
        told = cloudflix(emulator, own.home, *options, **variables_of(own))
    assert told.code == 0, told.stderr
    seen = {**left(told, own.home, tmp_path / "workspace"), **jobs_of(emulator)}
    handed = [name for name in seen if name.endswith((".step", ".events"))]
    assert len(handed) == 6
    assert any(name.startswith("history/runs/index.db") for name in seen)
    assert leaks(seen, KEY) == []

    lake = AdlsLake.of(own)
    assert {path: committed_digest(lake, path, WEEK_2) for path in STORED} == {
        path: here[path]["digest"] for path in STORED
    }
    assert leftovers(lake) == {path for path in everything(lake) if "/staging/" in path} == set()
    assert emulator.wrong == []


def options_of(source: Path) -> tuple[str, ...]:
    """The command that makes one silver table of a source and what it is made of."""
    chosen = ("--week", str(WEEK_2), "--select", "+silver/directors")
    return ("run", "--source", str(source), *chosen, "--json")


def variables_of(own: Environment) -> dict[str, str | None]:
    """The host's variables for a lake in the account, whose key the cluster reads from the scope."""
    return {
        "CLOUDFLIX_LAKE": None,
        "CLOUDFLIX_DATABRICKS_SECRETS": "AZURE_STORAGE_KEY=lake/key",
        "CLOUDFLIX_AZURE_ENDPOINT": own.azure_endpoint,
        "CLOUDFLIX_AZURE_CONTAINERS": ",".join(own.azure_containers),
        "CLOUDFLIX_AZURE_FLAT_NAMESPACE": "true",
        "AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "AZURE_STORAGE_KEY": KEY,
    }
