"""Contract to verdict: which rows are accepted, which rules the others broke, counts and digest.

The judgement adds two columns to a built frame, `_broken` and `_accepted`; the step materializes it
once, and one aggregate over that gives every count and the digest. No rule of one particular table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark import digest
from spark.rules import DUPLICATE_KEY, DUPLICATE_ROW, CompiledRule, compiled, fields
from spark.table import ADDRESS, REASONS, ForeignKey, Severity, Table

BROKEN, ACCEPTED = "_broken", "_accepted"
SAMPLES = 3

QUARANTINE = T.StructType(
    [
        T.StructField("source_file", T.StringType()),
        T.StructField("record_number", T.LongType()),
        T.StructField("record", T.StringType()),
        T.StructField("broken", T.ArrayType(T.StringType())),
    ]
)
"""Columns of every quarantine: the address, the refused input row as JSON, the sorted broken rules."""

ADDRESSES = T.StructType(QUARANTINE.fields[: len(ADDRESS)])


class UndeclaredReason(ValueError):
    """A build function named a reason that its table does not declare."""


@dataclass(frozen=True)
class Verdict:
    """What one pass over a judged week found.

    `broken` counts rows per rule, rules that nothing broke included; `digest` is of the accepted rows,
    `addresses` of the addresses of all rows (None where rows have none).
    """

    accepted: int
    refused: int
    broken: Mapping[str, int]
    digest: str
    addresses: str | None = None


def judged(table: Table, built: DataFrame, parents: Mapping[str, DataFrame]) -> DataFrame:
    """Add `_broken` (sorted names of broken rules) and `_accepted` to what `table.build` returned.

    In this order: reasons and contract, foreign keys (`parents` by parameter name), then the key
    among rows that broke no quarantine rule.
    """
    rules = {rule.name: rule for rule in compiled(table)}
    frame = _with_reasons(table, built)
    for foreign in table.foreign_keys:
        frame = _with_parent(frame, foreign, parents[foreign.parent])
    broken = F.concat(REASONS, _named(_breaches(table, rules)))
    frame = frame.withColumn(BROKEN, F.array_sort(broken))
    frame = frame.withColumn(ACCEPTED, ~_any_of(BROKEN, rules, Severity.QUARANTINE))
    if table.key:
        mark = _with_duplicates if table.has_quarantine else _with_repeated_keys
        frame = mark(table, frame, rules)
    extra = () if not table.has_quarantine else ADDRESS
    stored = dict.fromkeys((*fields(table).names, *extra))
    return frame.select(*stored, BROKEN, ACCEPTED)


def verdict(table: Table, staged: DataFrame) -> Verdict:
    """Count and digest a materialized judgement in one action.

    Raises:
        UndeclaredReason: some row carries a name that is no rule of the table.
    """
    rules = [rule.name for rule in compiled(table)]
    counts = [
        F.sum(F.array_contains(BROKEN, name).cast("long")).alias(f"_{i}") for i, name in enumerate(rules)
    ]
    undeclared = F.max(F.get(F.filter(BROKEN, lambda name: ~name.isin(rules)), F.lit(0)))
    found = (
        staged.agg(
            F.count("*").alias("_all"),
            *digest.aggregates(fields(table), F.col(ACCEPTED)),
            *counts,
            *(digest.aggregates(ADDRESSES, F.lit(True), "_address") if table.has_quarantine else ()),
            undeclared.alias("_undeclared"),
        )
        .collect()[0]
        .asDict()
    )
    if found["_undeclared"] is not None:
        raise UndeclaredReason(
            f"{table.path} names a reason that it does not declare, {found['_undeclared']!r}: "
            "add it to Table(reasons=…)."
        )
    return Verdict(
        accepted=found["_rows"],
        refused=found["_all"] - found["_rows"],
        broken={name: found[f"_{i}"] or 0 for i, name in enumerate(rules)},
        digest=digest.rendered(fields(table), found),
        addresses=digest.rendered(ADDRESSES, found, "_address") if table.has_quarantine else None,
    )


def accepted(table: Table, staged: DataFrame) -> DataFrame:
    """The rows to publish, in the columns of the contract."""
    return staged.where(ACCEPTED).select(*fields(table).names)


def refused(staged: DataFrame, given: DataFrame) -> DataFrame:
    """The quarantine: refused rows of `given` (the table's input) as JSON, in the columns `QUARANTINE`."""
    addresses = staged.where(~F.col(ACCEPTED)).select(*ADDRESS, F.col(BROKEN).alias("broken"))
    values = [_printable(name) for name in given.columns if name not in ADDRESS]
    record = given.select(*ADDRESS, F.to_json(F.struct(*values)).alias("record"))
    return addresses.join(record, [*ADDRESS], "inner").select(*QUARANTINE.names)


def samples(staged: DataFrame) -> dict[str, list[str]]:
    """The first few addresses (`file#record`) per broken rule."""
    first = Window.partitionBy("rule").orderBy(*ADDRESS)
    named = staged.select(*ADDRESS, F.explode(BROKEN).alias("rule"))
    rows = named.withColumn("n", F.row_number().over(first)).where(F.col("n") <= SAMPLES).collect()
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (row["rule"], row["n"])):
        found.setdefault(row["rule"], []).append(f"{row['source_file']}#{row['record_number']}")
    return found


def _with_reasons(table: Table, built: DataFrame) -> DataFrame:
    """A row that is none of this table's rows keeps that reason alone."""
    if not table.reasons:
        return built.withColumn(REASONS, _no_names())
    whole_row = _whole_row(table)
    if not whole_row:
        return built
    alone = F.filter(REASONS, lambda name: name.isin(whole_row))
    return built.withColumn(REASONS, F.when(F.size(alone) > 0, alone).otherwise(F.col(REASONS)))


def _whole_row(table: Table) -> list[str]:
    return [name for name in table.reasons if not name.endswith(": readable")]


def _breaches(table: Table, rules: Mapping[str, CompiledRule]) -> list[Column]:
    """A name or null per rule."""
    judgeable = ~_overlaps(REASONS, _whole_row(table))
    found = [
        F.when(judgeable & rule.breach(), F.lit(rule.name))
        for rule in rules.values()
        if rule.breach is not None
    ]
    for foreign in table.foreign_keys:
        orphan = F.col(foreign.column).isNotNull() & F.col(_found(foreign)).isNull()
        found.append(F.when(judgeable & orphan, F.lit(foreign.rule)))
    return found


def _with_parent(frame: DataFrame, foreign: ForeignKey, parent: DataFrame) -> DataFrame:
    keys = parent.select(foreign.column).distinct().withColumn(_found(foreign), F.lit(True))
    return frame.join(keys, foreign.column, "left")


def _with_duplicates(table: Table, frame: DataFrame, rules: Mapping[str, CompiledRule]) -> DataFrame:
    """Of equal rows, then of rows with equal keys, the one with the lowest address stays accepted."""
    contest = F.col(ACCEPTED) & reduce(and_, (F.col(column).isNotNull() for column in table.key))
    content = [field for field in fields(table) if field.name not in (*ADDRESS, *table.key)]
    frame = frame.withColumn("_place", _place(contest, *table.key))
    duplicate = F.when(F.col("_place") > 1, DUPLICATE_KEY if content else DUPLICATE_ROW)
    if content:
        # The key beside it, a hash of the rest tells equal rows apart at a fraction of their width.
        frame = frame.withColumn("_content", digest.row_hash(content))
        frame = frame.withColumn("_equal", _place(contest, *table.key, "_content"))
        duplicate = F.when(F.col("_equal") > 1, DUPLICATE_ROW).otherwise(duplicate)
    broken = F.when(contest, F.concat(BROKEN, _named([duplicate]))).otherwise(F.col(BROKEN))
    frame = frame.withColumn(BROKEN, F.array_sort(broken))
    return frame.withColumn(ACCEPTED, ~_any_of(BROKEN, rules, Severity.QUARANTINE))


def _with_repeated_keys(table: Table, frame: DataFrame, _: Mapping[str, CompiledRule]) -> DataFrame:
    """Without addresses no row is the first: every row of a repeated key breaks the rule."""
    repeated = F.count("*").over(Window.partitionBy(*table.key)) > 1
    broken = F.concat(BROKEN, _named([F.when(repeated, DUPLICATE_KEY)]))
    return frame.withColumn(BROKEN, F.array_sort(broken))


def _place(contest: Column, *columns: str) -> Column:
    return F.row_number().over(Window.partitionBy(contest, *columns).orderBy(*ADDRESS))


def _any_of(names: str, rules: Mapping[str, CompiledRule], severity: Severity) -> Column:
    """Whether a row broke a rule of this severity."""
    return _overlaps(names, [rule.name for rule in rules.values() if rule.severity is severity])


def _overlaps(names: str, some: list[str]) -> Column:
    return F.arrays_overlap(F.col(names), F.array(*map(F.lit, some))) if some else F.lit(False)


def _named(names: list[Column]) -> Column:
    return F.array_compact(F.array(*names)) if names else _no_names()


def _no_names() -> Column:
    return F.array().cast("array<string>")


def _found(foreign: ForeignKey) -> str:
    return f"_{foreign.parent}_{foreign.column}"


def _printable(name: str) -> Column:
    """Text whose JSON is the same on every engine: control characters show as U+FFFD."""
    return F.regexp_replace(F.col(name).cast("string"), "[\\x00-\\x1F\\x7F]", "\ufffd").alias(name)
