"""What the parser read, as record batches with names and addresses. Reading is delivery.py's."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

RESCUED = "rescued"
MALFORMED = "malformed"


@dataclass(frozen=True)
class Layout:
    """Which field of a record goes where.

    Args:
        columns: position of each column of text, None for one that is absent and so null.
        rescued: position of each field that is kept in the JSON of `rescued`.
    """

    columns: Mapping[str, int | None]
    rescued: Mapping[str, int]
    source_file: str

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns, all text, then `rescued`, `malformed` and the address."""
        text = (*self.columns, RESCUED, MALFORMED, "source_file")
        return pa.schema([*((name, pa.string()) for name in text), ("record_number", pa.int64())])

    def batch(self, parsed: pa.RecordBatch, numbers: np.ndarray) -> pa.RecordBatch:
        """Parsed fields under their names, with these record numbers."""
        rows = parsed.num_rows
        absent = pa.nulls(rows, pa.string())
        columns = [
            *(absent if at is None else parsed.column(at) for at in self.columns.values()),
            _as_json({name: parsed.column(at) for name, at in self.rescued.items()}, rows),
            absent,
            pa.repeat(self.source_file, rows),
            pa.array(numbers, pa.int64()),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def ragged(self, records: Sequence[tuple[int, str]]) -> pa.RecordBatch:
        """Records, by number, that have no fields: their text alone."""
        rows = [
            {MALFORMED: text, "source_file": self.source_file, "record_number": number}
            for number, text in records
        ]
        return pa.RecordBatch.from_pylist(rows, schema=self.schema)


def record_numbers(first: int, count: int, ragged: list[int]) -> np.ndarray:
    """The next `count` record numbers that no ragged record holds."""
    span = np.arange(first, first + count + len(ragged))
    return span[~np.isin(span, ragged)][:count]


def _as_json(columns: dict[str, pa.Array], rows: int) -> pa.Array:
    if not columns:
        return pa.nulls(rows, pa.string())
    values = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    present = ({n: v for n, v in zip(columns, row, strict=True) if v is not None} for row in values)
    texts = (json.dumps(row, ensure_ascii=False, sort_keys=True) if row else None for row in present)
    return pa.array(texts, pa.string())
