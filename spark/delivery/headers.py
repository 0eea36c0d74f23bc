"""Match the header of a file with the columns that its dataset declares.

Reading the header is done in `inspection` and `parser`; where each field goes is told in `layout`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spark.datasets import Dataset

LISTED = 10
"""Names in a message before it is cut."""


class Drift(StrEnum):
    """The treatment of an undeclared column.

    EVOLVE gives it a column of its own in bronze, RESCUE keeps it as JSON in `rescued`, and FAIL
    rejects the file.
    """

    EVOLVE = "evolve"
    RESCUE = "rescue"
    FAIL = "fail"


class HeaderDefect(ValueError):
    """A declared column is missing from a header or fits several names; the message follows `the header`."""


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
        """Positions of the undeclared columns by name; columns of one name get their 1-based place: `x#2`."""
        declared, times = set(self.declared.values()), Counter(self.names)
        return {
            name if times[name] == 1 else f"{name}#{position + 1}": position
            for position, name in enumerate(self.names)
            if position not in declared
        }

    def own_columns(self, reserved: Collection[str]) -> dict[str, int]:
        """Return positions of undeclared columns that can become columns of a table, by their names there.

        Such a name has lower-case letters and digits, joined by `_`. A column is left out if its name
        would be reserved, that of a declared column, or that of another undeclared one.
        """
        plain = {position: _plain(self.names[position]) for position in self.undeclared.values()}
        times = Counter(plain.values())
        taken = {"", *reserved, *(column.casefold() for column in self.declared)}
        return {name: at for at, name in plain.items() if times[name] == 1 and name not in taken}


def resolved(names: Sequence[str], dataset: Dataset) -> Header:
    """Find each declared column in a header: by its exact name, else ignoring case, else by an alias.

    Raises:
        HeaderDefect: one is missing, or several names fit it equally well.
    """
    folded = [name.casefold() for name in names]
    declared = {column: _position(column, names, folded, dataset) for column in dataset.columns}
    return Header(tuple(names), declared)


def listed(names: Collection[str]) -> str:
    """Return the first `LISTED` of these names, and how many more there are, as text."""
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
    """Yield the positions that fit a column: by exact name, then ignoring case, then by alias."""
    yield [position for position, name in enumerate(names) if name == column]
    yield [position for position, name in enumerate(folded) if name == column.casefold()]
    aliases = {alias.casefold() for alias in dataset.aliases.get(column, ())}
    yield [position for position, name in enumerate(folded) if name in aliases]


def _plain(name: str) -> str:
    """`Born (year)` as `born_year`: some engines ignore case, and Parquet allows no blanks or brackets."""
    spaced = "".join(character if character.isalnum() else " " for character in name.lower())
    return "_".join(spaced.split())
