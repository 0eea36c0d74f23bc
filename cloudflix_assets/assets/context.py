"""The context that all steps share, made once in build.py."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.marker import Mode
from spark.table import Table


@dataclass(frozen=True)
class Context:
    """The lake, the engine and the settings that the steps of a lakehouse share.

    Args:
        lake: where tables are read and written.
        tables: every table, by identifier.
        weeks: the calendar, as partitions.
        engine: `sail`, `spark`, `connect` or `databricks`.
        mode: what happens to undeclared columns of a landed file.
        retries: the retry policy of steps; None where they run in this process.
        code_url: address of the code on the web, at a commit or branch; None to link to local files.
    """

    lake: Lake
    tables: Mapping[str, Table]
    weeks: dg.PartitionsDefinition[str]
    engine: str
    mode: Mode
    retries: dg.RetryPolicy | None = None
    code_url: str | None = None
