"""Hosts that are waited for: clients say so here, and the command line tells of those that are silent."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock


@dataclass
class _Host:
    """A host, the number of calls that wait for it, and when it was heard last, or first waited for."""

    calls: int = 0
    since: float = field(default_factory=time.monotonic)


_HOSTS: dict[str, _Host] = {}
_LOCK = Lock()


@contextmanager
def waiting_for(host: str) -> Iterator[None]:
    """Note that a host is waited for within the block; one that is left without an error was an answer."""
    with _LOCK:
        _HOSTS.setdefault(host, _Host()).calls += 1
    try:
        yield
        heard(host)
    finally:
        with _LOCK:
            _HOSTS[host].calls -= 1
            if not _HOSTS[host].calls:
                del _HOSTS[host]


def heard(host: str) -> None:
    """Note that a host that is waited for has sent something."""
    with _LOCK:
        if host in _HOSTS:
            _HOSTS[host].since = time.monotonic()


def silences() -> Mapping[str, float]:
    """Return the hosts that are waited for, with how many seconds each has been silent."""
    with _LOCK:
        now = time.monotonic()
        return {name: now - host.since for name, host in _HOSTS.items()}
