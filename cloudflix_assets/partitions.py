"""Weeks, each named by the Monday (UTC) on which it begins; it ends at the next Monday, 00:00.

They begin on Monday because ISO weeks, Spark's `date_trunc('week')` and Dagster's `day_offset=1` do.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from cloudflix_assets.errors import CloudflixError

WEEK = timedelta(days=7)


class UnknownWeek(CloudflixError):
    """The calendar does not have this week."""


def weekly(first_week: date) -> dg.WeeklyPartitionsDefinition:
    """Define the partitions: every week from `first_week` to the open one."""
    return dg.WeeklyPartitionsDefinition(start_date=first_week.isoformat(), day_offset=1, end_offset=1)


def last_ended(now: datetime) -> date:
    """The last week that has ended at `now`."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=today.weekday()) - WEEK


def open_week(now: datetime) -> date:
    """The week that contains `now`; a publication landed for it is provisional."""
    return last_ended(now) + WEEK


def in_calendar(week: date, first_week: date, now: datetime) -> date:
    """Return `week`, if the calendar has it.

    Raises:
        UnknownWeek: it is no Monday, lies before the first week, or has not begun.
    """
    if week.weekday() != 0:
        monday = week - timedelta(days=week.weekday())
        raise UnknownWeek(f"{week} is a {week:%A}; weeks begin on a Monday: did you mean {monday}?")
    if week < first_week:
        raise UnknownWeek(
            f"{week} is before the first week, {first_week}: choose a later one, or set CLOUDFLIX_FIRST_WEEK."
        )
    if week > open_week(now):
        raise UnknownWeek(f"the week {week} has not begun: the open one is {open_week(now)}.")
    return week


def span(first: date, last: date) -> Sequence[date]:
    """The weeks from `first` to `last`, both included."""
    return [first + WEEK * i for i in range((last - first) // WEEK + 1)]


def week_of(partition_key: str) -> date:
    """The week that a partition key names."""
    return date.fromisoformat(partition_key)


def last_week(first_week: date) -> date:
    """Return the last week that has ended.

    Raises:
        UnknownWeek: the calendar begins after it.
    """
    now = datetime.now(UTC)
    return in_calendar(last_ended(now), first_week, now)
