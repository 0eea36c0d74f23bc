"""Files dropped into an account whose calls are disturbed: each is taken in once."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from azure.core.pipeline.transport import HttpTransport

from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets.sources.dropped import files
from cloudflix_assets.sources.dropped.source import DropFolder
from cloudflix_assets_tests.lake.adls.lakes import settings
from cloudflix_assets_tests.lake.adls.test_faults import PASSING
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, publication, registered
from cloudflix_assets_tests.loopback.azure.azurite import Azurite
from cloudflix_assets_tests.loopback.azure.calls import Kind
from cloudflix_assets_tests.loopback.azure.hierarchical import Hierarchical
from cloudflix_assets_tests.loopback.azure.proxy import Proxy
from cloudflix_assets_tests.sources.test_dropped import LANDED, drop_now, listing

FILES = publication()
# A client that was left without an answer drops its connection, and Python tells of the socket.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was dropped is whole at once, and nobody waits before asking again."""
    monkeypatch.setattr(files, "SETTLED_AFTER", timedelta())
    monkeypatch.setattr(HttpTransport, "sleep", lambda *_: None)


@pytest.fixture(params=["flat", "hierarchical"])
def before(request: pytest.FixtureRequest, azurite: Azurite) -> Iterator[Proxy]:
    """A proxy before an account of either kind."""
    if request.param == "flat":
        yield request.getfixturevalue("proxy")
        return
    account: Hierarchical = request.getfixturevalue("hierarchical")
    with Proxy(account.azurite, hierarchical=True).serve() as proxy:
        yield proxy
    assert proxy.wrong == []


@pytest.fixture
def house(before: Proxy, tmp_path: Path, instance: dg.DagsterInstance) -> Lakehouse:
    environment = settings(before, tmp_path / "home", flat=not before.hierarchical)
    lake = AdlsLake.of(environment)
    source = DropFolder(lake, Agreement.of(environment))
    return Lakehouse(environment, instance, source=source, tables=registered("raw/cast"))


def test_a_file_that_may_still_grow_waits(house: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last change is the account's to tell, by the account's clock."""
    monkeypatch.setattr(files, "SETTLED_AFTER", timedelta(hours=1))
    drop_now(house, **FILES)
    result = house.run(WEEK_1)
    assert result.success
    assert any("may still be growing" in notice for notice in result.notices)
    assert len(listing(house.stored, "landing")) == len(FILES)


FAULTS = {name: PASSING[name] for name in ("500 before", "503 after", "reset before", "reset after")}
OF_A_MOVE: dict[bool, tuple[Kind, ...]] = {False: ("copy", "delete"), True: ("rename", "create")}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_move_is_disturbed(before: Proxy, house: Lakehouse, fault: str) -> None:
    """A file must be taken in once: not twice, and not never."""
    what, when = FAULTS[fault].wrong
    kinds: tuple[Kind, ...] = ("list", "get", *OF_A_MOVE[before.hierarchical])
    rules = [
        *(before.fault(what, kind=kind, path="land", when=when) for kind in kinds),
        before.fault(what, kind="head", path="landed", when=when) if not before.hierarchical else None,
    ]
    drop_now(house, **FILES)
    assert house.run(WEEK_1).failures == {}
    assert [rule.left for rule in rules if rule] == [0] * len([rule for rule in rules if rule])
    assert (listing(house.stored, "landing"), listing(house.stored, "landed")) == ([], LANDED)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lease_is_disturbed(proxy: Proxy, flat: AdlsLake, fault: str) -> None:
    """An answer that is lost must not leave a lock that its own holder waits for."""
    what, when = FAULTS[fault].wrong
    taken = proxy.fault(what, kind="lease", when=when)
    with flat.lock("raw/files/a.lock"):
        let_go = proxy.fault(what, kind="lease", when=when)
    with flat.lock("raw/files/a.lock"):
        pass
    assert (taken.left, let_go.left) == (0, 0)
    assert proxy.counted("lease") <= 8


@pytest.mark.parametrize("fault", FAULTS)
def test_a_removal_is_disturbed(before: Proxy, house: Lakehouse, fault: str) -> None:
    what, when = FAULTS[fault].wrong
    for path in ("silver/cast/a", "silver/cast/b/c", "silver/cast_quarantine/d"):
        house.stored.write(path, b"")
    rules = [before.fault(what, kind="delete", when=when)]
    house.stored.remove("silver/cast")
    assert [rule.left for rule in rules] == [0]
    assert [stored.path for stored in house.stored.files_below("silver/cast_quarantine")] == [
        "silver/cast_quarantine/d"
    ]
    assert house.stored.files_below("silver/cast") == []
