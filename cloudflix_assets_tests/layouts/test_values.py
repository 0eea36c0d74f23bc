"""What a field means by the form of its column: the text that silver reads."""

from typing import Any

import pytest
from pydantic import ValidationError

from cloudflix_assets.layouts.values import UNFIT, ColumnForm

MINUTES = {"pattern": r"(\d+) min", "otherwise": r"\d+ Seasons?"}
CASES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "minutes": (
        MINUTES,
        {
            "90 min": "90",
            "  90  min ": "90",
            "90\N{NO-BREAK SPACE}min": "90",
            "1 Season": "",
            "2 Seasons": "",
            "": "",
            " ": "",
            "90 mins": "90 mins",
            "ninety": "ninety",
            "90": f"90{UNFIT}",
            "-90": f"-90{UNFIT}",
        },
    ),
    "ids": ({"pattern": r"s(\d+)"}, {"s1": "1", "s0012": "0012", "1": f"1{UNFIT}", "x1": "x1", "": ""}),
    "an optional group": ({"pattern": r"(\d+)? ?min"}, {"90 min": "90", "min": ""}),
    "dates": (
        {"dates": ("MMMM d, yyyy", "d-MMM-yy")},
        {
            " August 4, 2017": "8/4/2017",
            "August  4,\n2017": "8/4/2017",
            "4-Aug-17": "8/4/2017",
            "August 32, 2017": "August 32, 2017",
            "8/4/2017": f"8/4/2017{UNFIT}",
            "": "",
        },
    ),
    "days first": ({"dates": ("d/M/yyyy",)}, {"30/9/2019": "9/30/2019", "9/30/2019": f"9/30/2019{UNFIT}"}),
    "a date inside": ({"pattern": "added (.+)", "dates": ("yyyy-MM-dd",)}, {"added 2019-09-30": "9/30/2019"}),
    "nulls": (
        {"nulls": ("NULL", "Not Given")},
        {"NULL": "", " NULL ": "", "Not Given": "", "null": "null", "Nullify": "Nullify"},
    ),
    "decimal comma": (
        {"decimal": ","},
        {
            "90": "90",
            "90,0": "90",
            "90,50": "90.5",
            "1.234,5": "1234.5",
            "81.145.601": "81145601",
            "-1,5": "-1.5",
            "1.5": "1.5",
            "1.23.456": "1.23.456",
            "9,": "9,",
        },
    ),
    "decimal point": ({"decimal": "."}, {"90.0": "90", "81,145,601": "81145601", "1,5": "1,5"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_field_means_what_its_form_says(name: str) -> None:
    """What does not fit stays as it is, and silver must not read it as another value."""
    form, expected = CASES[name]
    read = ColumnForm(**form).reader()
    assert read is not None
    assert {text: read(text) for text in expected} == expected


@pytest.mark.parametrize("form", [{}, {"from": "duration"}, {"separator": ","}], ids=str)
def test_without_a_form_nothing_is_read(form: dict[str, str]) -> None:
    """White space of a description is part of it."""
    assert ColumnForm(**form).reader() is None


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an open bracket": ({"pattern": "(a"}, "is no regular expression: missing )"),
    "no group": ({"pattern": "a"}, "has 0 groups: put brackets around the part to read, and (?:…) elsewhere"),
    "two groups": ({"pattern": "(a)(b)"}, "has 2 groups"),
    "otherwise": ({"otherwise": "["}, "is no regular expression"),
    "a date": ({"dates": ("dd/MM",)}, "needs one day"),
    "a date and a number": ({"dates": ("d/M/yyyy",), "decimal": ","}, "has dates and decimal"),
    "no separator": ({"separator": ""}, "at least 1 character"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_form_that_cannot_be_is_refused(name: str) -> None:
    """It would be met in the middle of a file, by one record."""
    form, sentence = REFUSED[name]
    with pytest.raises(ValidationError) as refused:
        ColumnForm(**form)
    assert sentence in str(refused.value)
