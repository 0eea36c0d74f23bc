"""Keep the ragged records that pyarrow passes over, until those around them are parsed.

2026-11-30: pyarrow reads ahead, so it keeps records in its own thread while the parser takes them in another.
"""

from collections.abc import Mapping
from threading import Lock

import pyarrow.csv as pc

from spark.table import CAP

MAX_RAGGED = 10_000
"""Ragged records that any file may have; beyond them, a share that silver would refuse is refused.

2026-11-30: keeping one takes ten times as long as reading a sound one.
"""


class Ragged:
    """Ragged records by their numbers.

    Args:
        fields: of the header.
        records: of the week, in all its files of the dataset.

    Attributes:
        fields: of the header.
        excess: what is wrong, once there are too many of them.
    """

    def __init__(self, fields: int, records: int) -> None:
        self.excess: str | None = None
        self.fields, self._records = fields, records
        self._most = max(MAX_RAGGED, int(CAP * records))
        self._kept, self._texts = 0, dict[int, str]()
        self._lock = Lock()

    @property
    def numbers(self) -> list[int]:
        """The numbers of the records that are kept, ascending."""
        with self._lock:
            return list(self._texts)

    def keep(self, row: pc.InvalidRow) -> str:
        """Keep a record; pyarrow skips it, or ends if there are too many."""
        self._kept += 1
        if self._kept > self._most:
            self.excess = (
                f"{self._kept:,} of its first {row.number:,} records do not have the {self.fields} fields of "
                f"the header, and of the week's {self._records:,} at most {self._most:,} may; record "
                f"{row.number:,} has {row.actual_columns}: {row.text[:80]!r}"
            )
            return "error"
        with self._lock:
            self._texts[row.number] = row.text
        return "skip"

    def take(self, end: int | None = None) -> Mapping[int, str]:
        """Return the records before this number, or all, and keep them no longer."""
        with self._lock:
            passed = [n for n in self._texts if end is None or n < end]
            return {n: self._texts.pop(n) for n in passed}
