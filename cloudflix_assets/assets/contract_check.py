"""The asset check `contract`: its result with one row per rule, and when it stops a week."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from cloudflix_assets.assets.description import check_text, record_name
from cloudflix_assets.assets.refusals import remedy
from cloudflix_assets.assets.rule_texts import breaches, requirements
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.names import asset_key
from spark.quality import digest
from spark.quality.rules import CompiledRule, compiled
from spark.quality.verdict import ADDRESSES, Verdict
from spark.table import Severity, Table

NAME = "contract"


def spec(table: Table, weeks: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
    """Declare the check, which blocks what depends on the table."""
    return dg.AssetCheckSpec(
        NAME,
        asset=asset_key(table.path),
        blocking=True,
        partitions_def=weeks,
        description=check_text(table),
    )


class RecordsLost(CloudflixError):
    """A step lost or invented records."""


def refuse_lost_records(table: Table, verdict: Verdict, frames: Mapping[str, DataFrame]) -> None:
    """Refuse a week whose judged rows are not exactly the rows that were read.

    A table of records must have as many as another reader counted in its files; a table with a quarantine
    must have the addresses of its first input.

    Args:
        table: as of this week.
        verdict: of its rows.
        frames: its inputs, by parameter.

    Raises:
        RecordsLost: the counts or the addresses differ.
    """
    first, judged = table.first, verdict.accepted + verdict.refused
    if first.as_records:
        files = frames[first.table].select("path", "records").collect()
        counted = sum({row["path"]: row["records"] for row in files}.values())  # equal bytes are one file
        if counted != judged:
            raise RecordsLost(
                f"{table.path} has {judged} records of a file in which another reader counted {counted}: "
                "nothing was published; report this file, for one of the two readers is wrong."
            )
    elif table.has_quarantine and (
        (given := digest.digest(frames[first.parameter], ADDRESSES)) != verdict.addresses
    ):
        rows = digest.rows_of(given)
        raise RecordsLost(
            f"{table.path} made {judged} rows of {rows} in {first.parameter}, or gave them other addresses: "
            "nothing was published; its function must return one row per input row, with its source_file and "
            "record_number."
        )


def stops(table: Table, verdict: Verdict) -> bool:
    """Return whether a `fail` rule broke, or more rows would be quarantined than the cap allows."""
    return bool(_broken(table, verdict, Severity.FAIL)) or _is_above_cap(table, verdict)


def problems(table: Table, verdict: Verdict, values: Mapping[str, list[str]]) -> list[str]:
    """Return why a week must not be published: the rules that refuse it, and the values that broke them.

    Args:
        table: as of this week.
        verdict: of its rows.
        values: the first values that broke each rule, with their places.
    """
    words = breaches(table)

    def told(rule: CompiledRule) -> str:
        first, broken = ", ".join(values.get(rule.name, [])), verdict.broken[rule.name]
        rows = "1 row" if broken == 1 else f"{broken:,} rows"
        return f"in {rows} {words[rule.name]}{f' ({first})' if first else ''}"

    found = [f"{told(rule)}, and the contract allows none" for rule in _broken(table, verdict, Severity.FAIL)]
    if _is_above_cap(table, verdict):
        rows = verdict.accepted + verdict.refused
        share = f"{verdict.refused:,} of {rows:,} rows would be quarantined, above the cap of {table.cap:.1%}"
        found.append(f"{share}: {', '.join(map(told, _broken(table, verdict, Severity.QUARANTINE)))}")
    return found


def result(
    table: Table,
    verdict: Verdict,
    samples: Mapping[str, list[str]],
    *,
    problems: Sequence[str] = (),
    examples: str | None = None,
    where: str | None = None,
) -> dg.AssetCheckResult:
    """Return the check's result: failed by `problems`; rows that are kept with a warning are counted.

    Args:
        table: as of this week.
        verdict: of its rows.
        samples: the first addresses per broken rule.
        problems: why the week must not be published.
        examples: Markdown of refused rows, where a failure publishes no quarantine.
        where: the file that holds all of them.
    """
    warned, requires = _broken(table, verdict, Severity.WARN), requirements(table)
    broken_first = sorted(compiled(table), key=lambda rule: -verdict.broken[rule.name])
    records = [_record(rule, requires.get(rule.name, ""), verdict, samples) for rule in broken_first]
    metadata: dict[str, Any] = {
        "rows": verdict.accepted,
        "quarantined": verdict.refused,
        "warnings": sum(verdict.broken[rule.name] for rule in warned),
        "rules": dg.MetadataValue.table(records, _SCHEMA),
        "digest": verdict.digest,
        **({"samples": dg.MetadataValue.md(examples)} if examples is not None else {}),
        **({"records": dg.MetadataValue.path(where)} if where else {}),
    }
    return dg.AssetCheckResult(
        check_name=NAME,
        asset_key=table.path.split("/"),
        passed=not problems,
        description=_sentence(table, verdict, problems, warned),
        metadata=metadata,
    )


class WeekRefused(CloudflixError):
    """The contract does not let a week be published."""


def failure(
    table: Table,
    problems: Sequence[str],
    week: str,
    where: str | None,
    values: Mapping[str, Sequence[str]],
) -> WeekRefused | None:
    """Return the error that the step raises instead of publishing, or None without problems.

    Args:
        table: as of this week.
        problems: why it is refused.
        week: that is refused.
        where: the file that holds the refused records.
        values: the first values that broke each rule, with their places.
    """
    if not problems:
        return None
    module = f"{table.contract.__module__.replace('.', '/')}.py"
    records = f"All refused records are in {where}. " if where else ""
    return WeekRefused(
        f"{table.path}, week {week}: {'; '.join(problems)}; nothing was published. {records}"
        "Have the records corrected at the source and rerun the whole week (from the failed step on it would "
        f"read the same records); if they are right, change what {module} declares{remedy(table, values)}."
    )


_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn(
            "rule", "string", "The column and what it must satisfy; without a column, the whole row"
        ),
        dg.TableColumn("requires", "string", "What every row must satisfy"),
        dg.TableColumn("broken", "int", "Rows that break it"),
        dg.TableColumn("share", "string", "Share of all rows"),
        dg.TableColumn(
            "severity", "string", "quarantine: the row goes there; warn: it stays; fail: the week is refused"
        ),
        dg.TableColumn("samples", "string", "The first few, as file#record (record_number in bronze)"),
    ]
)


def _is_above_cap(table: Table, verdict: Verdict) -> bool:
    return verdict.refused > table.cap * (verdict.accepted + verdict.refused)


def _broken(table: Table, verdict: Verdict, severity: Severity) -> list[CompiledRule]:
    """The broken rules of a severity, the most frequent first."""
    found = [rule for rule in compiled(table) if rule.severity is severity and verdict.broken[rule.name]]
    return sorted(found, key=lambda rule: -verdict.broken[rule.name])


def _sentence(table: Table, verdict: Verdict, problems: Sequence[str], warned: Sequence[CompiledRule]) -> str:
    if problems:
        return f"{'; '.join(problems)}; nothing was published"
    counts = f"{verdict.accepted:,} rows accepted"
    if table.has_quarantine:
        counts += f", {verdict.refused:,} quarantined"
    words = breaches(table)
    kept = [f"{verdict.broken[rule.name]:,} kept in which {words[rule.name]}" for rule in warned]
    return "; ".join([counts, *kept])


def _record(
    rule: CompiledRule, requires: str, verdict: Verdict, samples: Mapping[str, list[str]]
) -> dg.TableRecord:
    rows = verdict.accepted + verdict.refused
    broken = verdict.broken[rule.name]
    return dg.TableRecord(
        {
            "rule": rule.name,
            "requires": requires,
            "broken": broken,
            "share": f"{broken / rows:.2%}" if broken else "",
            "severity": rule.severity.value,
            "samples": ", ".join(map(_short, samples.get(rule.name, []))),
        }
    )


def _short(address: str) -> str:
    """`files/cast/72ac3abc….csv#5033` as `netflix_cast.csv#5033`."""
    file, _, record = address.rpartition("#")
    return record_name(file, int(record))
