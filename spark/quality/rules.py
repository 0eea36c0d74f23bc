"""Compile a contract into rules: each a name, a severity, and a Column that is true for a breach.

Contracts are written with pandera, but not judged by it: its Spark backend runs a job or two per rule
and gives neither counts nor rows. A contract that cannot be compiled is an error when the definitions
load. Judging rows by the rules is done in `verdict` and `duplicates`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark.quality.options import without_effect
from spark.quality.taken import taken_names
from spark.quality.texts import text_rules
from spark.table import ADDRESS, REASONS, Layer, Severity, Table

MAX_DECIMAL_DIGITS = 18
MAX_RULES = 63
"""Each rule is a bit of a signed 64-bit integer."""
DUPLICATE_ROW = "duplicate row"
DUPLICATE_KEY = "duplicate key"


class ContractError(TypeError):
    """A contract that cannot be judged; the message names the table, the column and the remedy."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule that is ready to judge rows.

    `breach` is None where the row alone does not decide: for reasons, foreign keys and duplicates.
    """

    name: str
    severity: Severity
    breach: Callable[[], Column] | None = None


Breach = Callable[[Column, Mapping[str, Any]], Column]
NamedBreach = tuple[str, Callable[[], Column] | None]


def _in_range(column: Column, limits: Mapping[str, Any]) -> Column:
    low, high = limits["min_value"], limits["max_value"]
    below: Column = column < low if limits["include_min"] else column <= low
    above: Column = column > high if limits["include_max"] else column >= high
    return below | above


def _outside_length(column: Column, limits: Mapping[str, Any]) -> Column:
    length, low, high = F.length(column), limits.get("min_value"), limits.get("max_value")
    if limits.get("exact_value") is not None:
        exact: Column = length != limits["exact_value"]
        return exact
    below = F.lit(False) if low is None else length < low
    above = F.lit(False) if high is None else length > high
    return below | above


def _present(values: Iterable[Any]) -> list[Any]:
    """Leave out nulls, which `nullable` judges: one among the values would make every comparison null."""
    return [value for value in values if value is not None]


# pandera's name of a check: its short name here, and the Column that is true if a value breaks it.
CHECKS: Mapping[str, tuple[str, Breach]] = {
    "equal_to": ("eq", lambda column, s: column != s["value"]),
    "not_equal_to": ("ne", lambda column, s: column == s["value"]),
    "greater_than": ("gt", lambda column, s: column <= s["min_value"]),
    "greater_than_or_equal_to": ("ge", lambda column, s: column < s["min_value"]),
    "less_than": ("lt", lambda column, s: column >= s["max_value"]),
    "less_than_or_equal_to": ("le", lambda column, s: column > s["max_value"]),
    "in_range": ("in_range", _in_range),
    "isin": ("isin", lambda column, s: ~column.isin(_present(s["allowed_values"]))),
    "notin": ("notin", lambda column, s: column.isin(_present(s["forbidden_values"]))),
    # pandera matches from the start (re.match): the whole pattern is anchored, not its first branch.
    "str_matches": ("str_matches", lambda column, s: ~column.rlike(f"^(?:{s['pattern']})")),
    "str_contains": ("str_contains", lambda column, s: ~column.rlike(s["pattern"])),
    "str_startswith": ("str_startswith", lambda column, s: ~column.startswith(s["string"])),
    "str_endswith": ("str_endswith", lambda column, s: ~column.endswith(s["string"])),
    "str_length": ("str_length", _outside_length),
}

# The engines differ on these: classes, `$`, `.`, possessive quantifiers, lookaround, back-references, flags.
_UNPORTABLE_PATTERN = re.compile(
    r"\\[SwWdDbBZGRXhHvVQE1-9]|(?<!\\p\{Z\})\\s|\$|(?<!\\)\.|[+*?}]\+|\(\?(?:[=!>i]|<[=!])"
)
_STORABLE = (T.StringType, T.IntegerType, T.LongType, T.DateType, T.BooleanType, T.TimestampType)


@cache
def compiled(table: Table) -> tuple[CompiledRule, ...]:
    """Compile all rules of a table, in the order of their bits.

    Raises:
        ContractError: a column whose name is taken, a type that has no digest, a check that has no Column
            here, an option without effect, a pattern that the engines read differently, an unknown column
            in a key, a severity for a rule that does not exist, two rules of one name, or more than 63 rules.
    """
    if wrong := next(chain(taken_names(table), without_effect(table.contract)), None):
        raise ContractError(f"{table.path}{wrong}")
    schema = table.contract.to_schema()
    found: list[NamedBreach] = []
    for name, column in schema.columns.items():
        _check_type(table, name, column.dtype.type)
        if not column.nullable:
            found.append((f"{name}: nullable", _absent(table, name)))
        found += [_compiled_check(table, name, check) for check in column.checks]
    found += [(rule.name, rule.broken) for rule in table.rules]
    found += [(name, None) for name in table.reasons]
    found += [(foreign.rule, None) for foreign in table.foreign_keys]
    if table.key:
        found += [(DUPLICATE_ROW, None)] if table.has_quarantine else []
        found.append((DUPLICATE_KEY, None))
    warns = text_rules(_free_texts(table), MAX_RULES - len(found))
    _check_keys(table, set(schema.columns))
    if schema.checks or schema.unique:
        raise ContractError(
            f"{table.path}: checks of the whole frame cannot be compiled; "
            "declare Table(key=…) or Table(rules=…) instead."
        )
    return _with_severities(table, found, warns)


def fields(table: Table) -> T.StructType:
    """Return the columns and types under which a table is stored, all nullable."""
    return table.contract.to_structtype()


def described_fields(table: Table) -> T.StructType:
    """Return the columns as the stored table tells them: with comments, NOT NULL if null refuses a row."""
    columns = table.contract.to_schema().columns
    severities = {rule.name: rule.severity for rule in compiled(table)}
    kept = {name for name in columns if severities.get(f"{name}: nullable", Severity.WARN) is Severity.WARN}
    return T.StructType(
        [
            T.StructField(field.name, field.dataType, field.name in kept, _comment(columns[field.name]))
            for field in fields(table)
        ]
    )


def _comment(column: Any) -> dict[str, Any]:
    return {"comment": column.description} if column.description else {}


def _absent(table: Table, column: str) -> Callable[[], Column]:
    """Return the breach of `nullable`: null, unless text that cannot be read is the reason for it."""
    if f"{column}: readable" in table.reasons:
        return lambda: F.col(column).isNull() & ~F.array_contains(REASONS, f"{column}: readable")
    return lambda: F.col(column).isNull()


def _compiled_check(table: Table, column: str, check: Any) -> tuple[str, Callable[[], Column]]:
    where = f"{table.path}, column {column}"
    if check.name not in CHECKS:
        raise ContractError(
            f"{where}: the check {check.name} cannot be compiled; use one of "
            f"{', '.join(sorted(CHECKS))}, or Table(rules=…) with a Column."
        )
    short, breach = CHECKS[check.name]
    statistics = dict(check.statistics)
    pattern = str(statistics.get("pattern", ""))
    if _UNPORTABLE_PATTERN.search(pattern):
        raise ContractError(
            f"{where}: the engines read the pattern {pattern!r} differently; "
            r"write classes out ([0-9], [^\n] for any character) and escape dots; for the end of text, white "
            "space, lookaround, back-references or flags use a Column in Table(rules=…)."
        )
    return f"{column}: {short}", lambda: breach(F.col(column), statistics)


def _check_keys(table: Table, columns: set[str]) -> None:
    named = {*table.key, *(foreign.column for foreign in table.foreign_keys)}
    if unknown := sorted(named - columns):
        raise ContractError(
            f"{table.path}: its key or a foreign key names {', '.join(unknown)}, which its contract does not "
            "have: correct the name, or add the column."
        )


def _check_type(table: Table, column: str, type_: T.DataType) -> None:
    element = type_.elementType if isinstance(type_, T.ArrayType) else type_
    if isinstance(element, T.DecimalType) and element.precision <= MAX_DECIMAL_DIGITS:
        return
    if not isinstance(element, _STORABLE):
        raise ContractError(
            f"{table.path}, column {column}: {type_.simpleString()} has no digest that is equal on every "
            "engine; use an integer, a decimal of at most 18 digits, text, a date, a timestamp or a boolean."
        )


def _free_texts(table: Table) -> list[str]:
    """Return the columns that may hold any text, in silver: gold takes its texts from there."""
    if table.layer is not Layer.SILVER:
        return []
    columns = table.contract.to_schema().columns.items()
    return [
        name
        for name, column in columns
        if column.dtype.type == T.StringType()
        and name not in ADDRESS
        and not any(check.name == "isin" for check in column.checks)
    ]


def _with_severities(
    table: Table, judged: Sequence[NamedBreach], warns: Sequence[NamedBreach]
) -> tuple[CompiledRule, ...]:
    found = [*judged, *warns]
    names = [name for name, _ in found]
    if unknown := sorted(set(table.severities) - set(names)):
        raise ContractError(f"{table.path}: severities name no rule: {', '.join(unknown)}.")
    if len(names) > MAX_RULES:
        raise ContractError(
            f"{table.path} has {len(names)} rules, and {MAX_RULES} can be told apart: split the table, "
            "or merge rules that say the same."
        )
    if len(set(names)) < len(names):
        raise ContractError(f"{table.path}: two rules share a name: {', '.join(names)}.")
    default = Severity.QUARANTINE if table.has_quarantine else Severity.FAIL
    defaults = dict.fromkeys(names, default) | {name: Severity.WARN for name, _ in warns}
    severities = defaults | dict(table.severities)
    if not table.has_quarantine and Severity.QUARANTINE in severities.values():
        raise ContractError(f"{table.path} has no quarantine: its rules warn or fail.")
    return tuple(CompiledRule(name, severities[name], breach) for name, breach in found)
