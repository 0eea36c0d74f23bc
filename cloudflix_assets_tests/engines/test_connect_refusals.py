"""A server that is not there, refuses, or cannot do what is needed: one sentence, and nothing is written."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cloudflix_assets.engines import remote
from cloudflix_assets.engines.remote import ConnectResource, ServerRefused
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix_process
from cloudflix_assets_tests.leaks import leaks, left
from cloudflix_assets_tests.loopback.connect.servers import TOKEN, serve

pytestmark = pytest.mark.slow  # servers in processes of their own

WEEK = "--week=2026-11-09"
NOWHERE = "sc://127.0.0.1:1"
WRONG = "a-secret-that-nobody-may-see"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """Spark without Delta, for those who know its token."""
    with serve("guarded") as address:
        yield address


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is a variable of the process; it ends with the test."""
    monkeypatch.setenv("SPARK_REMOTE", NOWHERE)


def opened(address: str) -> object:
    return ConnectResource.of(Environment(engine="connect", spark_remote=address)).spark_session


def run(home: Path, address: str, *options: str) -> Told:
    told = cloudflix_process(home, "run", WEEK, *options, CLOUDFLIX_ENGINE="connect", SPARK_REMOTE=address)
    assert told.code == 1
    return told


@pytest.mark.parametrize("address", ["spark.example.com:15002", "sc://host/path;token=hidden", "sc://host:x"])
def test_an_address_that_is_none(address: str) -> None:
    """Its client's own words repeat it, and with it a token."""
    with pytest.raises(ServerRefused, match="SPARK_REMOTE is no address of a Spark Connect server") as told:
        opened(address)
    assert "hidden" not in str(told.value)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to itself, pyspark would try for ten minutes."""
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    with pytest.raises(ServerRefused, match="no Spark Connect server answers at") as told:
        opened(f"{NOWHERE}/;token={WRONG}")
    assert "127.0.0.1:1 within" in str(told.value)
    assert WRONG not in str(told.value)


class Session(SimpleNamespace):
    """What is asked of a session when it is opened."""

    def __init__(self, version: str, **conf: str) -> None:
        super().__init__(version=version, conf={**remote.REQUIRED_OPTIONS, **conf})


@pytest.mark.parametrize(
    ("session", "sentence"),
    [
        (Session("3.5.1"), "is Spark 3.5.1, and this client speaks to 4.2.0"),
        (
            Session("4.2.0", **{"spark.sql.session.timeZone": "Asia/Tokyo"}),
            "keeps spark.sql.session.timeZone at Asia/Tokyo, and UTC is relied on",
        ),
    ],
    ids=["another major version", "an option that it keeps"],
)
def test_a_server_that_is_another_spark(session: Any, sentence: str) -> None:
    """Half of a protocol that both know gives other answers."""
    with pytest.raises(ServerRefused, match=sentence):
        remote._refuse_unsuitable(cast("Any", session), "host:15002")


def test_a_token_that_is_wrong(tmp_path: Path, guarded: str) -> None:
    """It stands in the address, and in no output and no file."""
    told = run(tmp_path / "home", f"{guarded}/;token={WRONG}", "--debug")
    assert "refuses a session" in told.sentence
    assert "check it, and the token in SPARK_REMOTE" in told.sentence
    seen = left(told, tmp_path)
    assert len(seen) > 2
    assert leaks(seen, WRONG) == []


def test_a_spark_without_delta(tmp_path: Path, guarded: str) -> None:
    """Nobody could tell then how it shall commit; nothing of a table is there."""
    home = tmp_path / "home"
    told = run(home, f"{guarded}/;token={TOKEN}")
    assert "the engine is Spark without Delta Lake" in told.sentence
    assert "docs/connect.md" in told.sentence
    assert not list((home / "lake").rglob("_delta_log"))
