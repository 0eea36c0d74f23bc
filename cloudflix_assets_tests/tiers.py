"""Which tests are left to `make test-all`: those that carry the marker `slow`.

`make test` proves every promise once, on Sail, with what `make setup` installs. Left to `make test-all` are
the other cases of a promise, and what takes long: JVMs, clusters, kills, pages that are carried out.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

MAY_BE_MISSING = frozenset({"node", "real_files", "oracle", "cases"})
"""Fixtures that need Node.js, the real files or the cases: `make test` skips nothing, on any machine."""
ELSEWHERE = ("cloudflix_assets_tests/loopback/", "cloudflix_assets_tests/lake/adls/")
"""Tests of the doubles prove nothing of the product; lakes in an account ask for Azurite when they begin."""


def is_slow(item: pytest.Item) -> bool:
    """Whether a test is slow without saying so itself."""
    return item.nodeid.startswith(ELSEWHERE) or bool(MAY_BE_MISSING & {*getattr(item, "fixturenames", ())})


def slow_but(proves: Callable[[Any], bool], cases: Iterable[Any]) -> list[Any]:
    """Parameters of which those that `proves` picks run in `make test`; the others are slow.

    Raises:
        ValueError: it picks none, and the promise would be left out.
    """
    found = list(cases)
    if not any(map(proves, found)):
        raise ValueError("no case is left for `make test`")
    return [case if proves(case) else pytest.param(case, marks=pytest.mark.slow) for case in found]
