"""A file of a publication, part by part: its bytes, and what the lake must make of each record.

What a record means is known before it is written; nothing here reads what was written.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudflix_assets.sources.sample.draws import Numbers
from cloudflix_assets.sources.sample.encoding import content, header, line, lines
from cloudflix_assets.sources.sample.slips import Plan, Slip, changed
from cloudflix_assets.sources.sample.titles import PLACE

CHUNK = 200_000
"""Records that are made at a time: memory, not content, depends on it."""

RECORD_NUMBER = "record_number"
Quarantined = tuple[int, tuple[str, ...]]
Texts = Mapping[str, pa.Array]


@dataclass(frozen=True)
class Part:
    """Some records of a file.

    `accepted` holds what silver must hold, and the place of each title (null for an orphan);
    `quarantined` record numbers with the rules they break; `warned` counts rules broken by accepted rows.
    """

    content: bytes | memoryview
    records: int
    malformed: int
    accepted: pa.Table
    quarantined: Sequence[Quarantined]
    warned: Counter[str]


@dataclass(frozen=True)
class File:
    """One file: the plan of its records, their meaning, and their text by column."""

    columns: tuple[str, ...]
    plan: Plan
    typed: Callable[[Numbers], pa.RecordBatch]
    delivered: Callable[[pa.RecordBatch], Texts]

    def content(self, chunk: int = CHUNK) -> Iterator[bytes | memoryview]:
        """Yield the bytes of the file, header first."""
        yield header(self.columns)
        yield from (part.content for part in self.parts(chunk))

    def parts(self, chunk: int = CHUNK) -> Iterator[Part]:
        """Yield all records in their order; the header is no part of them."""
        for begin in range(0, len(self.plan.origins), chunk):
            yield self._part(slice(begin, begin + chunk))

    def _part(self, span: slice) -> Part:
        typed = self.typed(self.plan.origins[span])
        numbers = pa.array(np.arange(span.start, span.start + typed.num_rows) + 1)
        typed = typed.append_column(RECORD_NUMBER, numbers)
        texts = self.delivered(typed)
        codes = self.plan.slips[span]
        odd = pa.array(codes > 0)
        slips = [self.plan.listed[code - 1] for code in codes[codes > 0]]
        rows = typed.filter(odd).to_pylist()
        written = _written(slips, {name: column.filter(odd) for name, column in texts.items()})
        meant = [(slip, _meaning(slip, row)) for slip, row in zip(slips, rows, strict=True)]
        kept = [row for slip, row in meant if not slip.broken]
        sound = typed.filter(pc.invert(odd))
        return Part(
            content=content(pc.replace_with_mask(lines(list(texts.values())), odd, written)),
            records=typed.num_rows,
            malformed=sum("malformed record" in slip.broken for slip in slips),
            accepted=pa.Table.from_batches([sound, pa.RecordBatch.from_pylist(kept, schema=sound.schema)]),
            quarantined=[(row[RECORD_NUMBER], slip.broken) for slip, row in meant if slip.broken],
            warned=Counter(rule for slip in slips for rule in slip.warned),
        )


def _written(slips: Sequence[Slip], texts: Texts) -> pa.Array:
    """Return the records of these slips, as they stand in the file."""
    columns = [column.to_pylist() for column in texts.values()]
    records = (dict(zip(texts, values, strict=True)) for values in zip(*columns, strict=True))
    changes = (
        slip.shape(list(changed(record, slip.text).values()))
        for slip, record in zip(slips, records, strict=True)
    )
    return pa.array(map(line, changes), pa.string())


def _meaning(slip: Slip, row: Mapping[str, Any]) -> dict[str, Any]:
    return changed(row, slip.means) | ({PLACE: None} if slip.orphan else {})
