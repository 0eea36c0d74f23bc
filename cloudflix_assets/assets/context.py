"""What every step is given, beside its table: made once, in build.py."""

from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from cloudflix_assets.lake.base import Lake
from spark.delivery.headers import Drift
from spark.table import Table


@dataclass(frozen=True)
class Context:
    """The lakehouse as a step sees it.

    Args:
        lake: where tables are read and written.
        tables: all of them, by identifier.
        weeks: the calendar.
        engine: who computes: `sail`, `spark`, `connect` or `databricks`.
        drift: what undeclared columns of a landed file do.
        retries: how often a step is tried again; None where it runs in this process.
        code_url: where the code can be read on the web, as of a commit or a branch; None for local files.
    """

    lake: Lake
    tables: Mapping[str, Table]
    weeks: dg.PartitionsDefinition[str]
    engine: str
    drift: Drift
    retries: dg.RetryPolicy | None = None
    code_url: str | None = None
