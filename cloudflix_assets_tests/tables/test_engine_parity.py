"""What the two engines answer to the same expression, written down, so that a version bump shows what moved.

`spark/` stays inside what is `AGREED`; docs/architecture.md tells what to write instead of what `DIFFERS`.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from cloudflix_assets.settings.environment import Environment

pytestmark = pytest.mark.both_engines

REFUSED = "the engine refuses it"
NBSP = r"decode(X'C2A0','utf-8')"
ZERO_WIDTH = r"decode(X'E2808B','utf-8')"

# name: (expression, what both engines answer)
AGREED: dict[str, tuple[str, Any]] = {
    "trim keeps NBSP": (f"length(trim(concat({NBSP}, 'b')))", 2),
    "trim keeps tabs and line breaks": (r"length(trim('\tb\n'))", 3),
    "[\\p{Z}\\s] holds NBSP": (rf"regexp_replace(concat('a', {NBSP}, 'b'), '[\\p{{Z}}\\s]+', ' ')", "a b"),
    "[\\p{Z}\\s] holds line breaks": (r"regexp_replace('a\r\n\tb', '[\\p{Z}\\s]+', ' ')", "a b"),
    "[\\p{Z}\\s\\x85] holds NEL": (
        r"regexp_replace(decode(X'61C28562','utf-8'), '[\\p{Z}\\s\\x85]+', ' ')",
        "a b",
    ),
    "zero width written out": (
        rf"regexp_replace(concat('a', {ZERO_WIDTH}), '[\\u200B-\\u200D\\u2060\\uFEFF]', '')",
        "a",
    ),
    "word border at accents": (r"regexp_replace('née x', '\\b', '|')", "|née| |x|"),
    "dot stops at a line break": (r"'a\nb' rlike 'a.b'", False),
    "\\z is the very end": (r"'a\n' rlike 'a\\z'", False),
    "lower of İ": ("lower('İ')", "i̇"),
    "upper of ß": ("upper('ß')", "SS"),
    "length of an emoji": ("length('😀')", 1),
    "substring after an emoji": ("substring('😀ab', 1, 2)", "😀a"),
    "int of blanks around": ("try_cast(' 12 ' as int)", 12),
    "int of tab and line break around": (r"try_cast('\t12\n' as int)", 12),
    "int of NBSP before": (f"try_cast(concat({NBSP}, '12') as int)", None),
    "int of 1.0": ("try_cast('1.0' as int)", None),
    "int of 1.9": ("try_cast('1.9' as int)", None),
    "int of 1e3": ("try_cast('1e3' as int)", None),
    "int of +5": ("try_cast('+5' as int)", 5),
    "int of 1_000": ("try_cast('1_000' as int)", None),
    "int of nothing": ("try_cast('' as int)", None),
    "int of too much": ("try_cast('99999999999' as int)", None),
    "int of .5": ("try_cast('.5' as int)", None),
    "int of 5.": ("try_cast('5.' as int)", None),
    "bigint of 12L": ("try_cast('12L' as bigint)", None),
    "double of 1e400": ("try_cast('1e400' as double)", float("inf")),
    "double of inf": ("try_cast('inf' as double)", float("inf")),
    "date 2/30": ("cast(try_to_timestamp('2/30/2019', 'M/d/yyyy') as date)", None),
    "date 02/03": ("cast(try_to_timestamp('02/03/2019', 'M/d/yyyy') as date)", date(2019, 2, 3)),
    "date after a blank": ("cast(try_to_timestamp(' 2/3/2019', 'M/d/yyyy') as date)", None),
    "date before a blank": ("cast(try_to_timestamp('2/3/2019 ', 'M/d/yyyy') as date)", None),
    "date of two year digits": ("cast(try_to_timestamp('2/3/19', 'M/d/yyyy') as date)", None),
    "date before a letter": ("cast(try_to_timestamp('2/3/2019x', 'M/d/yyyy') as date)", None),
    "date of five year digits": ("cast(try_to_timestamp('2/3/20190', 'M/d/yyyy') as date)", None),
    "date of month 0": ("cast(try_to_timestamp('0/3/2019', 'M/d/yyyy') as date)", None),
    "date of month 13": ("cast(try_to_timestamp('13/1/2019', 'M/d/yyyy') as date)", None),
    "date of +2": ("cast(try_to_timestamp('+2/3/2019', 'M/d/yyyy') as date)", None),
    "date of 2019-2-3": ("try_cast('2019-2-3' as date)", date(2019, 2, 3)),
    "date of 2019": ("try_cast('2019' as date)", date(2019, 1, 1)),
    "split with a limit": ("split('a:b:c', ':', 2)", ["a", "b:c"]),
    "split keeps trailing nothing": ("split('a::', ':')", ["a", "", ""]),
    "split of nothing": ("split('', ':')", [""]),
    "concat_ws skips null": ("concat_ws(',', 'a', null, 'b')", "a,b"),
    "array_sort puts null last": ("array_sort(array('b', null, 'a'))", ["a", "b", None]),
    "array_sort by code point": ("array_sort(array('é', 'z', 'Z', 'a'))", ["Z", "a", "z", "é"]),
    "array_compact": ("array_compact(array('b', null, 'a'))", ["b", "a"]),
    "get beyond the end": ("get(array('a'), 1)", None),
    "round of a decimal": ("round(2.5)", Decimal(3)),
    "average": ("(select cast(avg(x) as string) from values (1), (2), (2) t(x))", "1.6666666666666667"),
    "integer division": ("7 div -2", -3),
    "modulo": ("-7 % 3", -1),
    "text of 0.1 + 0.2": ("cast(0.1D + 0.2D as string)", "0.30000000000000004"),
    "text of a decimal": ("cast(cast(1.50 as decimal(10,2)) as string)", "1.50"),
    "greatest skips null": ("greatest(1, null, 3)", 3),
    "levenshtein": ("levenshtein('a', 'ab')", 1),
    "to_json leaves null out": ("to_json(named_struct('a', 1, 'b', cast(null as string)))", '{"a":1}'),
    "to_json of an array": ("""to_json(array('a', null, 'é"'))""", '["a",null,"é\\""]'),
    "to_json of NBSP and emoji": (
        f"to_json(named_struct('a', concat({NBSP}, '😀/')))",
        '{"a":"\N{NO-BREAK SPACE}😀/"}',
    ),
    "xxhash64 of text": ("xxhash64('é')", 2065146811275570100),
    "xxhash64 of null flags": ("xxhash64(true, 1, false, cast(null as int))", -6811683978196823386),
    "xxhash64 skips null": ("xxhash64(90, null) = xxhash64(null, 90)", True),
    "xxhash64 of an array": ("xxhash64(size(array('a')), array('a'))", 8205864924878002737),
    "xxhash64 of -0.0": ("xxhash64(-0.0D)", -5252525462095825812),
    "xxhash64 of NaN": ("xxhash64(cast('nan' as double))", -3127944061524951246),
    "xxhash64 of a timestamp": ("xxhash64(timestamp'2026-01-01 00:00:00')", 2263591397823335172),
    "xxhash64 of a date": ("xxhash64(cast('2020-02-29' as date))", 4513731581078689977),
    "xxhash64 of a short decimal": ("xxhash64(cast(1.5 as decimal(18,2)))", -6873856301616164681),
    "xxhash64 of a struct": ("xxhash64(struct(1, 'a'))", 8205864924878002737),
    "xxhash64 of bytes": ("xxhash64(X'00FF')", 879945414100663330),
    "xxhash64 of a float": ("xxhash64(cast(1.5 as float))", 6163473420726370430),
}

# name: (expression, what Sail answers, what Spark answers)
DIFFERS: dict[str, tuple[str, Any, Any]] = {
    "\\s and NBSP": (
        rf"regexp_replace(concat('a', {NBSP}, 'b'), '\\s+', ' ')",
        "a b",
        "a\N{NO-BREAK SPACE}b",
    ),
    "\\s and NEL": (r"decode(X'C285','utf-8') rlike '\\s'", True, False),
    ". and CR": (r"'a\rb' rlike 'a.b'", True, False),
    "\\Z": (r"'a\n' rlike 'a\\Z'", REFUSED, True),
    "(?i) and accents": ("'É' rlike '(?i)é'", True, False),
    "back-reference": (r"'aa' rlike '(a)\\1'", REFUSED, True),
    "\\w and accents": (r"'é' rlike '^\\w+$'", True, False),
    "\\d and Arabic digits": (r"'٣' rlike '^\\d+$'", True, False),
    "lookahead": ("'ab' rlike 'a(?=b)'", REFUSED, True),
    "lookbehind": ("'ab' rlike '(?<=a)b'", REFUSED, True),
    "$ before a final line break": (r"'a\n' rlike 'a$'", False, True),
    "initcap": ("initcap('o''neil jean-luc')", "Oneil Jean-Luc", "O'neil Jean-luc"),
    "bround": ("bround(2.5)", 3.0, Decimal(2)),
    "round of a double": ("round(1.005D, 2)", 1.0, 1.01),
    "text of a double": ("cast(1e7D as string)", "10000000.0", "1.0E7"),
    "double of 1d": ("try_cast('1d' as double)", None, 1.0),
    "date of a date and time": ("try_cast('2019-02-03T10:00' as date)", None, date(2019, 2, 3)),
    "xxhash64 of a long decimal": (
        "xxhash64(cast(12345678901234567890.5 as decimal(38,2)))",
        2165063127383545625,
        1168025581587439335,
    ),
    "to_json of a timestamp": (
        "to_json(named_struct('a', timestamp'2026-01-01 00:00:00.123456'))",
        '{"a":"2026-01-01T00:00:00.123456Z"}',
        '{"a":"2026-01-01T00:00:00.123Z"}',
    ),
    "to_json of a decimal": (
        "to_json(named_struct('a', cast(1.5 as decimal(10,4))))",
        '{"a":1.5}',
        '{"a":1.5000}',
    ),
    "to_json of a control character": (
        "to_json(named_struct('a', decode(X'1F', 'utf-8')))",
        '{"a":"\\u001f"}',
        '{"a":"\\u001F"}',
    ),
    "to_json asked for null": (
        "to_json(named_struct('a', cast(null as string)), map('ignoreNullFields', 'false'))",
        "{}",
        '{"a":null}',
    ),
}


@pytest.mark.parametrize(("expression", "value"), AGREED.values(), ids=AGREED)
def test_the_engines_agree(spark_session: SparkSession, expression: str, value: object) -> None:
    """`spark/` builds on these: when one moves, the digests of a lake may move with it."""
    assert answer(spark_session, expression) == value


@pytest.mark.parametrize(("expression", "sail", "spark"), DIFFERS.values(), ids=DIFFERS)
def test_the_engines_differ(
    spark_session: SparkSession, expression: str, sail: object, spark: object
) -> None:
    """When one of these comes to agree, its ban may go; when it answers something new, ours must know."""
    expected = {"sail": sail, "spark": spark}[Environment().engine]
    assert answer(spark_session, expression) == expected


def answer(session: SparkSession, expression: str) -> object:
    """Evaluate an expression with the engine."""
    try:
        return session.sql(f"select {expression}").collect()[0][0]
    except PySparkException as error:
        if "regular expression" in str(error).lower():
            return REFUSED
        raise
