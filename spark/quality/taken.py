"""Names that a contract cannot give its columns, because tables, the judgement or engines need them."""

from collections.abc import Iterator

from pyspark.sql import types as T

from spark.table import ADDRESS, Table

_ADDRESS = dict(zip(ADDRESS, (T.StringType(), T.LongType()), strict=True))


def taken_names(table: Table) -> Iterator[str]:
    """Yield the troubles with names in a contract, each as what follows the path of the table."""
    seen: dict[str, str] = {}
    for field in table.contract.to_structtype():
        name = field.name.casefold()
        if reason := _reason(name, field.dataType, seen.get(name)):
            yield f", column {field.name}: {reason}, or give it another name."
        seen[name] = field.name


def _reason(name: str, type_: T.DataType, other: str | None) -> str | None:
    if name == "week":
        return "every table is partitioned by a column of that name: leave it out"
    if name.startswith("_"):
        return "the judgement adds columns whose names begin with _: leave it out"
    if "." in name or "`" in name:
        return "engines read a name with . or ` as a field of another column: leave them out"
    if (address := _ADDRESS.get(name, type_)) != type_:
        return f"it is part of a row's address: declare it as {address.simpleString()}"
    if other:
        return f"it is {other}, if case is ignored, as engines do: leave it out"
    return None
