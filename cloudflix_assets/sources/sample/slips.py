"""What goes wrong with records, and where in a file: each kind at least once, spread over the file.

A slip says how a record is written, what it still means, and which rules it breaks. Which slips there
are stands in `title_slips` and `lookup_slips`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudflix_assets.sources.sample.draws import Numbers, below, bits
from cloudflix_assets.sources.sample.edition import EPOCH, Edition

Row = Mapping[str, Any]
Change = Mapping[str, Any]
"""New texts by column: a value, or a function of the present one."""


class Where(Enum):
    """The record that a slip writes: the one at its place, or one more, a copy of it."""

    HERE = "here"
    NEXT = "directly after it"
    AFTER = "somewhere after it"


@dataclass(frozen=True)
class Slip:
    """One record that is not written as it should be.

    Args:
        text: changes to the delivered text.
        shape: what becomes of the list of fields.
        means: changes to what the record means, where it is accepted.
        broken: the rules for which it is quarantined, sorted.
        warned: the rules that it breaks and is accepted all the same.
        orphan: its title is none of this edition's.
    """

    text: Change = field(default_factory=dict)
    shape: Callable[[list[str]], list[str]] = list
    means: Change = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    where: Where = Where.HERE
    orphan: bool = False


Kinds = Mapping[str, Sequence[Slip]]
"""Accidents by name; each is one slip, or several in a row."""


def changed(row: Row, changes: Change) -> dict[str, Any]:
    """Return `row` with some values replaced."""
    new = {name: change(row[name]) if callable(change) else change for name, change in changes.items()}
    return {**row, **new}


@dataclass(frozen=True)
class Plan:
    """The records of a file in their order: which sound record each comes from, and its slip.

    `slips` holds positions in `listed(kinds)`, counted from 1; 0 is a sound record.
    """

    origins: Numbers
    slips: NDArray[np.uint8]
    kinds: Kinds

    @cached_property
    def listed(self) -> list[Slip]:
        """All slips, in order."""
        return [slip for slips in self.kinds.values() for slip in slips]

    def quarantined_origins(self) -> Numbers:
        """Return the sound records in whose place stands one that is quarantined."""
        return self._origins(lambda slip: bool(slip.broken) and slip.where is Where.HERE)

    def changed_origins(self, column: str) -> Numbers:
        """Return the sound records in whose place stands one that means something else in this column."""
        return self._origins(lambda slip: column in slip.means)

    def _origins(self, wanted: Callable[[Slip], bool]) -> Numbers:
        codes = [code for code, slip in enumerate(self.listed, 1) if wanted(slip)]
        return self.origins[np.isin(self.slips, codes)]


def planned(edition: Edition, file: str, records: int, kinds: Kinds, per_slip: int) -> Plan:
    """Spread the slips of an edition over the records of a file, each kind once per `per_slip` of them.

    The file is cut into stretches, one per accident, so that no two meet.
    """
    if not kinds:
        return _plan(records, kinds, [])
    rounds = max(1, records // per_slip)
    stretch = np.arange(rounds * len(kinds), dtype=np.int64)
    half = records // len(stretch) // 2
    week = np.full_like(stretch, (edition.week - EPOCH).days // 7)
    turn = bits(edition.seed, f"{file}: kind", week, stretch // len(kinds))
    kind = (stretch + below(len(kinds), turn)) % len(kinds)
    here = stretch * (half * 2) + below(half, bits(edition.seed, f"{file}: here", week, stretch))
    after = here + 1 + below(half, bits(edition.seed, f"{file}: later", week, stretch))
    return _plan(
        records, kinds, [(here[kind == number], after[kind == number]) for number in range(len(kinds))]
    )


def _plan(records: int, kinds: Kinds, accidents: Sequence[tuple[Numbers, Numbers]]) -> Plan:
    """Return the plan: each kind's accidents at the first of two places, more records at the second."""
    slips = np.zeros(records, np.uint8)
    added: list[tuple[Numbers, Numbers, int]] = []
    parts = ((places, slip) for places, of in zip(accidents, kinds.values(), strict=True) for slip in of)
    for code, ((here, after), slip) in enumerate(parts, 1):
        if slip.where is Where.HERE:
            slips[here] = code
        else:
            added.append((here, here + 1 if slip.where is Where.NEXT else after, code))
    if not added:
        return Plan(np.arange(records, dtype=np.int64), slips, kinds)
    origins = np.concatenate([here for here, _, _ in added])
    places = np.concatenate([place for _, place, _ in added])
    codes = np.concatenate([np.full(len(here), code, np.uint8) for here, _, code in added])
    return Plan(
        np.insert(np.arange(records, dtype=np.int64), places, origins), np.insert(slips, places, codes), kinds
    )
