"""Say what is wrong with a header that does not fit its dataset, and what could be meant by it.

Which columns a header has is decided in `headers`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches

from spark.datasets import DATASETS, IN_ONE, Dataset
from spark.delivery.headers import LONGEST_NAME, Ambiguous, Header, listed, matched, shown, tidy_name


class HeaderDefect(ValueError):
    """A header does not fit its dataset; the message follows the file's name.

    Attributes:
        remedy: what could be right beside another delivery, None if nothing.
    """

    def __init__(self, defect: str, remedy: str | None = None) -> None:
        self.remedy = remedy
        super().__init__(defect)


def resolved(names: Sequence[str], dataset: Dataset) -> Header:
    """Return the header in which every declared column was found that is not optional.

    Raises:
        HeaderDefect: one is missing, or several names fit it equally well.
    """
    try:
        header = matched(names, dataset)
    except Ambiguous as several:
        raise HeaderDefect(f"the header {several}") from None
    if missing := _missing(header, dataset):
        raise _defect(header, missing, dataset)
    return header


def is_in_one(names: Sequence[str]) -> bool:
    """Return whether a header is that of the catalogue in one file."""
    return {tidy_name(name).casefold() for name in names} >= {*IN_ONE}


def _missing(header: Header, dataset: Dataset) -> list[str]:
    absent = [column for column, position in header.declared.items() if position is None]
    return [column for column in absent if column not in dataset.optional]


def _defect(header: Header, missing: Sequence[str], dataset: Dataset) -> HeaderDefect:
    if is_in_one(header.names) and not dataset.layout:
        return HeaderDefect(
            f"this looks like the {len(IN_ONE)}-column layout of the catalogue, which holds all five files "
            f"in one: the header has {_found(header)}",
            "set CLOUDFLIX_LAYOUT=twelve_columns if that is what the source delivers",
        )
    if len(missing) == len(dataset.columns) and any(map(_is_number, header.names)):
        return HeaderDefect(
            f"the file has no header: its first line looks like a record ({_found(header)}), and its columns "
            f"are {', '.join(dataset.columns)}"
        )
    if dataset.layout and _plain_file(header) == dataset.file:
        return HeaderDefect(
            f"the layout {dataset.layout} is set, and the header is that of the file without one "
            f"({_found(header)})",
            "unset CLOUDFLIX_LAYOUT if that is what the source delivers",
        )
    several = "s" if len(missing) > 1 else ""
    known = listed([_with_aliases(column, dataset) for column in missing])
    found = f"{_found(header)}{_elsewhere(header, dataset)}"
    return HeaderDefect(
        f"the header misses the column{several} {known}; it has {found}",
        _remedy(_near(header, missing, dataset), dataset.layout),
    )


def _found(header: Header) -> str:
    return listed([shown(name) for name in header.names])


def _with_aliases(column: str, dataset: Dataset) -> str:
    aliases = dataset.aliases.get(column, ())
    return f"{column} (or {', '.join(aliases)})" if aliases else column


def _elsewhere(header: Header, dataset: Dataset) -> str:
    """Return the file that has these columns, if another one has."""
    other = "" if dataset.layout else _plain_file(header)
    return f", the columns of {other}" if other not in {"", dataset.file} else ""


def _plain_file(header: Header) -> str:
    """Return the name of the file that has these columns without a layout, if one has."""
    for other in DATASETS:
        with suppress(Ambiguous):
            if not _missing(matched(header.names, other), other):
                return other.file
    return ""


def _near(header: Header, missing: Sequence[str], dataset: Dataset) -> Mapping[str, str]:
    """Return the undeclared name that is nearest to each missing column, where one is near."""
    free = [header.names[at] for at in header.undeclared.values() if len(header.names[at]) <= LONGEST_NAME]
    folded = {tidy_name(name).casefold(): name for name in free}
    found: dict[str, str] = {}
    for column in missing:
        for known in (column, *dataset.aliases.get(column, ())):
            if close := get_close_matches(known, folded, n=1, cutoff=0.8):
                found.setdefault(column, folded[close[0]])
    return found


def _remedy(near: Mapping[str, str], layout: str) -> str | None:
    if not near:
        return f"correct the layout {layout} if the header is right" if layout else None
    if layout:
        named = [f"{shown(name)} for {column}" for column, name in near.items()]
        return f"name {' and '.join(named)} in the layout {layout} if it is meant"
    aliases = [f"{shown(name)} as an alias of {column}" for column, name in near.items()]
    return f"declare {' and '.join(aliases)} in spark/datasets.py if it is meant"


def _is_number(name: str) -> bool:
    """Whether it is a number or a date: with a digit and without a letter."""
    start = name[:LONGEST_NAME]
    return any(map(str.isdigit, start)) and not any(map(str.isalpha, start))
