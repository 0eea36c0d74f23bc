"""A server elsewhere reads the account with rights of its own, and sees no disk of this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudflix_assets.lake.adls.account import Account
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.adls.library_options import _variables
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix, cloudflix_process
from cloudflix_assets_tests.lake.adls.lakes import everything, leftovers, settings, variables
from cloudflix_assets_tests.loopback.azure.azurite import KEY, Azurite
from cloudflix_assets_tests.loopback.connect.servers import serve

WEEK = "--week=2026-11-09"
SOMEWHERE = "sc://127.0.0.1:1"


def run(environment: Environment, address: str) -> Told:
    told = variables(environment) | {"CLOUDFLIX_ENGINE": "connect", "SPARK_REMOTE": address}
    return cloudflix_process(environment.home, "run", WEEK, "--json", **told)


def test_a_week_in_an_account_is_that_of_a_folder(azurite: Azurite, tmp_path: Path) -> None:
    """Nothing that the server must read lies on this machine, and what was staged is gone."""
    own = settings(azurite, tmp_path / "home")
    here = cloudflix(tmp_path / "here", "run", WEEK, "--json", env={"CLOUDFLIX_ENGINE": "sail"})
    with serve("sail", _variables(Account.of(own))) as address:
        first, again = run(own, address), run(own, address)

    assert (first.code, again.code) == (0, 0), first.stderr + again.stderr
    found, expected = first.weeks[0]["tables"], here.weeks[0]["tables"]
    assert {path: found[path]["digest"] for path in found} == {p: expected[p]["digest"] for p in expected}
    assert not any(table["committed"] for table in again.weeks[0]["tables"].values())
    lake = lake_of(own)
    assert isinstance(lake, AdlsLake)
    assert leftovers(lake) == {path for path in everything(lake) if "/staging/" in path} == set()
    assert not (own.home / "scratch").exists()


def test_a_server_without_rights_in_the_account(azurite: Azurite, tmp_path: Path) -> None:
    """It has a credential of its own, and ours is right."""
    own = settings(azurite, tmp_path / "home")
    other = _variables(Account.of(own)) | {"AZURE_STORAGE_ACCOUNT_KEY": KEY.swapcase()}
    with serve("sail", other) as address:
        told = run(own, address)
    assert told.code == 1
    assert f"the engine does not see the lake {lake_of(own).place}" in told.sentence
    assert "with rights of its own; nothing was written" in told.sentence
    assert not [path for path in everything(AdlsLake.of(own)) if "_delta_log" in path or "/staging/" in path]


def test_what_a_step_stages_lies_in_the_account(makes: Callable[..., AdlsLake], tmp_path: Path) -> None:
    """Written on this machine and uploaded, then copied within the account."""
    lake = makes(engine="connect", spark_remote=SOMEWHERE)
    assert lake.scratch is lake
    with lake.scratch.write_locally("bronze/staging/step/records/part.parquet") as file:
        file.write_bytes(b"rows")
    assert not file.exists()

    lake.publish("bronze/staging/step/records", "bronze/titles/week=1/step")

    assert lake.read("bronze/titles/week=1/step/part.parquet") == b"rows"
    assert lake.read("bronze/staging/step/records/part.parquet") == b"rows"


def test_a_file_that_was_not_finished_is_not_uploaded(makes: Callable[..., AdlsLake]) -> None:
    """A parser that fails in the middle leaves no half of a file behind."""
    lake = makes(engine="connect", spark_remote=SOMEWHERE)

    def fails() -> None:
        with lake.write_locally("bronze/staging/half") as file:
            file.write_bytes(b"half")
            raise OSError("in the middle")

    with pytest.raises(OSError, match="in the middle"):
        fails()
    assert lake.read("bronze/staging/half") is None
