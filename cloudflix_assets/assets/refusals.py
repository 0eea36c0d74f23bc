"""Why rows were refused, as Markdown for the web UI: how many for each reason, and the first of them.

A list and no table: the web UI gives it a narrow column.
"""

import json
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.assets.description import record_name
from cloudflix_assets.assets.markdown import inert
from spark.table import ADDRESS, Table

REASONS = 5
"""Combinations of broken rules that are shown, the most frequent first."""

IN_PLACE = 999
"""Characters up to which Dagster shows Markdown in place, and not behind a link."""

LONGEST = 200
"""Characters of an input row."""

_READ, _NAMES = 2_000, 60


def examples(table: Table, quarantine: DataFrame) -> str:
    """The reasons in a quarantine that holds rows; one small query over it."""
    first = F.struct(*ADDRESS, F.substring("record", 1, _READ).alias("record"))
    reasons = quarantine.groupBy("broken").agg(F.count("*").alias("rows"), F.min(first).alias("first"))
    found = reasons.orderBy(F.desc("rows"), "first").limit(REASONS).collect()
    heads = [_head(row["broken"], row["rows"], record_name(*row["first"][:2])) for row in found]
    width = min(LONGEST, IN_PLACE // len(heads) - max(map(len, heads)) - len("``\n"))
    rows = [inert(_telling(table, row["broken"], row["first"]["record"]), width) for row in found]
    return "\n".join(map("".join, zip(heads, rows, strict=True)))


def _head(broken: Sequence[str], rows: int, record: str) -> str:
    counted = f"{rows:,} rows, the first" if rows > 1 else "1 row,"
    return f"- **{inert('; '.join(broken), _NAMES)}**: {counted} {inert(record, _NAMES)}\\\n  "


def _telling(table: Table, broken: Sequence[str], record: str) -> str:
    """The row, with what its broken rules and its key are about in front."""
    try:
        values = json.loads(record)
    except ValueError:  # cut, because it is long
        return record
    about = (*(rule.partition(": ")[0] for rule in broken), *table.key)
    telling = {name: values[name] for name in about if name in values}
    return json.dumps(telling | values, ensure_ascii=False)
