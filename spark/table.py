"""The vocabulary in which tables are declared: layer, rules, foreign keys, and the table itself.

Nothing here reads or changes data: a table's module does that, and `quality` judges the result.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Self

import pandera.pyspark as pa
from pyspark.sql import Column, DataFrame

__all__ = [
    "ADDRESS",
    "CAP",
    "PUBLICATION",
    "REASONS",
    "RECORDS",
    "ForeignKey",
    "Input",
    "Layer",
    "Rule",
    "Severity",
    "Table",
]

ADDRESS = ("source_file", "record_number")
"""Columns that say where a row came from: the landed file, and the 1-based number of the record in it."""

REASONS = "_reasons"
"""Reserved column in which a build function names what it found wrong with a row."""

RECORDS = "_records"
"""A parameter `raw_titles_records` is every record of the files that `raw_titles` lists."""

PUBLICATION = "publication"
"""The parameter of raw tables: one row per delivered file, as the manifest lists them."""

CAP = Decimal("0.05")
"""The largest share of quarantined rows that may be published, where a table declares no other."""

_BEFORE = "_before"


class Layer(StrEnum):
    """The medallion layers, in the order of the flow."""

    RAW = "raw"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Severity(StrEnum):
    """The effect of a broken rule: report the row (warn), quarantine it, or fail the week."""

    WARN = "warn"
    QUARANTINE = "quarantine"
    FAIL = "fail"


@dataclass(frozen=True)
class Rule:
    """A named rule that pandera cannot express; `broken` returns a Column that is true for a breach."""

    name: str
    broken: Callable[[], Column]


@dataclass(frozen=True)
class ForeignKey:
    """Each value of `column` must be in the column of that name of `parent` (`gold_titles`), or null."""

    column: str
    parent: str

    @property
    def rule(self) -> str:
        """The name of the rule: `show_id: in gold_titles`."""
        return f"{self.column}: in {self.parent}"


@dataclass(frozen=True)
class Input:
    """An input that a build function asks for by the name of a parameter.

    Args:
        parameter: its name: `silver_titles`, `silver_titles_before`, `raw_titles_records`, `publication`.
        table: identifier of the table that it reads, or `publication`.
        weeks_back: 1 for `silver_titles_before`, which is `silver_titles` one week earlier; else 0.
        as_records: whether it is the records of the files that the table lists, not the table's rows.
    """

    parameter: str
    table: str
    weeks_back: int
    as_records: bool

    @classmethod
    def of(cls, parameter: str) -> Self:
        """Read the name of a parameter."""
        this_week = parameter.removesuffix(_BEFORE)
        table = this_week.removesuffix(RECORDS)
        return cls(parameter, table, int(this_week != parameter), table != this_week)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """One Delta table: its contract, and the pure function that builds a week of it.

    The parameters of `build` are named like the tables that it reads. Where `has_quarantine`, every
    row of its result stands for one row of its first parameter and keeps the address of that row; a
    row that breaks the contract is quarantined. Elsewhere a broken rule of the contract fails the week.

    Args:
        reads: names of the parameters of `build`, where one function builds several tables.
        reasons: names that `build` may put into `_reasons`: a defect of the whole row, which is then
            judged by no other rule, or `column: readable`, which replaces `column: nullable`.
        severities: by rule name, where it is not the default (quarantine; fail without a quarantine).
        meanings: what a rule or reason requires, by its name, where the name does not say enough: `a date
            such as 9/30/2019`, `has as many fields as the header`, `no second half of a record`.
        cap: the largest share of quarantined rows that may still be published.
    """

    layer: Layer
    name: str
    grain: str
    contract: type[pa.DataFrameModel]
    build: Callable[..., DataFrame]
    reads: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rules: tuple[Rule, ...] = ()
    reasons: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    has_quarantine: bool = True
    cap: Decimal = CAP
    owners: tuple[str, ...] = ("team:lakehouse",)

    @property
    def identifier(self) -> str:
        """The name as a parameter: `silver_titles`."""
        return f"{self.layer.value}_{self.name}"

    @property
    def path(self) -> str:
        """The name in the lake: `silver/titles`."""
        return f"{self.layer.value}/{self.name}"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters of `build`, in order."""
        return self.reads or tuple(inspect.signature(self.build).parameters)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of `build`, in order."""
        return tuple(map(Input.of, self.parameters))

    @property
    def read(self) -> tuple[Input, ...]:
        """All that a week of it depends on: what `build` takes, and the parents of foreign keys."""
        return (*self.inputs, *(Input.of(foreign.parent) for foreign in self.foreign_keys))

    @property
    def first(self) -> Input:
        """The input whose rows become the table's rows."""
        return self.inputs[0]

    @property
    def description(self) -> str:
        """The contract's docstring."""
        return inspect.cleandoc(self.contract.__doc__ or "")
