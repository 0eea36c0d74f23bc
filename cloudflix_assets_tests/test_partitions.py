"""The calendar: which weeks there are, which one ended last, and what a mistyped one is told."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from cloudflix_assets.partitions import UnknownWeek, in_calendar, last_ended, open_week, span, week_of, weekly

FIRST = date(2026, 1, 5)
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 23, 0, 0, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2026, 11, 29, 12, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2027, 1, 3, 23, 59, tzinfo=UTC), date(2026, 12, 21)),
        (datetime(2027, 1, 4, 0, 0, tzinfo=UTC), date(2026, 12, 28)),
        (datetime(2028, 3, 6, 0, 0, tzinfo=UTC), date(2028, 2, 28)),
        # Monday morning in Tokyo is Sunday in UTC, by which weeks are counted.
        (datetime(2026, 11, 23, 8, 59, tzinfo=TOKYO), date(2026, 11, 9)),
        (datetime(2026, 11, 23, 9, 0, tzinfo=TOKYO), date(2026, 11, 16)),
    ],
    ids=str,
)
def test_the_last_week_that_has_ended(now: datetime, week: date) -> None:
    """A week is over at Monday 00:00 UTC, not an hour earlier or a day later."""
    assert last_ended(now) == week
    assert open_week(now) == week + timedelta(days=7)


@pytest.mark.parametrize("week", [FIRST, date(2026, 11, 9), date(2026, 11, 16), date(2026, 11, 23)], ids=str)
def test_a_week_of_the_calendar_is_taken(week: date) -> None:
    assert in_calendar(week, FIRST, NOW) == week


@pytest.mark.parametrize(
    ("week", "sentence"),
    [
        (date(2026, 11, 10), "2026-11-10 is a Tuesday; weeks begin on a Monday: did you mean 2026-11-09?"),
        (date(2026, 11, 15), "2026-11-15 is a Sunday; weeks begin on a Monday: did you mean 2026-11-09?"),
        (
            date(2025, 12, 29),
            (
                "2025-12-29 is before the first week, 2026-01-05: "
                "choose a later one, or set CLOUDFLIX_FIRST_WEEK."
            ),
        ),
        (date(2026, 11, 30), "the week 2026-11-30 has not begun: the open one is 2026-11-23."),
        (date(2027, 1, 4), "the week 2027-01-04 has not begun: the open one is 2026-11-23."),
    ],
    ids=str,
)
def test_a_week_that_is_none_is_refused_with_the_remedy(week: date, sentence: str) -> None:
    """Dagster's own answer to an unknown partition names neither."""
    with pytest.raises(UnknownWeek) as refused:
        in_calendar(week, FIRST, NOW)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("first", "last", "weeks"),
    [
        (date(2026, 11, 9), date(2026, 11, 9), ["2026-11-09"]),
        (date(2026, 12, 21), date(2027, 1, 4), ["2026-12-21", "2026-12-28", "2027-01-04"]),
        (date(2026, 11, 16), date(2026, 11, 9), []),
    ],
    ids=str,
)
def test_a_span_holds_both_its_ends(first: date, last: date, weeks: list[str]) -> None:
    """Off by one at either end, or at the turn of the year."""
    assert [str(week) for week in span(first, last)] == weeks


def test_dagster_names_the_same_weeks() -> None:
    """Two calendars that differ by a day would read each other's partitions as absent."""
    keys = weekly(FIRST).get_partition_keys(current_time=NOW)
    assert [week_of(key) for key in keys] == span(FIRST, open_week(NOW))


def test_a_partition_lasts_from_monday_to_monday() -> None:
    """`day_offset=1` is Monday; 0 would be Sunday."""
    window = weekly(FIRST).time_window_for_partition_key("2026-11-09")
    assert window.start.replace(tzinfo=UTC) == datetime(2026, 11, 9, tzinfo=UTC)
    assert window.end - window.start == timedelta(days=7)
