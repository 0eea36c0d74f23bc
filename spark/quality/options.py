"""Find options of a pandera contract that would do nothing: pandera declares contracts here, and judges none.

What a contract's columns and checks compile to is told in `rules`.
"""

from collections.abc import Iterator, Mapping

import pandera.pyspark as pa
import pyspark.sql.types as T


class _Plain(pa.DataFrameModel):
    column: T.LongType = pa.Field(eq=0)


_EXACT = "a table has exactly the columns of its contract, in their order"
_FILL = "fill it in the table's function"
_NULLS = "write nullable=True if it may be null"
_QUARANTINE = "a row that breaks a rule is quarantined, unless Table(severities=…) says otherwise"
_TEXT = "write `description`, or the contract's docstring"
_DELTA = "the lake's tables are Delta"

# Field(unique=True) is refused by pandera itself, Config.unique by `rules`.
_OF_FIELD: Mapping[str, str] = {
    "check_name": "declare the column by its own name",
    "coerce": "parse it in the table's function",
    "default": _FILL,
    "on_missing": _FILL,
    "regex": "declare each column by its name",
    "required": f"{_EXACT}; {_NULLS}",
    "title": _TEXT,
}
_OF_CHECK: Mapping[str, str] = {
    "raise_warning": "declare Table(severities={…: Severity.WARN})",
    "ignore_na": _NULLS,
    "n_failure_cases": "the check `contract` counts all rows and shows the first few",
}
_OF_CONTRACT: Mapping[str, str] = {
    "coerce": "parse columns in the table's function",
    "drop_invalid_rows": _QUARANTINE,
    "dtype": "annotate each column with its type",
    "strict": _EXACT,
    "ordered": _EXACT,
    "add_missing_columns": _EXACT,
    "on_missing_columns": _EXACT,
    "unique_column_names": _EXACT,
    "title": _TEXT,
    "description": _TEXT,
    "metadata": "write it to a column's field",
    "from_format": _DELTA,
    "from_format_kwargs": _DELTA,
    "to_format": _DELTA,
    "to_format_kwargs": _DELTA,
    "to_format_buffer": _DELTA,
}


def without_effect(contract: type[pa.DataFrameModel]) -> Iterator[str]:
    """Yield each option that does nothing, with its remedy: `, column x: coerce=True has no effect: …`."""
    contract.to_schema(), _Plain.to_schema()
    (_, plain), *_ = _Plain.__fields__.values()
    for annotation, field in contract.__fields__.values():
        where = f", column {field.name}"
        if annotation.optional:
            yield f"{where}: Optional[…] has no effect: {_NULLS}."
        yield from _idle(f"{where}: ", field, plain, _OF_FIELD)
        for check in field.checks:
            yield from _idle(f"{where}: ", check, plain.checks[0], _OF_CHECK)
    name = getattr(contract.__config__, "name", None)
    if name != contract.__name__:  # pandera's default
        yield f": Config.name={name!r} has no effect: a contract is that of its table."
    yield from _idle(": Config.", contract.__config__, _Plain.__config__, _OF_CONTRACT)


def _idle(where: str, declared: object, plain: object, remedies: Mapping[str, str]) -> Iterator[str]:
    for option, remedy in remedies.items():
        if (value := getattr(declared, option)) != getattr(plain, option):
            yield f"{where}{option}={value!r} has no effect: {remedy}."
