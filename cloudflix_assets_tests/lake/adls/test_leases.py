"""Special to an account: locks are leases, and large files go by blocks at once."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from azure.storage.blob import BlobLeaseClient

from cloudflix_assets.lake.adls import leases
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets_tests.loopback.azure.calls import Kind
from cloudflix_assets_tests.loopback.azure.proxy import Proxy

FILE = "raw/files/titles/abc.csv"
LARGE = 40 << 20


def test_a_holder_that_died_is_not_waited_for(flat: AdlsLake) -> None:
    """It cannot let go; its lease ends by itself: here after a second, and not a minute."""
    flat.write_new("raw/files/a.lock", b"")
    blob = flat._blob("raw/files/a.lock")
    leases._acquire(blob)
    assert blob.get_blob_properties().lease.duration == "fixed"
    BlobLeaseClient(blob).break_lease(lease_break_period=1)
    entered = threading.Event()

    def enter() -> None:
        with flat.lock("raw/files/a.lock"):
            entered.set()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(enter)
        assert not entered.wait(0.3)
        waiting.result(30)
    assert entered.is_set()


def test_a_lease_is_renewed_for_as_long_as_its_holder_lives(
    flat: AdlsLake, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step of an hour would lose its lock after a minute."""
    monkeypatch.setattr(leases, "RENEWED_EVERY", 0.02)
    until = time.monotonic() + 10
    with flat.lock("raw/files/a.lock"):
        while proxy.counted("lease") < 4 and time.monotonic() < until:
            time.sleep(0.01)
    assert proxy.counted("lease") > 4  # and let go in the end
    assert {call.status for call in proxy.calls if call.kind == "lease"} <= {200, 201}


def test_a_large_file_goes_by_blocks_at_once(flat: AdlsLake, proxy: Proxy, tmp_path: Path) -> None:
    """One after the other they would take four times as long on a line to a far region."""
    flying = Flying(proxy)
    content = tmp_path / "large"
    content.write_bytes(os.urandom(LARGE))
    assert flat.store(FILE, content)
    assert not flat.store(FILE, content)
    assert (proxy.counted("put block"), proxy.counted("put block list"), proxy.counted("put")) == (5, 1, 0)
    with flat.open(FILE) as opened:
        assert opened.read() == content.read_bytes()
    with flat.local_copy(FILE) as near:
        assert near.read_bytes() == content.read_bytes()
    assert not near.exists()
    assert flying.most["put block"] > 1
    assert flying.most["get"] > 1


_COUNTED: tuple[Kind, ...] = ("put block", "get")


class Flying:
    """How many calls of a kind were under way together, at most."""

    def __init__(self, proxy: Proxy) -> None:
        self.now: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.lock = threading.Lock()
        for kind in _COUNTED:
            proxy.hold(lambda call: self._count(call.kind, 1), kind=kind, times=None)
            proxy.hold(lambda call: self._count(call.kind, -1), kind=kind, times=None, when="after")

    def _count(self, kind: str, by: int) -> None:
        with self.lock:
            self.now[kind] = self.now.get(kind, 0) + by
            self.most[kind] = max(self.most.get(kind, 0), self.now[kind])
        if by > 0:
            time.sleep(0.05)  # others would already be under way
