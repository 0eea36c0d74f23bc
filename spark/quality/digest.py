"""Hash what a week of a table contains into a string that is equal on every engine.

`v1:rows:sum:sum:schema`: the rows, two sums of xxhash64 under different salts over the columns
sorted by name, and a short hash of their names and types. The order of rows does not matter.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

_SALTS = (11, 20260105)
_SUM = "decimal(38,0)"


def aggregates(fields: T.StructType, counted: Column, prefix: str = "") -> list[Column]:
    """Return the aggregates `<prefix>_rows`, `_sum0` and `_sum1` over the rows where `counted` is true."""
    sums = [
        F.coalesce(F.sum(F.when(counted, row_hash(fields, salt).cast(_SUM))), F.lit(0).cast(_SUM)).alias(
            f"{prefix}_sum{i}"
        )
        for i, salt in enumerate(_SALTS)
    ]
    return [F.coalesce(F.sum(counted.cast("long")), F.lit(0)).alias(f"{prefix}_rows"), *sums]


def rendered(fields: T.StructType, aggregated: Mapping[str, Any], prefix: str = "") -> str:
    """Return the digest, as text, of one row of `aggregates`."""
    rows, *sums = (aggregated[f"{prefix}_{name}"] for name in ("rows", "sum0", "sum1"))
    return f"v1:{rows}:{':'.join(map(str, sums))}:{_schema_hash(fields)}"


def empty(fields: T.StructType) -> str:
    """Return the digest of a table without rows."""
    return rendered(fields, {"_rows": 0, "_sum0": 0, "_sum1": 0})


def digest(frame: DataFrame, fields: T.StructType) -> str:
    """Compute the digest of a frame over these columns; it may have others."""
    return rendered(fields, frame.agg(*aggregates(fields, F.lit(True))).collect()[0].asDict())


def rows_of(digest: str) -> int:
    """Return the number of rows in a digest."""
    return int(digest.split(":")[1])


def row_hash(columns: Iterable[T.StructField], salt: int = 0) -> Column:
    """Hash a row's columns in the order of their names, each after its null flag: xxhash64 skips nulls."""
    terms: list[Column] = [F.lit(salt)]
    for field in sorted(columns, key=lambda field: field.name):
        column = F.col(field.name)
        terms.append(column.isNull())
        terms += _of_array(column) if isinstance(field.dataType, T.ArrayType) else [column]
    return F.xxhash64(*terms)


def _of_array(column: Column) -> list[Column]:
    """Return what of an array is hashed: its size and its elements, marked; its own hash ignores nulls."""
    marked = F.transform(column, lambda e: F.coalesce(F.concat(F.lit("="), e.cast("string")), F.lit("!")))
    return [F.size(column), marked]


def _schema_hash(fields: T.StructType) -> str:
    names = sorted(f"{field.name}:{field.dataType.simpleString()}" for field in fields)
    return sha256("\n".join(names).encode()).hexdigest()[:8]
