"""Why rows were refused: the first row of each reason for the web UI, the first values for a sentence.

The web UI gets a list and no table, because it shows it in a narrow column.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, get_args

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from cloudflix_assets.assets.description import record_name
from cloudflix_assets.assets.markdown import inert
from cloudflix_assets.assets.rule_texts import breaches
from cloudflix_assets.layouts.dates import date_reader
from spark.delivery.headers import shown
from spark.quality.rules import compiled
from spark.table import ADDRESS, Severity, Table
from spark.text import DateForm, day_first, readable

REASONS = 5
"""The most combinations of broken rules that are shown, the most frequent first."""

IN_PLACE = 999
"""The most characters of Markdown that Dagster shows in place; longer text is behind a link."""

LONGEST = 200
"""The most characters of an input row."""

VALUES = 3
"""The most values that a sentence shows for a rule."""

_READ, _NAMES, _LOOKED_AT = 2_000, 60, 50


class Examples(NamedTuple):
    """The reasons of a quarantine in Markdown: cut for the place that it is shown in, and with whole rows."""

    in_place: str | None = None
    whole: str | None = None


def examples(table: Table, quarantine: DataFrame | None) -> Examples:
    """Render the reasons of a quarantine, with one query.

    Args:
        table: that the quarantine belongs to.
        quarantine: its rows, None if there are none.
    """
    if quarantine is None:
        return Examples()
    first = F.struct(*ADDRESS, F.substring("record", 1, _READ).alias("record"))
    reasons = quarantine.groupBy("broken").agg(F.count("*").alias("rows"), F.min(first).alias("first"))
    found = reasons.orderBy(F.desc("rows"), "first").limit(REASONS).collect()
    words = breaches(table)
    reasons_of = [[words.get(rule, rule) for rule in row["broken"]] for row in found]
    heads = [
        _head(told, row["rows"], record_name(*row["first"][:2]))
        for told, row in zip(reasons_of, found, strict=True)
    ]
    width = min(LONGEST, IN_PLACE // len(heads) - max(len(head(_NAMES)) for head in heads) - len("``\n"))
    rows = [_telling(table, row["broken"], row["first"]["record"]) for row in found]
    cut, whole = (
        "\n".join(head(names) + inert(row, most) for head, row in zip(heads, rows, strict=True))
        for names, most in ((_NAMES, width), (_READ, 2 * _READ))
    )
    return Examples(cut, whole)


def first_values(table: Table, refused: DataFrame) -> dict[str, list[str]]:
    """Return, for each broken rule that does not only warn, its first values and where each was first.

    Args:
        table: that the rows were refused by.
        refused: the rows, in the columns of a quarantine.
    """
    rules = [rule.name for rule in compiled(table) if rule.severity is not Severity.WARN]
    first = Window.partitionBy("rule").orderBy(*ADDRESS)
    named = refused.withColumn("rule", F.explode("broken")).where(F.col("rule").isin(rules))
    numbered = named.withColumn("n", F.row_number().over(first)).where(F.col("n") <= _LOOKED_AT)
    found: dict[str, dict[str, str]] = {}
    rows = numbered.select("rule", "n", *ADDRESS, F.substring("record", 1, _READ)).collect()
    for rule, _, file, number, record in sorted(rows):
        place, value = record_name(file, number), value_of(rule, table, record)
        found.setdefault(rule, {}).setdefault(value, f"{value} in {place}" if value else place)
    return {rule: [*values.values()][:VALUES] for rule, values in found.items()}


def remedy(table: Table, values: Mapping[str, Sequence[str]]) -> str:
    """Return what would read the texts that could not be read, as an end of a sentence; empty without such.

    Args:
        table: that the rows were refused by.
        values: as `first_values` returns them.
    """
    columns = table.contract.to_schema().columns
    found: dict[str, str] = {}
    for rule, told in values.items():
        column = rule.partition(": ")[0]
        if rule not in (readable(column), day_first(column)) or column not in columns:
            continue
        texts = [text.rpartition(" in ")[0].strip("'") for text in told]
        forms = [form for form in get_args(DateForm) if all(map(date_reader([form]), texts))]
        if columns[column].dtype.type == T.DateType() and texts and len(forms) == 1:
            found[column] = f'date_in("{forms[0]}") reads such texts of {column}'
        else:
            found[column] = f"a layout can declare how {column} is written (docs/other-sources.md)"
    return f": {', and '.join(found.values())}" if found else ""


def value_of(rule: str, table: Table, record: str) -> str:
    """Return the value that broke a rule, as it was delivered; of a rule of the whole row, its key."""
    try:
        values = json.loads(record)
    except ValueError:  # cut, because it is long
        return ""
    column = rule.partition(": ")[0]
    names = [column] if column in table.contract.to_schema().columns else table.key
    return ", ".join(shown(str(values[name])) for name in names if name in values)


def _head(broken: Sequence[str], rows: int, record: str) -> Callable[[int], str]:
    """Return how a reason and its first record are shown, each cut to a number of characters."""
    counted = f"{rows:,} rows, the first" if rows > 1 else "1 row,"
    return lambda most: f"- **{inert('; '.join(broken), most)}**: {counted} {inert(record, most)}\\\n  "


def _telling(table: Table, broken: Sequence[str], record: str) -> str:
    """The row as JSON, with the columns of its broken rules and of its key first."""
    try:
        values = json.loads(record)
    except ValueError:  # cut, because it is long
        return record
    about = (*(rule.partition(": ")[0] for rule in broken), *table.key)
    telling = {name: values[name] for name in about if name in values}
    return json.dumps(telling | values, ensure_ascii=False)
