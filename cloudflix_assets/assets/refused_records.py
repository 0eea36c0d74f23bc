"""The records for which a week was refused, as a file of the lake: no table holds them."""

import json
from datetime import date

from pyspark.sql import DataFrame

from cloudflix_assets.assets.description import record_name
from cloudflix_assets.assets.refusals import value_of
from cloudflix_assets.assets.rule_texts import breaches
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing.rejected import REFUSED
from spark.quality.rules import compiled
from spark.table import ADDRESS, Severity, Table


def write(lake: Lake, table: Table, week: date, refused: DataFrame) -> str:
    """Write a JSON line per refused record, in their order, in place of those of the last attempt.

    A line has the delivered file and number, the landed file, each rule that refuses the record with what is
    wrong and the value, and the fields as the table read them.

    Args:
        lake: to write to.
        table: that refused the week.
        week: that was refused.
        refused: the records, in the columns of a quarantine.

    Returns:
        The file's address.
    """
    words = breaches(table)
    rules = [rule.name for rule in compiled(table) if rule.severity is not Severity.WARN]
    path = _path(table, week)
    with lake.write_locally(path) as target, target.open("w", encoding="utf-8") as lines:
        for file, number, record, broken in refused.orderBy(*ADDRESS).toLocalIterator():
            told = {
                "record": record_name(file, number),
                "landed": f"raw/{file}",
                "broken": [
                    {"rule": rule, "what": words[rule], "value": value_of(rule, table, record)}
                    for rule in broken
                    if rule in rules
                ],
                "fields": json.loads(record),
            }
            lines.write(f"{json.dumps(told, ensure_ascii=False)}\n")
    return lake.uri(path)


def remove(lake: Lake, table: Table, week: date) -> None:
    """Remove the records of the last refused attempt at a week that is published now."""
    lake.remove_file(_path(table, week))


def _path(table: Table, week: date) -> str:
    return f"{REFUSED}/{table.path}/{week}.jsonl"
