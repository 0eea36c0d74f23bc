"""What the silver lookups have in common: columns, the typed id, the declaration of the table."""

from collections.abc import Callable, Mapping

import pandera.pyspark as pa
import pyspark.sql.types as T
from pandera.pyspark import DataFrameSchema
from pyspark.sql import Column, DataFrame

from spark.lookups import TITLE, Subject
from spark.table import ADDRESS, REASONS, Layer, Rule, Severity, Table
from spark.text import EMPTY_RECORD, MALFORMED_RECORD, MEANINGS, long_number, readable, typed, without_reasons


class SilverLookup(pa.DataFrameModel):
    """Columns of every silver lookup; a subclass adds the subject's id and the text."""

    source_file: T.StringType = pa.Field(nullable=False, description="Landed file, relative to raw")
    record_number: T.LongType = pa.Field(nullable=False, ge=1, description="1-based, after the header")

    @classmethod
    def to_schema(cls) -> DataFrameSchema:
        """Return the columns with the address last; pandera puts a subclass's column behind it."""
        schema = super().to_schema()
        schema.columns = dict(sorted(schema.columns.items(), key=lambda column: column[0] in ADDRESS))
        return schema


class SilverTitleLookup(SilverLookup):
    """Columns of every silver lookup of titles; a subclass adds the one that holds its text."""

    show_id: T.LongType = pa.Field(nullable=False, gt=0, description="The title, as in titles")


def lookup(bronze: DataFrame, column: str, value: Column, *, of: Subject = TITLE) -> DataFrame:
    """Type the id of the subject and put `value` into `column`; `_reasons` names what cannot be read."""
    frame = bronze.transform(without_reasons).transform(typed, {of.key: long_number})
    return frame.select(of.key, value.alias(column), *ADDRESS, REASONS)


def lookup_table(
    name: str,
    contract: type[SilverLookup],
    build: Callable[[DataFrame], DataFrame],
    *,
    column: str,
    of: Subject = TITLE,
    of_one: str | None = None,
    warnings: Mapping[Rule, str] | None = None,
) -> Table:
    """Declare a silver lookup.

    Args:
        name: the table's, and its dataset's.
        contract: its columns.
        build: types and tidies a week of the bronze table.
        column: holds the text; with the subject's id it is the key.
        of: the subject.
        of_one: what a row stands for, where that is not the column's name.
        warnings: rules that report a row and keep it, each with what it requires.
    """
    warnings = warnings or {}
    return Table(
        layer=Layer.SILVER,
        name=name,
        grain=f"one row per {of_one or column}, {of.name} and week",
        contract=contract,
        build=build,
        key=(column, of.key),
        rules=tuple(warnings),
        reasons=(MALFORMED_RECORD, EMPTY_RECORD, readable(of.key)),
        severities={rule.name: Severity.WARN for rule in warnings},
        meanings={**MEANINGS, **{rule.name: text for rule, text in warnings.items()}},
    )
