"""Bronze: a table per dataset with every record as delivered, all text, and its address.

Reading the files belongs to `delivery`; types and trimming belong to silver.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pandera.pyspark as pa
import pyspark.sql.types as T
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark.datasets import DATASETS, Dataset
from spark.delivery.layout import MALFORMED, RESCUED, RESERVED
from spark.quality.rules import ContractError
from spark.table import RECORDS, Layer, Rule, Severity, Table

RAGGED = Rule("malformed: a ragged record", lambda: F.col(MALFORMED).isNotNull())


def contract_of(dataset: Dataset) -> type[pa.DataFrameModel]:
    """Make the contract of a dataset: its columns as text, `rescued`, `malformed` and the address.

    Raises:
        ContractError: the dataset declares a column twice, or under a name that bronze adds itself.
    """
    _refuse_taken_names(dataset)
    texts = {column: f"{column}, as delivered" for column in dataset.columns}
    texts[RESCUED] = "Undeclared columns, JSON"
    texts[MALFORMED] = "Text of a record that has too few or too many fields"
    fields = {column: pa.Field(nullable=True, description=text) for column, text in texts.items()}
    fields["source_file"] = pa.Field(
        nullable=False,
        description="Landed file, relative to raw",
        metadata={"derived_from": [f"raw_{dataset.name}.path"]},
    )
    fields["record_number"] = pa.Field(nullable=False, ge=1, description="1-based, after the header")
    types = dict.fromkeys(fields, T.StringType) | {"record_number": T.LongType}
    name = f"Bronze{dataset.name.capitalize()}"
    about = f"{dataset.description[:1].upper()}{dataset.description[1:]}"
    doc = f"{about}, as delivered.\n\nEvery record of {dataset.file}, every field as text."
    namespace = {**fields, "__annotations__": types, "__doc__": doc, "__module__": __name__}
    return type(name, (pa.DataFrameModel,), namespace)


def _refuse_taken_names(dataset: Dataset) -> None:
    seen: set[str] = set()
    for column in dataset.columns:
        if column.casefold() in RESERVED:
            raise ContractError(
                f"spark/datasets.py: the column {column} of {dataset.name} has the name of one that bronze "
                f"adds: declare it under another name, with {column!r} as its alias."
            )
        if column.casefold() in seen:
            raise ContractError(
                f"spark/datasets.py: {dataset.name} declares the column {column} twice, if case is ignored, "
                "as engines do: remove one."
            )
        seen.add(column.casefold())


def bronze(records: DataFrame) -> DataFrame:
    """Return every record as it was delivered."""
    return records


def evolved(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with these columns; those that its contract does not have are added as text."""
    known = table.contract.to_schema().columns
    added = tuple(column for column in columns if column not in known)
    return _evolved(table, added) if added else table


@cache
def _evolved(table: Table, added: tuple[str, ...]) -> Table:
    # An alias, because a column `validate` as an attribute of the model would hide pandera's method.
    fields = {
        f"added_{number}": pa.Field(
            nullable=True, alias=name, description=f"{name}, undeclared, as delivered"
        )
        for number, name in enumerate(added)
    }
    contract = table.contract
    namespace = {
        **fields,
        "__annotations__": dict.fromkeys(fields, T.StringType),
        "__doc__": contract.__doc__,
        "__module__": contract.__module__,
    }
    return replace(table, contract=type(contract.__name__, (contract,), namespace))


TABLES = tuple(
    Table(
        layer=Layer.BRONZE,
        name=dataset.name,
        grain="one row per delivered record and week",
        contract=contract_of(dataset),
        build=bronze,
        reads=(f"raw_{dataset.name}{RECORDS}",),
        rules=(RAGGED,),
        meanings={RAGGED.name: "has as many fields as the header"},
        severities={RAGGED.name: Severity.WARN},
        has_quarantine=False,
    )
    for dataset in DATASETS
)
