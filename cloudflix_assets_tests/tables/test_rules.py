"""A contract compiles to named rules, or to an error that says what to change."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Optional

import pandera.pyspark as pa
import pyspark.sql.types as T
import pytest
from pyspark.sql import functions as F

from cloudflix_assets_tests.tables.conftest import own_rules
from spark.quality.rules import ContractError, compiled
from spark.table import ForeignKey, Layer, Rule, Severity, Table

POSITIVE = Rule("x: named", lambda: F.col("x") > 0)


def contract(**columns: tuple[Any, Any]) -> type[pa.DataFrameModel]:
    """A contract of columns, each a type and a pandera field."""
    types = {name: type_ for name, (type_, _) in columns.items()}
    fields = {name: field for name, (_, field) in columns.items()}
    return type(
        "Contract", (pa.DataFrameModel,), {**fields, "__annotations__": types, "__module__": __name__}
    )


def table(model: type[pa.DataFrameModel], **arguments: Any) -> Table:
    """A table `silver/tests` under a contract."""
    return Table(
        layer=Layer.SILVER, name="tests", grain="a row", contract=model, build=lambda rows: rows, **arguments
    )


def table_of(type_: Any, **checks: Any) -> Table:
    """A table of one column `x`."""
    return table(contract(x=(type_, pa.Field(**{"nullable": True, **checks}))))


TAKEN = {
    "week": "every table is partitioned by a column of that name: leave it out",
    "Week": "every table is partitioned by a column of that name: leave it out",
    "_broken": "the judgement adds columns whose names begin with _: leave it out",
    "source_file": "it is part of a row's address: declare it as string",
    "a.b": "engines read a name with . or ` as a field of another column: leave them out",
    "X": "it is x, if case is ignored, as engines do: leave it out",
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_column_whose_name_is_taken_is_refused(name: str) -> None:
    """`week` was told as a damaged table, the others as an internal error of the engine, or not at all."""
    model = contract(
        x=(T.LongType, pa.Field(nullable=True)), y=(T.LongType, pa.Field(nullable=True, alias=name))
    )
    with pytest.raises(ContractError) as refused:
        compiled(table(model))
    assert str(refused.value) == f"silver/tests, column {name}: {TAKEN[name]}, or give it another name."


def test_a_contract_may_declare_the_address() -> None:
    """Bronze and silver publish it."""
    address = {
        "source_file": (T.StringType, pa.Field(nullable=False)),
        "record_number": (T.LongType, pa.Field(nullable=False)),
    }
    assert [rule.name for rule in compiled(table(contract(**address)))] == [
        "source_file: nullable",
        "record_number: nullable",
    ]


def test_rules_are_named_after_column_and_check() -> None:
    """The names are what an operator reads in the quarantine, and their order is that of the judgement."""
    model = contract(
        x=(T.LongType, pa.Field(nullable=False, ge=1)), y=(T.StringType, pa.Field(nullable=True))
    )
    rules = own_rules(
        table(
            model,
            rules=(POSITIVE,),
            reasons=("a reason", "x: readable"),
            foreign_keys=(ForeignKey("x", "gold_titles"),),
            key=("x",),
            severities={"x: ge": Severity.WARN, "x: named": Severity.FAIL},
        )
    )
    assert {rule.name: rule.severity.value for rule in rules} == {
        "x: nullable": "quarantine",
        "x: ge": "warn",
        "x: named": "fail",
        "a reason": "quarantine",
        "x: readable": "quarantine",
        "x: in gold_titles": "quarantine",
        "duplicate row": "quarantine",
        "duplicate key": "quarantine",
    }
    assert [rule.name for rule in rules][:3] == ["x: nullable", "x: ge", "x: named"]


def test_without_a_quarantine_a_broken_rule_fails_the_week() -> None:
    """There is no quarantine to put a row into, so that its rules may not have that severity."""
    model = contract(x=(T.LongType, pa.Field(nullable=False)))
    assert [rule.severity for rule in compiled(table(model, has_quarantine=False))] == [Severity.FAIL]


@pytest.mark.parametrize(
    "type_",
    [
        T.StringType,
        T.IntegerType,
        T.LongType,
        T.BooleanType,
        T.DateType,
        T.TimestampType,
        T.DecimalType(18, 2),
        T.ArrayType(T.StringType()),
    ],
    ids=str,
)
def test_types_that_a_digest_can_carry(type_: Any) -> None:
    """A type that has a digest must not be rejected."""
    assert own_rules(table_of(type_)) == []


@pytest.mark.parametrize(
    "type_",
    [
        T.DoubleType,
        T.FloatType,
        T.DecimalType(19, 2),
        T.DecimalType(38, 0),
        T.BinaryType,
        T.MapType(T.StringType(), T.StringType()),
        T.ArrayType(T.DoubleType()),
        T.ArrayType(T.ArrayType(T.StringType())),
    ],
    ids=str,
)
def test_types_that_no_digest_can_carry(type_: Any) -> None:
    """The sum of doubles depends on the order of rows, and so would the digest."""
    with pytest.raises(
        ContractError, match=r"silver/tests, column x: .*no digest.*use an integer, a decimal"
    ):
        compiled(table_of(type_))


def test_an_unknown_check_is_reported_with_the_known_ones() -> None:
    """A check that has no Column would be skipped, and every row would pass."""

    class Model(pa.DataFrameModel):
        x: T.LongType = pa.Field(nullable=True)

        @pa.check("x")
        def is_even(cls, column: Any) -> Any:  # noqa: N805
            return column

    with pytest.raises(ContractError, match=r"silver/tests, column x: the check is_even cannot be compiled"):
        compiled(table(Model))
    with pytest.raises(ContractError, match=r"use one of .*greater_than.* or Table\(rules=…\)"):
        compiled(table(Model))


UNPORTABLE = {
    "digits": r"\d+",
    "no digits": r"\D+",
    "words": r"\w+",
    "white space": r"a\sb",
    "word border": r"\ba",
    "end": "a$",
    "end of Python": r"a\Z",
    "lookahead": "a(?=b)",
    "no lookahead": "a(?!b)",
    "lookbehind": "(?<=a)b",
    "no lookbehind": "(?<!a)b",
    "what matched before": r"(a)\1",
    "letters of either case": "(?i)é",
    "any character": "a.b",
}


@pytest.mark.parametrize("pattern", UNPORTABLE.values(), ids=UNPORTABLE)
@pytest.mark.parametrize("check", ["str_matches", "str_contains"])
def test_a_pattern_that_the_engines_read_differently_is_refused(check: str, pattern: str) -> None:
    """A row would be quarantined on one engine and published on the other."""
    with pytest.raises(
        ContractError, match=r"silver/tests, column x: the engines read .* differently; write classes out"
    ):
        compiled(table_of(T.StringType, **{check: pattern}))


def test_the_remedy_for_a_pattern_can_be_followed() -> None:
    r"""Pandera compiles patterns with Python's `re`, which knows neither `\z` nor `\p{Z}`."""
    with pytest.raises(ContractError, match=r"use .*Table\(rules=…\)") as refusal:
        compiled(table_of(T.StringType, str_matches="a$"))
    assert r"\z" not in str(refusal.value)
    assert r"\p" not in str(refusal.value)


@pytest.mark.parametrize("pattern", ["[0-9]{4}", "(?:a|b)c?", "^a", r"a\.b", "[^a-z]+"])
def test_a_pattern_that_the_engines_read_alike_compiles(pattern: str) -> None:
    """Most patterns need nothing that the engines disagree on."""
    (rule,) = own_rules(table_of(T.StringType, str_matches=pattern))
    assert rule.name == "x: str_matches"


LONG = contract(x=(T.LongType, pa.Field(nullable=True)))
FRAME_WIDE = type("Model", (LONG,), {"Config": type("Config", (), {"unique": ["x"]}), "__annotations__": {}})

MISTAKES: dict[str, tuple[Callable[[], Table], str]] = {
    "unique columns in the contract": (
        lambda: table(FRAME_WIDE),
        "silver/tests: checks of the whole frame cannot be compiled; declare Table(key=…)",
    ),
    "severity of no rule": (
        lambda: table(LONG, severities={"x: gt": Severity.WARN}),
        "silver/tests: severities name no rule: x: gt",
    ),
    "two rules of one name": (
        lambda: table(LONG, rules=(POSITIVE, POSITIVE)),
        "silver/tests: two rules share a name: x: named, x: named",
    ),
    "more rules than bits": (
        lambda: table(LONG, reasons=tuple(map(str, range(64)))),
        "silver/tests has 64 rules, and 63 can be told apart: split the table",
    ),
    "quarantine without one": (
        lambda: table(
            LONG, rules=(POSITIVE,), severities={"x: named": Severity.QUARANTINE}, has_quarantine=False
        ),
        "silver/tests has no quarantine: its rules warn or fail",
    ),
    "key of a column that is not there": (lambda: table(LONG, key=("y",)), "y"),
    "foreign key of a column that is not there": (
        lambda: table(LONG, foreign_keys=(ForeignKey("y", "gold_titles"),)),
        "y",
    ),
}


@pytest.mark.parametrize(("declare", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistaken_declaration_is_reported(declare: Callable[[], Table], sentence: str) -> None:
    """A mistake must be found when the definitions load, not in the middle of a week."""
    with pytest.raises(ContractError, match=re.escape(sentence)):
        compiled(declare())


def table_with(config: dict[str, Any]) -> Table:
    """A table of one column `x` whose contract has these options."""
    namespace = {"Config": type("Config", (), config), "__annotations__": {}}
    return table(type("Model", (LONG,), namespace))


IDLE: dict[str, tuple[Callable[[], Table], str]] = {
    "coerce": (lambda: table_of(T.LongType, coerce=True), ", column x: coerce=True"),
    "default": (lambda: table_of(T.LongType, default=0), ", column x: default=0"),
    "regex": (lambda: table_of(T.LongType, regex=True), ", column x: regex=True"),
    "required": (lambda: table_of(T.LongType, required=False), ", column x: required=False"),
    "title": (lambda: table_of(T.LongType, title="X"), ", column x: title='X'"),
    "check_name": (lambda: table_of(T.LongType, check_name=True), ", column x: check_name=True"),
    "raise_warning": (
        lambda: table_of(T.LongType, ge=1, raise_warning=True),
        ", column x: raise_warning=True",
    ),
    "ignore_na": (lambda: table_of(T.LongType, ge=1, ignore_na=False), ", column x: ignore_na=False"),
    "n_failure_cases": (
        lambda: table_of(T.LongType, ge=1, n_failure_cases=3),
        ", column x: n_failure_cases=3",
    ),
    "Optional": (lambda: table_of(Optional[T.LongType]), ", column x: Optional[…]"),  # noqa: UP045  # classes
    **{
        f"Config.{option}": (partial(table_with, {option: value}), f": Config.{option}={value!r}")
        for option, value in {
            "strict": True,
            "coerce": True,
            "ordered": True,
            "drop_invalid_rows": True,
            "add_missing_columns": True,
            "unique_column_names": True,
            "dtype": T.LongType,
            "title": "X",
            "description": "X",
            "metadata": {"x": 1},
            "name": "titles",
            "from_format": "csv",
            "to_format": "csv",
        }.items()
    },
}


@pytest.mark.parametrize(("declare", "option"), IDLE.values(), ids=IDLE)
def test_an_option_without_effect_is_refused(declare: Callable[[], Table], option: str) -> None:
    """Who writes `coerce=True` believes that text is parsed; nothing would tell him otherwise."""
    with pytest.raises(ContractError, match=rf"^silver/tests{re.escape(option)} has no effect: [^.]+.*\.$"):
        compiled(declare())


def test_options_of_a_parent_contract_are_refused_too() -> None:
    """The lookups inherit their contracts."""
    strict = type("Parent", (LONG,), {"Config": type("Config", (), {"strict": True}), "__annotations__": {}})
    with pytest.raises(ContractError, match=r"Config\.strict=True has no effect"):
        compiled(table(type("Child", (strict,), {"__annotations__": {}})))


def test_an_option_that_says_what_holds_anyway_is_no_mistake() -> None:
    """Defaults of pandera may be written out."""
    spelt = {"coerce": False, "regex": False, "required": True, "ignore_na": True, "raise_warning": False}
    assert compiled(table_of(T.LongType, ge=1, **spelt))
