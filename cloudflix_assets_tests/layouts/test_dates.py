"""Dates by patterns: what each reads, and which patterns are refused."""

import re
from datetime import date

import pytest

from cloudflix_assets.layouts.dates import date_reader

DAY = date(2019, 9, 9)
READ = {
    "MMMM d, yyyy": {
        "September 9, 2019": DAY,
        "september 09, 2019": DAY,
        "May 9, 2019": date(2019, 5, 9),
        "Sep 9, 2019": None,
        "September 31, 2019": None,
        "September 9 2019": None,
        "xSeptember 9, 2019": None,
        "September ٩, 2019": None,
    },
    "MMM d, yyyy": {"Sep 9, 2019": DAY, "SEP 9, 2019": DAY, "September 9, 2019": None, "Sept 9, 2019": None},
    "d-MMM-yy": {
        "9-Sep-19": DAY,
        "09-Sep-19": DAY,
        "9-Sep-68": date(2068, 9, 9),
        "9-Sep-69": date(1969, 9, 9),
        "29-Feb-19": None,
        "9-Sep-2019": None,
    },
    "d/M/yyyy": {"9/9/2019": DAY, "30/9/2019": date(2019, 9, 30), "9/30/2019": None, "9/9/0019": None},
    "dd.MM.yyyy": {"09.09.2019": DAY, "9.9.2019": None, "09x09x2019": None},
    "yyyy-MM-dd": {"2019-09-09": DAY, "2019-9-9": None, "2019-02-29": None, "": None},
    "yyyyMMdd": {"20190909": DAY, "2019099": None},
}


@pytest.mark.parametrize("pattern", READ)
def test_a_pattern_reads_its_own_dates_and_no_other(pattern: str) -> None:
    """A text that is read as a day that was not meant is told by nobody."""
    read = date_reader([pattern])
    assert {text: read(text) for text in READ[pattern]} == READ[pattern]


def test_the_first_pattern_that_fits_counts() -> None:
    """A file in which people wrote by hand has several forms."""
    read = date_reader(["MMMM d, yyyy", "d-MMM-yy", "yyyy-MM-dd", "d-M-yyyy"])
    texts = ("September 9, 2019", "9-Sep-19", "2019-09-09", "9-9-2019")
    assert [read(text) for text in texts] == [DAY] * 4
    assert read("9/9/2019") is None


REFUSED = {
    ("MMMM d",): "has MMMM d, which needs one day (d), one month (M) and one year (y)",
    ("d/d/M/yyyy",): "needs one day",
    ("Mmm d, yyyy",): "has Mmm d, yyyy, and mm is none of MMMM, MMM, MM, M, dd, d, yyyy, yy",
    ("DD/MM/YYYY",): "DD is none of",
    ("yyyy-MM-ddTHH:mm",): "THH is none of",
    ("yyyMMdd",): "yyy is none of",
    ("dMyyyy",): "has dMyyyy: write MM and dd where nothing stands between the numbers",
    ("M/d/yyyy", "dd/MM/yyyy"): "has M/d/yyyy and dd/MM/yyyy, which read the same text as different days",
    ("yy-M-d", "yyyy-MM-dd", "d-M-yy"): "has yy-M-d and d-M-yy",
    ("yyyyMMdd", "ddMMyyyy"): "has yyyyMMdd and ddMMyyyy",
}


@pytest.mark.parametrize("patterns", REFUSED, ids=str)
def test_what_is_no_pattern_or_could_be_two_days_is_refused(patterns: tuple[str, ...]) -> None:
    """Whichever came first would win, in silence."""
    with pytest.raises(ValueError, match=re.escape(REFUSED[patterns])):
        date_reader(patterns)
