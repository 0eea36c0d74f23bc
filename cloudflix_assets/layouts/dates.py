"""Dates as a source writes them, by patterns that are read here, alike for every engine.

English names of months, whatever the locale.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from itertools import combinations

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_FULL = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_SHORT = {name[:3]: number for name, number in _FULL.items()}

_PARTS = {
    "MMMM": ("month", "|".join(_FULL)),
    "MMM": ("month", "|".join(_SHORT)),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "dd": ("day", "[0-9]{2}"),
    "d": ("day", "[0-9]{1,2}"),
    "yyyy": ("year", "[1-9][0-9]{3}"),
    "yy": ("year", "[0-9]{2}"),
}
_ANY_WIDTH = {"M", "d"}
_PART = re.compile("(y+|M+|d+|[A-Za-z]+)")
_LAST_OF_THIS_CENTURY = 68
"""As POSIX has it: `68` is 2068, `69` is 1969."""


def date_reader(patterns: Iterable[str]) -> Callable[[str], date | None]:
    """Return what reads a text as a date in the first pattern that it has; None if it has none.

    Raises:
        ValueError: a pattern is none, or two would read the same text as different days.
    """
    known = [*patterns]
    found = [_reader(pattern) for pattern in known]
    for one, other in combinations(known, 2):
        if _shape(one) == _shape(other) and _order(one) != _order(other):
            raise ValueError(f"has {one} and {other}, which read the same text as different days: keep one")
    return lambda text: next((day for read in found if (day := read(text))), None)


def _reader(pattern: str) -> Callable[[str], date | None]:
    parts = _PART.split(pattern)
    if unknown := [part for part in parts[1::2] if part not in _PARTS]:
        raise ValueError(f"has {pattern}, and {unknown[0]} is none of {', '.join(_PARTS)}")
    if sorted(_order(pattern)) != ["day", "month", "year"]:
        raise ValueError(f"has {pattern}, which needs one day (d), one month (M) and one year (y)")
    if any(
        not parts[at] and _ANY_WIDTH & {parts[at - 1], parts[at + 1]} for at in range(2, len(parts) - 1, 2)
    ):
        raise ValueError(f"has {pattern}: write MM and dd where nothing stands between the numbers")
    text = "".join(
        f"(?P<{_PARTS[part][0]}>{_PARTS[part][1]})" if at % 2 else re.escape(part)
        for at, part in enumerate(parts)
    )
    shape = re.compile(text, re.IGNORECASE | re.ASCII)

    def read(text: str) -> date | None:
        found = shape.fullmatch(text)
        return _day(found["year"], found["month"].lower(), found["day"]) if found else None

    return read


def _day(year: str, month: str, day: str) -> date | None:
    number = _FULL.get(month) or _SHORT.get(month) or int(month)
    century = 0 if len(year) > 2 else 2000 if int(year) <= _LAST_OF_THIS_CENTURY else 1900  # noqa: PLR2004
    try:
        return date(century + int(year), number, int(day))
    except ValueError:
        return None


def _order(pattern: str) -> list[str]:
    return [_PARTS[part][0] for part in _PART.findall(pattern) if part in _PARTS]


def _shape(pattern: str) -> str:
    """Return a pattern with what looks alike in a text written alike: days, months and short years."""
    alike = {"MMMM": "a", "MMM": "a", "yyyy": "y"}
    return re.sub("[ny]{2,}", "n", _PART.sub(lambda part: alike.get(part[0], "n"), pattern))
