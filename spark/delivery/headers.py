"""A file's header beside what its dataset declares: which column is which, and which nobody declared."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spark.datasets import Dataset

LISTED = 10


class Drift(StrEnum):
    """What an undeclared column does.

    It gets a column of its own in bronze, is kept as JSON in `rescued`, or refuses the delivery.
    """

    EVOLVE = "evolve"
    RESCUE = "rescue"
    FAIL = "fail"


class HeaderDefect(ValueError):
    """A header in which a declared column is not to be found; the message goes on after `the header`."""


@dataclass(frozen=True)
class Header:
    """A header that has every declared column.

    Args:
        names: as delivered.
        declared: position of each declared column, None for an optional one that is absent.
    """

    names: tuple[str, ...]
    declared: Mapping[str, int | None]

    @property
    def undeclared(self) -> dict[str, int]:
        """Positions of the other columns by name; of two with one name, each by its place (`x#2`)."""
        declared, times = set(self.declared.values()), Counter(self.names)
        return {
            name if times[name] == 1 else f"{name}#{position + 1}": position
            for position, name in enumerate(self.names)
            if position not in declared
        }

    def own_columns(self, reserved: Collection[str]) -> dict[str, int]:
        """Positions of undeclared columns that can be columns of a table, by the names they have there.

        These are lower-case letters and digits with `_` between. A column has none whose name is
        reserved, a declared one, or also another's.
        """
        plain = {position: _plain(self.names[position]) for position in self.undeclared.values()}
        times = Counter(plain.values())
        taken = {"", *reserved, *(column.casefold() for column in self.declared)}
        return {name: at for at, name in plain.items() if times[name] == 1 and name not in taken}


def resolved(names: Sequence[str], dataset: Dataset) -> Header:
    """Find each declared column: by its very name, else in other letters, else by an alias.

    Raises:
        HeaderDefect: one is missing, or two columns fit it equally well.
    """
    folded = [name.casefold() for name in names]
    declared = {column: _position(column, names, folded, dataset) for column in dataset.columns}
    return Header(tuple(names), declared)


def listed(names: Collection[str]) -> str:
    """The first of these names, and how many there are beyond."""
    first = ", ".join(list(names)[:LISTED])
    return first if len(names) <= LISTED else f"{first} and {len(names) - LISTED} more"


def _position(column: str, names: Sequence[str], folded: Sequence[str], dataset: Dataset) -> int | None:
    for found in _candidates(column, names, folded, dataset):
        if len(found) > 1:
            several = [names[position] for position in found]
            if set(several) == {column}:
                raise HeaderDefect(f"repeats the column {column}")
            raise HeaderDefect(f"has more than one column for {column}: {listed(several)}")
        if found:
            return found[0]
    if column not in dataset.optional:
        raise HeaderDefect(f"misses the column {column}")
    return None


def _candidates(
    column: str, names: Sequence[str], folded: Sequence[str], dataset: Dataset
) -> Iterator[list[int]]:
    """Positions that fit, from the best kind of fit to the worst."""
    yield [position for position, name in enumerate(names) if name == column]
    yield [position for position, name in enumerate(folded) if name == column.casefold()]
    aliases = {alias.casefold() for alias in dataset.aliases.get(column, ())}
    yield [position for position, name in enumerate(folded) if name in aliases]


def _plain(name: str) -> str:
    """Engines fold letters or not, and Parquet takes no blanks or brackets: `Born (year)` as `born_year`."""
    spaced = "".join(character if character.isalnum() else " " for character in name.lower())
    return "_".join(spaced.split())
