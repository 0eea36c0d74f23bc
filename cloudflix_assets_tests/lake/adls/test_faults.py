"""What goes wrong between a run and the account: what passes leaves no trace, what lasts ends in a sentence.

Every kind of call that a run makes is disturbed once, before the server acts and after it did.
"""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest
from azure.core.pipeline.transport import HttpTransport

from cloudflix_assets.lake.adls import client
from cloudflix_assets.lake.adls import lake as adls_lake
from cloudflix_assets.names import FORCE
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.faults import Row
from cloudflix_assets_tests.lake.adls.lakes import leftovers, settings, steps, version, versions
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    lookup,
    publication,
    registered,
)
from cloudflix_assets_tests.loopback.azure.calls import Call, Kind
from cloudflix_assets_tests.loopback.azure.faults import Fault, cut, reset, status, timeout
from cloudflix_assets_tests.loopback.azure.proxy import ALWAYS, Proxy, When

TABLES = registered("raw/cast", "bronze/cast", "silver/cast")
STORED = ("raw/cast", "bronze/cast", "silver/cast_quarantine", "silver/cast")
OTHER = publication(cast=lookup("cast", *(("Somebody", str(i)) for i in range(1, 21)), ("Somebody", "1")))
QUIET = 0.5
"""Seconds until a client gives a silent server up, in place of thirty."""

# A client that was left without an answer drops its connection, and Python tells of the socket.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

Digests = dict[tuple[str, date], str | None]


class Place(NamedTuple):
    """A call that a run makes."""

    kind: Kind
    path: str


CALLS = {
    "marker": Place("put-if-absent", r"raw/files/lake\.json"),
    "marker of a container": Place("put-if-absent", r"gold/\.cloudflix\.json"),
    "owner": Place("get", r"silver/\.cloudflix\.json"),
    "landed file is looked for": Place("head", "raw/files/cast/"),
    "landed file": Place("put", "raw/files/cast/"),
    "landed file is read": Place("get", "raw/files/cast/"),
    "manifest": Place("put", "raw/files/publications/"),
    "manifest is read": Place("get", "raw/files/publications/"),
    "log is listed": Place("list", "raw/cast/_delta_log/"),
    "last checkpoint": Place("get", "bronze/cast/_delta_log/_last_checkpoint"),
    "first entry": Place("put-if-absent", r"silver/cast/_delta_log/0{20}\.json"),
    "entry is read": Place("get", r"bronze/cast/_delta_log/0{20}\.json"),
    "engine's Parquet": Place("put", r"raw/cast/week=.*\.parquet"),
    "our Parquet": Place("put", r"bronze/cast/week=.*\.parquet"),
    "Parquet is listed": Place("list", "raw/cast/week="),
    "Parquet is read": Place("get", r"silver/cast/week=.*\.parquet"),
    "commit": Place("put-if-absent", r"raw/cast/_delta_log/0{19}1\.json"),
    "quarantine's commit": Place("put-if-absent", r"silver/cast_quarantine/_delta_log/0{19}1\.json"),
    "commit beside it": Place("put-if-absent", r"silver/cast/_delta_log/0{19}1\.json"),
    "commit is read": Place("get", r"silver/cast/_delta_log/0{19}1\.json"),
    "receipt": Place("put", "raw/files/receipts/bronze"),
    "receipt is looked for": Place("get", "raw/files/receipts/silver"),
}
PASSING: dict[str, Row[tuple[Fault, When]]] = {
    "500 before": Row((status(500), "before")),
    "500 after": Row((status(500), "after")),
    "503 before": Row((status(503), "before")),
    "503 after": Row((status(503), "after")),
    "reset before": Row((reset, "before")),
    "reset after": Row((reset, "after")),
    "torn": Row((cut, "after")),
}
SILENT = ("marker", "landed file", "manifest is read", "log is listed", "engine's Parquet", "commit")
"""One of each client and kind: each costs a wait."""
# delta-rs takes a refusal whose text is torn for final: the run ends, and the next one succeeds.
FINAL_WHEN_TORN = {"last checkpoint"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long for an answer, nor before asking again."""
    monkeypatch.setattr(HttpTransport, "sleep", lambda *_: None)
    monkeypatch.setattr(client, "ANSWER_SECONDS", QUIET)
    seconds = {"backoff_config.init_backoff": "1ms", "backoff_config.max_backoff": "9ms"}
    patience = {**adls_lake.PATIENCE, **seconds, "timeout": f"{QUIET}s"}
    monkeypatch.setattr(adls_lake, "PATIENCE", patience)
    monkeypatch.setenv("AZURE_TIMEOUT", f"{QUIET}s")  # Sail's


@pytest.fixture
def makes(proxy: Proxy, tmp_path: Path, instance: dg.DagsterInstance) -> Makes:
    environment = settings(proxy, tmp_path / "home")
    return lambda **arguments: house(environment, instance, **arguments)


def house(environment: Environment, instance: dg.DagsterInstance, **arguments: object) -> Lakehouse:
    source = MemorySource({WEEK_1: publication(), WEEK_2: OTHER})
    return Lakehouse(environment, instance, **{"source": source, "tables": TABLES, **arguments})


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """Of both weeks in a folder."""
    environment = Environment(home=tmp_path_factory.mktemp("undisturbed"), first_week="2026-01-05")
    with dg.DagsterInstance.ephemeral() as instance:
        lakehouse = house(environment, instance)
        assert all(lakehouse.run(week).success for week in (WEEK_1, WEEK_2))
        return lakehouse.digests(WEEK_1, WEEK_2)


def check(lakehouse: Lakehouse, first: WeekResult, undisturbed: Digests) -> None:
    """Both weeks are there, each committed once, and nothing else is."""
    assert first.failures == {}
    assert lakehouse.run(WEEK_2).success
    assert lakehouse.digests(WEEK_1, WEEK_2) == undisturbed
    assert {path: table.committed for path, table in first.tables.items()} == dict.fromkeys(STORED, True)
    assert versions(lakehouse.stored, *STORED) == dict.fromkeys(STORED, 2)
    assert leftovers(lakehouse.stored, *STORED) == set()


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_no_trace(
    proxy: Proxy, makes: Makes, undisturbed: Digests, fault: str
) -> None:
    """Each call is disturbed once. A commit that is made twice, or a week that is not whole, must not be."""
    lakehouse, (what, when) = makes(), PASSING[fault].wrong
    places = {name: place for name, place in CALLS.items() if fault != "torn" or name not in FINAL_WHEN_TORN}
    rules = {name: proxy.fault(what, kind=p.kind, path=p.path, when=when) for name, p in places.items()}
    first = lakehouse.run(WEEK_1)
    assert {name for name, rule in rules.items() if rule.left} == set()
    check(lakehouse, first, undisturbed)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_silent_server_is_asked_again(proxy: Proxy, makes: Makes, undisturbed: Digests, when: When) -> None:
    """Without a limit a run would hang on one lost packet."""
    lakehouse = makes()
    for name in SILENT:
        proxy.fault(timeout(4 * QUIET), kind=CALLS[name].kind, path=CALLS[name].path, when=when)
    first = lakehouse.run(WEEK_1)
    assert [rule.left for rule in proxy.rules] == [0] * len(SILENT)
    check(lakehouse, first, undisturbed)


@pytest.mark.parametrize("code", [409, 412])
def test_conflicts_with_nobody(proxy: Proxy, makes: Makes, undisturbed: Digests, code: int) -> None:
    """Somebody's file was there for a moment, or the service says so: what is there now decides."""
    lakehouse = makes()
    writes = [place for place in CALLS.values() if place.kind == "put-if-absent"]
    rules = [proxy.fault(status(code), kind=kind, path=path) for kind, path in writes]
    first = lakehouse.run(WEEK_1)
    assert [rule.left for rule in rules] == [0] * len(writes)
    check(lakehouse, first, undisturbed)


LOST: dict[str, Fault] = {
    **{str(code): status(code) for code in (409, 412, 500, 503)},
    "reset": reset,
    "torn": cut,
}


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    ("fault", "times"), [*((fault, 1) for fault in LOST), ("500", ALWAYS), ("reset", ALWAYS)]
)
def test_a_commit_whose_answer_is_lost_is_found(
    proxy: Proxy, makes: Makes, fault: str, times: int | None, force: bool
) -> None:
    """The writer must neither commit again nor report that nothing was committed."""
    lakehouse, (kind, path) = makes(tables=registered("raw/cast")), CALLS["commit"]
    proxy.fault(LOST[fault], kind=kind, path=path, when="after", times=times)
    result = lakehouse.run(WEEK_1, tags={FORCE: "true"} if force else {})
    assert (result.failures, result.tables["raw/cast"].committed) == ({}, True)
    assert (version(lakehouse.stored, "raw/cast"), len(steps(lakehouse.stored, "raw/cast"))) == (1, 1)
    assert leftovers(lakehouse.stored, "raw/cast") == set()


OVERLOADED, NOBODY = "the account is overloaded, and stayed so: wait a minute", "nobody answers there: check"
LASTING: dict[str, Row[Fault]] = {
    "owner": Row(status(503), OVERLOADED),
    "marker": Row(reset, NOBODY),
    "landed file": Row(reset, NOBODY),
    "manifest": Row(status(500), "the account failed, and again when it was asked again: wait a minute"),
    "manifest is read": Row(status(503), OVERLOADED),
    "log is listed": Row(status(503), OVERLOADED),
    "last checkpoint": Row(reset, NOBODY),
    "first entry": Row(status(503), OVERLOADED),
    "engine's Parquet": Row(status(503), OVERLOADED),
    "Parquet is read": Row(reset, NOBODY),
    "commit": Row(reset, NOBODY),
    "quarantine's commit": Row(status(503), OVERLOADED),
    "receipt": Row(status(503), OVERLOADED),
}
"""By the call that it happens to, each time."""
MOST = 45
"""Calls of one place: three attempts of a commit, each with the client's own ten and some to look."""


@pytest.mark.parametrize("name", LASTING)
def test_a_fault_that_lasts_ends_in_one_sentence(
    proxy: Proxy, makes: Makes, undisturbed: Digests, name: str
) -> None:
    """Which says what, where and what to do; nothing is half published, and the same again succeeds."""
    lakehouse, row = makes(), LASTING[name]
    kind, path = CALLS[name]
    proxy.fault(row.wrong, kind=kind, path=path, times=ALWAYS)

    (told,) = lakehouse.run(WEEK_1).failures.values()
    calls = [call for call in proxy.calls if call.kind == kind and re.search(path, place(call))]
    proxy.heal()
    assert re.fullmatch(rf"(abfss|http)://\S+: {row.told}.*, then rerun; what was published [^\n]*", told)
    assert 1 < len(calls) <= MOST
    stored = {key: digest for key, digest in lakehouse.digests(WEEK_1).items() if digest}
    assert stored.items() <= undisturbed.items()

    assert lakehouse.run(WEEK_1).success
    assert lakehouse.digests(WEEK_1) == {key: undisturbed[key] for key in lakehouse.digests(WEEK_1)}
    assert versions(lakehouse.stored, *STORED) == dict.fromkeys(STORED, 1)


def place(call: Call) -> str:
    return f"{call.container}/{call.path}"
