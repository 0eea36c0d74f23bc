"""Numbers that look random and never change: splitmix64 over a seed, a purpose and counters.

Neither `random` nor `numpy.random` promises the same stream in its next version; integers do, on every
machine. What is drawn for one title does not depend on which others are drawn beside it.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def bits(seed: int, purpose: str, *counters: Numbers) -> Bits:
    """Return 64 bits per element of the counters, which are as long as each other."""
    begin = blake2b(f"{seed} {purpose}".encode(), digest_size=8).digest()
    state: Bits = np.array([int.from_bytes(begin, "little")], np.uint64)
    for counter in counters:
        state = _mixed(state + (counter.astype(np.uint64) + np.uint64(1)) * _STEP)
    return state


def below(limit: int, drawn: Bits) -> Numbers:
    """Return numbers from 0 up to `limit` (excluded), evenly, one per element."""
    return (drawn % np.uint64(limit)).astype(np.int64)


def weighted(weights: Sequence[int], drawn: Bits) -> Numbers:
    """Return positions in `weights`, each as often as it weighs, one per element."""
    bounds = np.cumsum(weights)
    return np.searchsorted(bounds, below(int(bounds[-1]), drawn), side="right").astype(np.int64)


def _mixed(state: Bits) -> Bits:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
