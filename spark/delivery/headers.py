"""Match the header of a file with the columns that its dataset declares.

Reading the header is done in `inspection` and `parser`; where each field goes is told in `layout`, and
what is wrong with a header that lacks a column in `header_defects`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from spark.datasets import Dataset

LISTED = 10
"""Names in a message before it is cut."""

LONGEST_NAME = 40
"""Characters of a name in a message before it is cut."""

_ENOUGH_FOR_A_RANGE = 3
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))


class Drift(StrEnum):
    """The treatment of an undeclared column.

    EVOLVE gives it a column of its own in bronze, RESCUE keeps it as JSON in `rescued`, and FAIL
    rejects the file.
    """

    EVOLVE = "evolve"
    RESCUE = "rescue"
    FAIL = "fail"


class Ambiguous(ValueError):
    """Several names of a header fit a declared column; the message follows `the header`."""


@dataclass(frozen=True)
class Header:
    """A header as it fits the columns of a dataset.

    Args:
        names: as delivered.
        declared: position of each declared column, None for one that is absent.
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

    @property
    def unnamed(self) -> list[int]:
        """Positions of the undeclared columns that have no name."""
        return [position for position in self.undeclared.values() if not tidy_name(self.names[position])]

    @property
    def tidied(self) -> tuple[str, ...]:
        """What is to be told of declared columns that were found in spite of their white space."""
        found = [(column, self.names[at]) for column, at in self.declared.items() if at is not None]
        return tuple(
            f"the header has {shown(name)}, read as {column}"
            for column, name in found
            if name != tidy_name(name)
        )

    def told(self, empty: Collection[int] = ()) -> tuple[str, ...]:
        """Return the undeclared columns as a sentence names them: those without a name by their place.

        Args:
            empty: positions that are left out.
        """
        unnamed = [position for position in self.unnamed if position not in empty]
        named = [shown(name) for name, at in self.undeclared.items() if at not in self.unnamed]
        match unnamed:
            case []:
                return tuple(named)
            case [position]:
                return (*named, f"column {position + 1}, which has no name")
            case _:
                return (*named, f"columns {places(unnamed)}, which have no name")

    def own_columns(self, reserved: Collection[str]) -> dict[str, int]:
        """Return positions of undeclared columns that can become columns of a table, by their names there.

        Such a name has lower-case letters and digits, joined by `_`. A column is left out if its name
        would be reserved, that of a declared column, or that of another undeclared one.
        """
        plain = {position: _plain(self.names[position]) for position in self.undeclared.values()}
        times = Counter(plain.values())
        taken = {"", *reserved, *(column.casefold() for column in self.declared)}
        return {name: at for at, name in plain.items() if times[name] == 1 and name not in taken}


def matched(names: Sequence[str], dataset: Dataset) -> Header:
    """Find each declared column: by its exact name, else ignoring case and white space, else by an alias.

    Raises:
        Ambiguous: several names fit one equally well.
    """
    folded = [tidy_name(name).casefold() for name in names]
    declared = {column: _position(column, names, folded, dataset) for column in dataset.columns}
    return Header(tuple(names), declared)


def tidy_name(name: str) -> str:
    """Return a name with single blanks inside and none around it, without zero-width characters."""
    return " ".join((name if name.isascii() else name.translate(_INVISIBLE)).split())


def shown(name: str) -> str:
    """Return a name as a sentence shows it: quoted if it is untidy, cut if it is long."""
    start = name[:LONGEST_NAME]
    plain = start and start == tidy_name(start) and start.isprintable() and "," not in start
    text = start if plain else repr(start)
    return text if len(name) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def listed(names: Collection[str]) -> str:
    """Return the first `LISTED` of these names, and how many more there are, as text."""
    first = ", ".join(list(names)[:LISTED])
    return first if len(names) <= LISTED else f"{first} and {len(names) - LISTED} more"


def places(positions: Sequence[int]) -> str:
    """Return ascending 0-based positions as 1-based places: `10 to 23`, or `1, 3`."""
    first, last = positions[0] + 1, positions[-1] + 1
    if len(positions) >= _ENOUGH_FOR_A_RANGE and last - first == len(positions) - 1:
        return f"{first} to {last}"
    return listed([str(position + 1) for position in positions])


def _position(column: str, names: Sequence[str], folded: Sequence[str], dataset: Dataset) -> int | None:
    for found in _candidates(column, names, folded, dataset):
        if len(found) > 1:
            several = [names[position] for position in found]
            if set(several) == {column}:
                raise Ambiguous(f"repeats the column {column}; it has {listed([*map(shown, names)])}")
            raise Ambiguous(f"has more than one column for {column}: {listed([*map(shown, several)])}")
        if found:
            return found[0]
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
