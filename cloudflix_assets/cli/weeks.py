"""The weeks that the options of a command choose."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.partitions import WEEK, in_calendar, last_week, span


def chosen_weeks(
    first_week: date, named: Sequence[str], last: int | None, first: str | None, to: str | None
) -> list[date]:
    """Return the chosen weeks in calendar order; an empty list if no option was given.

    Raises:
        CloudflixError: two options exclude each other, a date cannot be read, or the calendar lacks a week.
    """
    ways = [bool(named), last is not None, first is not None or to is not None]
    if sum(ways) > 1:
        raise CloudflixError("choose weeks in one way: --week, or --weeks, or --from and --to.")
    if last is not None:
        newest = last_week(first_week)
        return list(span(max(newest - WEEK * (last - 1), first_week), newest))
    if first is not None or to is not None:
        return _between(first_week, first, to)
    return sorted({_in_calendar(text, first_week) for text in named})


def weeks_to_run(
    first_week: date,
    named: Sequence[str],
    last: int | None,
    first: str | None,
    to: str | None,
    *,
    stale: bool,
) -> list[date]:
    """Return the chosen weeks; without a choice the last that has ended, or none if `stale`.

    Raises:
        CloudflixError: as in `chosen_weeks`.
    """
    chosen = chosen_weeks(first_week, named, last, first, to)
    return chosen or ([] if stale else [last_week(first_week)])


def told(weeks: Sequence[date], *, stale: bool) -> str:
    """Return a line about what running several weeks means; nothing where one or none was chosen."""
    if len(weeks) <= 1:
        return ""
    span = f"{len(weeks)} weeks, {weeks[0]} to {weeks[-1]}"
    what = f"Stale tables of {span}" if stale else f"{span}, run in turn"
    return f"{what}; Ctrl-C keeps what is done.\n"


def _between(first_week: date, first: str | None, to: str | None) -> list[date]:
    begin = _in_calendar(first, first_week) if first else first_week
    end = _in_calendar(to, first_week) if to else last_week(first_week)
    if begin > end:
        raise CloudflixError(f"--from {begin} is after --to {end}: exchange them.")
    return list(span(begin, end))


def day(text: str) -> date:
    """Parse a date.

    Raises:
        CloudflixError: the text is not a date.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CloudflixError(
            f"{text!r} is no date: write a week as its Monday, such as 2026-11-09."
        ) from None


def _in_calendar(text: str, first_week: date) -> date:
    return in_calendar(day(text), first_week, datetime.now(UTC))
