"""The first rows of a week, for people who look at its table in the web UI."""

from datetime import UTC, date, datetime

import pyarrow.parquet as pq

from cloudflix_assets.delta.read import files_of_week
from cloudflix_assets.delta.table import open_cached
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.files import Stored

ROWS = 5
WIDTH = 40
LINE = 400
"""Characters of a value: as many as fit a line of a table of few columns, at least `WIDTH`."""

_BUFFER_BYTES = 1 << 16


def first_rows(lake: Lake, path: str, week: date) -> list[dict[str, str | None]]:
    """Return the first rows of a week of a table as texts, reading no more of its file than they need."""
    table = open_cached(lake, path)
    files = files_of_week(table, path, week) if table else []
    file = next((file for file in files if file.rows), None)
    if file is None:
        return []
    with lake.random_access(Stored(file.path, file.size, datetime.now(UTC))) as source:
        batches = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES).iter_batches(ROWS, use_threads=False)
        rows = next(batches).to_pylist()
    width = max(WIDTH, LINE // len(rows[0]))
    return [{name: _shown(value, width) for name, value in row.items()} for row in rows]


def _shown(value: object, width: int) -> str | None:
    """Return a value as a text in which nothing hides or reorders the others."""
    if value is None:
        return None
    whole = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in whole[: width + 1])
    return text if len(text) <= width else f"{text[: width - 1]}…"
