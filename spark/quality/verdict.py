"""Judge the rows of a table: which are accepted, which rules the others broke, counts and digest.

The judgement adds columns to a built frame: `_broken`, a bit for each broken rule in the order of
`rules.compiled`, and `_accepted`. The step materializes it once, and one aggregate over that gives
every count and the digest. Compiling a contract is done in `rules`; the key of a table whose rows
have addresses is judged in `duplicates`. Rules of one particular table belong to its own module.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark.quality import digest
from spark.quality.rules import DUPLICATE_KEY, compiled, fields
from spark.table import ADDRESS, REASONS, ForeignKey, Severity, Table

BROKEN, ACCEPTED = "_broken", "_accepted"
_UNDECLARED = "_undeclared"
SAMPLES = 3
"""Addresses that are shown for each broken rule."""

QUARANTINE = T.StructType(
    [
        T.StructField("source_file", T.StringType(), True, {"comment": "Landed file, relative to raw"}),
        T.StructField("record_number", T.LongType(), True, {"comment": "1-based, after the header"}),
        T.StructField("record", T.StringType(), True, {"comment": "The quarantined input row, JSON"}),
        T.StructField(
            "broken", T.ArrayType(T.StringType()), True, {"comment": "Names of the rules it broke, sorted"}
        ),
    ]
)
"""Columns of every quarantine: the address, the input row as JSON, the sorted names of broken rules."""

ADDRESSES = T.StructType(QUARANTINE.fields[: len(ADDRESS)])


class UndeclaredReason(ValueError):
    """A build function named a reason that its table does not declare."""


@dataclass(frozen=True)
class Verdict:
    """The counts of one pass over a judged week; receipts in the lake store these names.

    Args:
        accepted: number of accepted rows.
        refused: number of quarantined rows.
        broken: number of rows by rule, 0 for a rule that nothing broke.
        digest: of the accepted rows.
        addresses: digest of the addresses of all rows; None where rows have none.
    """

    accepted: int
    refused: int
    broken: Mapping[str, int]
    digest: str
    addresses: str | None = None


def judged(table: Table, built: DataFrame, parents: Mapping[str, DataFrame]) -> DataFrame:
    """Add `_broken` (a bit per broken rule) and `_accepted` to what `table.build` returned.

    A key is judged afterwards among the accepted rows, by `duplicates`; only where rows have no
    address is it judged here.

    Args:
        table: names the rules.
        built: has the columns of the contract, `_reasons` where the table declares any, and the address.
        parents: of the foreign keys, by parameter name (`gold_titles`).
    """
    frame = built.withColumn(REASONS, _no_names()) if not table.reasons else built
    for foreign in table.foreign_keys:
        frame = _with_parent(frame, foreign, parents[foreign.parent])
    frame = frame.withColumn(BROKEN, _broken(table))
    if table.key and not table.has_quarantine:
        frame = _with_repeated_keys(table, frame)
    frame = frame.withColumns({ACCEPTED: is_accepted(table, F.col(BROKEN)), _UNDECLARED: _undeclared(table)})
    extra = () if not table.has_quarantine else ADDRESS
    stored = dict.fromkeys((*fields(table).names, *extra))
    return frame.select(*stored, BROKEN, ACCEPTED, _UNDECLARED)


def verdict(table: Table, staged: DataFrame) -> Verdict:
    """Count and digest a materialized judgement in one action.

    Raises:
        UndeclaredReason: `_reasons` of some row holds a name that the table does not declare.
    """
    addresses = digest.aggregates(ADDRESSES, F.lit(True), "_address") if table.has_quarantine else ()
    rows = (
        staged.groupBy(BROKEN, ACCEPTED)
        .agg(
            *digest.aggregates(fields(table), F.lit(True)),
            *addresses,
            F.max(_UNDECLARED).alias(_UNDECLARED),
        )
        .collect()
    )
    groups = [row.asDict() for row in rows]
    if undeclared := [group[_UNDECLARED] for group in groups if group[_UNDECLARED] is not None]:
        raise UndeclaredReason(
            f"{table.path} names a reason that it does not declare, {undeclared[0]!r}: "
            "add it to Table(reasons=…)."
        )
    kept = [group for group in groups if group[ACCEPTED]]
    accepted = _total(kept, "_rows")
    return Verdict(
        accepted=accepted,
        refused=_total(groups, "_rows") - accepted,
        broken={
            rule.name: _total([group for group in groups if group[BROKEN] >> bit & 1], "_rows")
            for bit, rule in enumerate(compiled(table))
        },
        digest=digest.rendered(fields(table), _totals(kept)),
        addresses=digest.rendered(ADDRESSES, _totals(groups, "_address"), "_address")
        if table.has_quarantine
        else None,
    )


def accepted(table: Table, staged: DataFrame) -> DataFrame:
    """Return the rows to publish, in the columns of the contract."""
    return staged.where(ACCEPTED).select(*fields(table).names)


def quarantined(table: Table, staged: DataFrame, given: DataFrame) -> DataFrame:
    """Return the rows of `given` (the table's first input) that were not accepted, as `QUARANTINE`."""
    return _given(table, staged.where(~F.col(ACCEPTED)), given)


def refused(table: Table, staged: DataFrame, given: DataFrame) -> DataFrame:
    """Return the rows of `given` that broke a rule which does not only warn, as `QUARANTINE`."""
    rules = [rule.name for rule in compiled(table) if rule.severity is not Severity.WARN]
    return _given(table, staged.where(F.col(BROKEN).bitwiseAND(F.lit(mask(table, rules))) != 0), given)


def _given(table: Table, judged: DataFrame, given: DataFrame) -> DataFrame:
    # The names of the quarantine's own columns may be those of the input, too.
    addresses = judged.select(*ADDRESS, names(table).alias(BROKEN))
    values = [_printable(name) for name in given.columns if name not in ADDRESS]
    found = addresses.join(given, [*ADDRESS], "inner")
    return found.select(*ADDRESS, F.to_json(F.struct(*values)).alias("record"), F.col(BROKEN).alias("broken"))


def samples(table: Table, staged: DataFrame) -> dict[str, list[str]]:
    """Return the first addresses (`file#record`) of the rows that broke each rule, by its name."""
    first = Window.partitionBy("rule").orderBy(*ADDRESS)
    named = staged.where(F.col(BROKEN) != 0).select(*ADDRESS, F.explode(names(table)).alias("rule"))
    rows = named.withColumn("n", F.row_number().over(first)).where(F.col("n") <= SAMPLES).collect()
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (row["rule"], row["n"])):
        found.setdefault(row["rule"], []).append(f"{row['source_file']}#{row['record_number']}")
    return found


def mask(table: Table, rules: Collection[str]) -> int:
    """Return the bits of these rules, as one integer."""
    return sum(1 << bit for bit, rule in enumerate(compiled(table)) if rule.name in rules)


def is_accepted(table: Table, broken: Column) -> Column:
    """Return whether no broken rule has the severity that quarantines a row."""
    refusing = [rule.name for rule in compiled(table) if rule.severity is Severity.QUARANTINE]
    return broken.bitwiseAND(F.lit(mask(table, refusing))) == 0


def names(table: Table) -> Column:
    """Return the names of a row's broken rules, sorted."""
    rules = sorted((rule.name, 1 << bit) for bit, rule in enumerate(compiled(table)))
    told = (F.when(F.col(BROKEN).bitwiseAND(F.lit(bit)) != 0, F.lit(name)) for name, bit in rules)
    return F.array_compact(F.array(*told)) if rules else _no_names()


def _broken(table: Table) -> Column:
    """Set a bit per broken rule; a defect of the whole row (`malformed record`) hides all other rules."""
    orphans = {foreign.rule: _is_orphan(foreign) for foreign in table.foreign_keys}
    whole_row: list[Column] = []
    others: list[Column] = []
    for bit, rule in enumerate(compiled(table)):
        broken = orphans.get(rule.name)
        if rule.name in table.reasons:
            broken = F.array_contains(REASONS, rule.name)
        elif rule.breach is not None:
            broken = rule.breach()
        if broken is not None:
            alone = rule.name in table.reasons and not rule.name.endswith(": readable")
            (whole_row if alone else others).append(_bit_if(broken, bit))
    found = _union(whole_row)
    return F.when(found != 0, found).otherwise(_union(others))


def _bit_if(broken: Column, bit: int) -> Column:
    return F.when(broken, F.lit(1 << bit)).otherwise(F.lit(0)).cast("bigint")


def _union(bits: Sequence[Column]) -> Column:
    """Combine bits as a tree: Spark Connect cannot send an expression fifty levels deep."""
    if len(bits) <= 1:
        return bits[0] if bits else F.lit(0).cast("bigint")
    middle = len(bits) // 2
    return _union(bits[:middle]).bitwiseOR(_union(bits[middle:]))


def _undeclared(table: Table) -> Column:
    """Return the first reason of a row that the table does not declare, or null."""
    return F.get(F.filter(REASONS, lambda name: ~name.isin(*table.reasons)), F.lit(0))


def _is_orphan(foreign: ForeignKey) -> Column:
    return F.col(foreign.column).isNotNull() & F.col(_found(foreign)).isNull()


def _with_parent(frame: DataFrame, foreign: ForeignKey, parent: DataFrame) -> DataFrame:
    keys = parent.select(foreign.column).distinct().withColumn(_found(foreign), F.lit(True))
    return keys.join(frame, foreign.column, "right")


def _with_repeated_keys(table: Table, frame: DataFrame) -> DataFrame:
    """Have every row of a repeated key break the rule: without addresses, none of them is the first."""
    repeated = F.count("*").over(Window.partitionBy(*table.key)) > 1
    bit = F.lit(mask(table, [DUPLICATE_KEY]))
    return frame.withColumn(BROKEN, F.when(repeated, F.col(BROKEN).bitwiseOR(bit)).otherwise(F.col(BROKEN)))


def _total(groups: Sequence[Mapping[str, Any]], name: str) -> int:
    return sum(int(group[name]) for group in groups)


def _totals(groups: Sequence[Mapping[str, Any]], prefix: str = "") -> dict[str, int]:
    return {name: _total(groups, name) for name in (f"{prefix}_rows", f"{prefix}_sum0", f"{prefix}_sum1")}


def _no_names() -> Column:
    return F.array().cast("array<string>")


def _found(foreign: ForeignKey) -> str:
    return f"_{foreign.parent}_{foreign.column}"


def _printable(name: str) -> Column:
    """Return text whose JSON is equal on every engine: control characters become U+FFFD."""
    return F.regexp_replace(F.col(name).cast("string"), "[\\x00-\\x1F\\x7F]", "\ufffd").alias(name)
