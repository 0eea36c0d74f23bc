"""Put parsed fields under the names of their columns, and give each record its address.

Reading the fields is done in `parser`; which column is which is decided in `headers`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spark.table import ADDRESS

RESCUED = "rescued"
"""Column of the undeclared fields of a record, JSON."""

MALFORMED = "malformed"
"""Column of the text of a ragged record."""

RESERVED = frozenset({RESCUED, MALFORMED, *ADDRESS, "week"})
"""Names of columns that bronze adds to those of a file; no column of a file may take them."""


@dataclass(frozen=True)
class Layout:
    """Which field of a record goes into which column.

    Args:
        columns: 0-based position of each column of text in the file; None if absent, and so null.
        rescued: 0-based position of each field that is kept in the JSON of `rescued`, by its name.
        source_file: the landed file, relative to raw.
        null_texts: texts that stand for null, by column.
    """

    columns: Mapping[str, int | None]
    rescued: Mapping[str, int]
    source_file: str
    null_texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns, all text, then `rescued`, `malformed` and the address."""
        text = (*self.columns, RESCUED, MALFORMED, "source_file")
        return pa.schema([*((name, pa.string()) for name in text), ("record_number", pa.int64())])

    def batch(self, parsed: pa.RecordBatch, numbers: np.ndarray) -> pa.RecordBatch:
        """Return parsed records under the names of their columns, with these record numbers."""
        rows = parsed.num_rows
        absent = pa.nulls(rows, pa.string())
        columns = [
            *(
                absent if at is None else self._present(name, parsed.column(at))
                for name, at in self.columns.items()
            ),
            _as_json({name: parsed.column(at) for name, at in self.rescued.items()}, rows),
            absent,
            pa.repeat(self.source_file, rows),
            pa.array(numbers, pa.int64()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _present(self, name: str, texts: pa.Array) -> pa.Array:
        if name not in self.null_texts:
            return texts
        stands_for_null = pc.is_in(texts, value_set=pa.array(self.null_texts[name], pa.string()))
        return pc.if_else(stands_for_null, pa.scalar(None, pa.string()), texts)

    def ragged(self, records: Mapping[int, str]) -> pa.RecordBatch:
        """Return ragged records, texts by their numbers, as rows that have no other fields."""
        absent = pa.nulls(len(records), pa.string())
        own = {
            MALFORMED: pa.array(records.values(), pa.string()),
            "source_file": pa.repeat(self.source_file, len(records)),
            "record_number": pa.array(records, pa.int64()),
        }
        return pa.RecordBatch.from_arrays(
            [own.get(name, absent) for name in self.schema.names], schema=self.schema
        )


def record_numbers(first: int, count: int, ragged: list[int]) -> np.ndarray:
    """Return the first `count` record numbers from `first` on that are not those of ragged records."""
    span = np.arange(first, first + count + len(ragged))
    return span[~np.isin(span, ragged)][:count]


def _as_json(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    if not columns:
        return pa.nulls(rows, pa.string())
    values = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    present = ({n: v for n, v in zip(columns, row, strict=True) if v is not None} for row in values)
    texts = (json.dumps(row, ensure_ascii=False, sort_keys=True) if row else None for row in present)
    return pa.array(texts, pa.string())
