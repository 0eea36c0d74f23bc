"""Truth tables of the column helpers: what counts as blank, as a number, as a date."""

from collections.abc import Callable, Mapping
from datetime import date

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from spark.text import date_in, long_number, number, tidy

pytestmark = pytest.mark.both_engines

TIDY = {
    None: None,
    "": None,
    " ": None,
    "\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\t\r\n": None,
    "A Title": "A Title",
    "  A   Title  ": "A Title",
    "A\N{NO-BREAK SPACE}Title\N{NO-BREAK SPACE}": "A Title",
    "A\r\nTitle\n": "A Title",
    "A\tTitle": "A Title",
    "A\vTitle\f": "A Title",
    "A\x85Title": "A Title",
    "A\N{EM SPACE}\N{IDEOGRAPHIC SPACE}Title": "A Title",
    "A\N{LINE SEPARATOR}Title\N{PARAGRAPH SEPARATOR}": "A Title",
    "\N{ZERO WIDTH SPACE}A\N{ZERO WIDTH NON-JOINER}B\N{ZERO WIDTH JOINER}C": "ABC",
    "\N{ZERO WIDTH NO-BREAK SPACE}A\N{WORD JOINER}B": "AB",
    "A \N{ZERO WIDTH SPACE} B": "A B",
    "😀 née": "😀 née",
    '"A"': '"A"',
    "$1 \\1": "$1 \\1",
    "null": "null",
}

NUMBER = {
    None: None,
    "": None,
    "0": 0,
    "12": 12,
    " 12 ": 12,
    "\N{NO-BREAK SPACE}12\n": 12,
    "\N{ZERO WIDTH SPACE}12": 12,
    "007": 7,
    "-5": -5,
    "-0": 0,
    "2147483647": 2147483647,
    "-2147483648": -2147483648,
    "+5": None,
    "--5": None,
    "-": None,
    "1 2": None,
    "1.0": None,
    "1.9": None,
    ".5": None,
    "1,000": None,
    "1_000": None,
    "1e3": None,
    "0x1F": None,
    "12L": None,
    "NaN": None,
    "٣": None,
    "\N{FULLWIDTH DIGIT ONE}2": None,
    "90 min": None,
    "1\n2": None,
}

ONLY_LONG = {
    "2147483648": 2147483648,
    "-2147483649": -2147483649,
    "99999999999": 99999999999,
    "999999999999999999": 999999999999999999,
}
TOO_LONG = {"9999999999999999999": None, "123456789012345678901234567890": None}

DATES = {
    None: None,
    "": None,
    "9/30/2019": date(2019, 9, 30),
    " 9/30/2019\n": date(2019, 9, 30),
    "09/03/2019": date(2019, 9, 3),
    "12/31/9999": date(9999, 12, 31),
    "1/1/1000": date(1000, 1, 1),
    "2/29/2020": date(2020, 2, 29),
    "2/29/2019": None,
    "2/29/1900": None,
    "2/30/2019": None,
    "9/31/2019": None,
    "13/1/2019": None,
    "0/1/2019": None,
    "1/0/2019": None,
    "1/1/0000": None,
    "9/30/19": None,
    "9/30/20190": None,
    "+9/30/2019": None,
    "-9/30/2019": None,
    "9/30/2019x": None,
    "9/30/2019 10:00": None,
    "9 / 30 / 2019": None,
    "9-30-2019": None,
    "2019-09-30": None,
    "September 30, 2019": None,
}


DAYS_FIRST = {
    "30/9/2019": date(2019, 9, 30),
    "2/9/2019": date(2019, 9, 2),
    "9/30/2019": None,
    "29/2/2019": None,
    "30/9/19": None,
}

ISO = {
    "2021-09-25": date(2021, 9, 25),
    "2021-9-25": None,
    "2021-02-29": None,
    "2021-09-25T00:00": None,
    "0021-09-25": None,
}

IN_WORDS = {
    "September 25, 2021": date(2021, 9, 25),
    "May 5, 2021": date(2021, 5, 5),
    "February 29, 2021": None,
    "Sep 25, 2021": None,
    "Sep 5, 2021": None,
    "25-September-21": None,
    "september 25, 2021": None,
    "September 25 2021": None,
    "25 September, 2021": None,
}


def tidied(parse: Callable[[Column], Column]) -> Callable[[Column], Column]:
    """Return a parser that tidies text before, as `typed` does."""
    return lambda text: parse(tidy(text))


@pytest.mark.parametrize(
    ("helper", "table"),
    [
        (tidy, TIDY),
        (tidied(number), NUMBER | dict.fromkeys(ONLY_LONG) | TOO_LONG),
        (tidied(long_number), NUMBER | ONLY_LONG | TOO_LONG),
        (tidied(date_in("M/d/yyyy")), DATES),
        (tidied(date_in("d/M/yyyy")), DAYS_FIRST),
        (tidied(date_in("yyyy-MM-dd")), ISO),
        (tidied(date_in("MMMM d, yyyy")), IN_WORDS),
    ],
    ids=["tidy", "number", "long_number", "M/d/yyyy", "d/M/yyyy", "yyyy-MM-dd", "MMMM d, yyyy"],
)
def test_truth_table(
    spark_session: SparkSession, helper: Callable[[Column], Column], table: Mapping[str | None, object]
) -> None:
    """Text that is not plainly a value of the type must be null, on every engine."""
    assert answers(spark_session, helper, table) == table


RAW = ["12\n", " 12", "12\N{NO-BREAK SPACE}", "9/30/2019\n", " 9/30/2019"]


@pytest.mark.parametrize("helper", [number, long_number, date_in("M/d/yyyy")])
def test_untidy_text_is_not_read(spark_session: SparkSession, helper: Callable[[Column], Column]) -> None:
    """A pattern that ends in `$` would accept a final line break on one engine only."""
    assert answers(spark_session, helper, dict.fromkeys(RAW)) == dict.fromkeys(RAW)


@pytest.mark.parametrize(
    ("helper", "text", "type_"),
    [(number, "1", "int"), (long_number, "1", "bigint"), (date_in("M/d/yyyy"), "", "date")],
)
def test_types_are_those_of_the_contract(
    spark_session: SparkSession, helper: Callable[[Column], Column], text: str, type_: str
) -> None:
    """A bigint in an integer column would change the digest's schema."""
    frame = spark_session.createDataFrame([(text,)], "text string").select(
        helper(F.col("text")).alias("value")
    )
    assert frame.schema["value"].dataType.simpleString() == type_


def answers(
    session: SparkSession, helper: Callable[[Column], Column], texts: Mapping[str | None, object]
) -> dict[str | None, object]:
    """Evaluate a helper for each text, in one query."""
    frame = session.createDataFrame([(text,) for text in texts], "text string")
    rows = frame.select("text", helper(F.col("text")).alias("value")).collect()
    return {row["text"]: row["value"] for row in rows}
