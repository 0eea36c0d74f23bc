"""What lies upstream of a step: whether it still is what was judged, and is as new as it should be."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache

import dagster as dg
from pyspark.sql import SparkSession

from cloudflix_assets.assets.context import Context
from cloudflix_assets.assets.description import derived_from
from cloudflix_assets.assets.receipts import Receipt, receipt_of, refuse_damaged
from cloudflix_assets.delta import read as delta
from cloudflix_assets.delta.log import commit_metadata
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing import rejected
from cloudflix_assets.landing.manifest import Manifest, ManifestDamaged
from cloudflix_assets.names import asset_key
from cloudflix_assets.partitions import WEEK
from spark.bronze import evolved
from spark.quality.rules import fields
from spark.table import PUBLICATION, Table

NAME = "week_before"


class WeekAltered(CloudflixError):
    """A week of a table holds other rows than those that were judged."""


@dataclass(frozen=True)
class Input:
    """A week of a table that a step reads, and its receipt."""

    table: Table
    week: date
    receipt: Receipt | None


def inputs_of(context: Context, table: Table, week: date) -> list[Input]:
    """Return the weeks of tables that a step reads, with their receipts."""
    wanted = [(context.tables[w.table], w.weeks_back) for w in table.read if w.table != PUBLICATION]
    weeks = [(parent, week - back * WEEK) for parent, back in wanted]
    return [Input(parent, of, receipt_of(context.lake, parent.path, of)) for parent, of in weeks]


def digests(context: Context, table: Table, week: date, inputs: Sequence[Input]) -> dict[str, str]:
    """Return the digests of what a step reads of its own week, as it was judged, by table."""
    found = {
        read.table.path: read.receipt.verdict.digest for read in inputs if read.receipt and read.week == week
    }
    if any(wanted.table == PUBLICATION for wanted in table.read):
        with suppress(ManifestDamaged):
            manifest = Manifest.of(context.lake, week)
            found[PUBLICATION] = manifest.digest if manifest else ""
    return found


def refuse_altered(lake: Lake, session: SparkSession, inputs: Sequence[Input]) -> None:
    """Refuse weeks that a step reads and that are not as they were judged: damaged, or written to by others.

    Other files with the same rows are no reason: a table may be compacted.

    Raises:
        WeekAltered: another tool wrote other rows.
        FileDamaged: a file has other bytes.
    """
    for read in inputs:
        path, week = read.table.path, read.week
        refuse_damaged(lake, path, week, read.receipt)
        if _is_altered(lake, session, read):
            raise WeekAltered(
                f"{path}, week {week}, holds other rows than were judged, because another tool wrote to it: "
                f"restore them with `cloudflix run --week {week} --select {path}`, then rerun."
            )


def _is_altered(lake: Lake, session: SparkSession, read: Input) -> bool:
    """Whether a week holds other rows than its receipt says, or without one its commit."""
    path, week, receipt = read.table.path, read.week, read.receipt
    stored = open_cached(lake, path)
    if stored is None or not delta.holds(lake, path, week):
        return False
    files = delta.files_of_week(stored, path, week)
    if receipt and receipt.files is not None and {file.path for file in files} == set(receipt.files):
        return False
    told = commit_metadata(lake, path, week)
    columns = receipt.columns if receipt else told.get("columns", ())
    digest = receipt.verdict.digest if receipt else told.get("digest")
    judged = fields(evolved(read.table, columns) if read.table.first.as_records else read.table)
    return digest is not None and delta.digest_of_files(lake, session, files, judged) != digest


def checks(table: Table, weeks: dg.PartitionsDefinition[str]) -> list[dg.AssetCheckSpec]:
    """Declare the check `week_before`, which a table has that reads an earlier week."""
    text = "The week before is there, and as new as what was delivered for it."
    spec = dg.AssetCheckSpec(NAME, asset=asset_key(table.path), partitions_def=weeks, description=text)
    return [spec] if _reads_back(table) else []


def results(table: Table, doubts: Sequence[str]) -> list[dg.AssetCheckResult]:
    """Return the result of the check that `checks` declares: a warning if there are doubts."""
    result = dg.AssetCheckResult(
        check_name=NAME,
        asset_key=asset_key(table.path),
        passed=not doubts,
        severity=dg.AssetCheckSeverity.WARN,
        description=" ".join(doubts) or None,
    )
    return [result] if _reads_back(table) else []


def told_doubts(context: Context, table: Table, week: date) -> list[str]:
    """Return a sentence for each earlier week that a step reads and that is absent, or older than delivered.

    Before the first week that was landed, or was not because it was rejected, there is none to read.
    """
    found = list[str]()
    for wanted in table.read:
        before = week - wanted.weeks_back * WEEK
        if before == week or not _has_begun(context.lake, before):
            continue
        if doubt := _doubt(context, context.tables[wanted.table], before):
            columns = ", ".join(_columns_from(table, wanted.parameter))
            found.append(f"{table.path}, week {week}: {columns} {doubt}, then `cloudflix run --stale`.")
    return found


def _has_begun(lake: Lake, by: date) -> bool:
    """Whether a week up to this one was landed, or was rejected."""
    return any(week <= by for week in (*Manifest.weeks(lake), *rejected.noted(lake)))


def _doubt(context: Context, table: Table, week: date) -> str | None:
    """What is wrong with a week that the week after reads, and what to do first."""
    if not delta.holds(context.lake, table.path, week):
        return f"is as if there were no week {week}, because {table.path} does not hold it: run that week"
    if rejected.is_noted(context.lake, week):
        why = "its last delivery was not landed"
    elif _is_behind(context, table, week):
        why = f"{table.path} was built before what lies upstream of it"
    else:
        return None
    return f"is by older rows of the week {week}, because {why}: run that week"


def _is_behind(context: Context, table: Table, week: date) -> bool:
    """Whether a table, or one that it is made from, was built from other data than now lie upstream of it."""

    @cache
    def is_behind(path: str) -> bool:
        parent = by_path[path]
        receipt = receipt_of(context.lake, path, week)
        if (
            receipt
            and receipt.upstream
            and receipt.upstream != digests(context, parent, week, inputs_of(context, parent, week))
        ):
            return True
        own = {w.table for w in parent.read if not w.weeks_back and w.table != PUBLICATION}
        return any(is_behind(context.tables[name].path) for name in own)

    by_path: Mapping[str, Table] = {table.path: table for table in context.tables.values()}
    return is_behind(table.path)


def _reads_back(table: Table) -> bool:
    return any(wanted.weeks_back for wanted in table.read)


def _columns_from(table: Table, parameter: str) -> list[str]:
    columns = table.contract.to_schema().columns.items()
    sources = {name: derived_from(column) or () for name, column in columns}
    return [name for name, told in sources.items() if any(s.startswith(f"{parameter}.") for s in told)]
