"""Why rows were quarantined, as Markdown for the web UI: per reason the number of rows and the first row.

It is a list and no table, because the web UI shows it in a narrow column.
"""

import json
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from cloudflix_assets.assets.description import record_name
from cloudflix_assets.assets.markdown import inert
from spark.table import ADDRESS, Table

REASONS = 5
"""The most combinations of broken rules that are shown, the most frequent first."""

IN_PLACE = 999
"""The most characters of Markdown that Dagster shows in place; longer text is behind a link."""

LONGEST = 200
"""The most characters of an input row."""

_READ, _NAMES = 2_000, 60


def examples(table: Table, quarantine: DataFrame) -> str:
    """Render the reasons of a quarantine that is not empty, with one query.

    Args:
        table: that the quarantine belongs to.
        quarantine: its rows.
    """
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
    """The row as JSON, with the columns of its broken rules and of its key first."""
    try:
        values = json.loads(record)
    except ValueError:  # cut, because it is long
        return record
    about = (*(rule.partition(": ")[0] for rule in broken), *table.key)
    telling = {name: values[name] for name in about if name in values}
    return json.dumps(telling | values, ensure_ascii=False)
