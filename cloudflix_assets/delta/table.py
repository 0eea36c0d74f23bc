"""Open, create and widen a Delta table with delta-rs; refuse one that is damaged or foreign."""

import json
import re
from collections.abc import Mapping
from datetime import date

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from pyspark.sql import types as T

from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.lake.base import Lake

WEEK = T.StructField("week", T.DateType())
INTERVAL = 10
"""Commits between two checkpoints."""

MAX_PROTOCOL = (1, 2)
"""The reader and the writer version that every engine here supports in full."""


_CACHE: dict[str, tuple[object, DeltaTable | None]] = {}
"""Opened tables by address: the fingerprint of the log, and the table as of then (None if there is none).

2026-11-26: opening a table takes 4 ms, in an account 15, and a step needs each table it reads four times.
"""


class CachedDeltaTable(DeltaTable):
    """A DeltaTable that caches `transaction_version()`, for which delta-rs reads the log at every call."""

    def __init__(self, uri: str, options: Mapping[str, str] | None) -> None:
        super().__init__(uri, storage_options=None if options is None else dict(options))
        self._known: dict[tuple[int, str], int | None] = {}

    def transaction_version(self, app_id: str) -> int | None:
        """Return the version that an application transaction was made for, or None if there is none."""
        asked = (self.version(), app_id)
        if asked not in self._known:
            self._known[asked] = super().transaction_version(app_id)
        return self._known[asked]


class TableRefused(CloudflixError):
    """A table that must be neither read nor written as it is."""


def application(week: date) -> str:
    """Return the id of a week's application transaction, whose version leads to its last commit."""
    return f"cloudflix/week={week}"


def open_table(lake: Lake, path: str) -> DeltaTable | None:
    """Open a table for writing.

    Returns:
        None only if there is no table; every other trouble is raised.

    Raises:
        TableRefused: its log is damaged, or this software did not create it.
    """
    try:
        table = CachedDeltaTable(lake.delta_uri(path), lake.storage_options)
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise cannot_be_opened(lake, path, first_line(error)) from error
    _refuse_features(table, path)
    # A power failure can leave the last commit as an empty file.
    if lake.may_tear and lake.size(f"{path}/_delta_log/{table.version():020}.json") == 0:
        raise cannot_be_opened(lake, path, f"commit {table.version()} is empty")
    if table.metadata().partition_columns != [WEEK.name]:
        raise TableRefused(
            f"{path} is partitioned by {table.metadata().partition_columns or 'nothing'}, not by week: "
            "it was not made here; move it away, then rerun."
        )
    if (kind := _fields(table)[WEEK.name].dataType) != WEEK.dataType:
        raise TableRefused(
            f"{path} stores its weeks as {kind.simpleString()}, not as date: it was not made here; move it "
            "away, then rerun."
        )
    return table


def open_cached(lake: Lake, path: str) -> DeltaTable | None:
    """Open a table for reading only: it is cached until a file of its log changes.

    Raises:
        TableRefused: its log is damaged, or this software did not create it.
    """
    place, state = lake.uri(path), lake.fingerprint(f"{path}/_delta_log")
    if not state:
        return None
    before, table = _CACHE.get(place, (None, None))
    if state != before:
        table = open_table(lake, path)
        _CACHE[place] = state, table
    return table


def refresh(lake: Lake, path: str, table: DeltaTable) -> None:
    """Refresh `table` in place and put it into the read cache. Do not write through it afterwards."""
    state = lake.fingerprint(f"{path}/_delta_log")  # taken first: a commit in between then changes it
    table.update_incremental()
    _CACHE[lake.uri(path)] = state, table


def cannot_be_opened(lake: Lake, path: str, reason: str) -> TableRefused:
    """Return the error for a table that is damaged or has features that not every engine reads."""
    reason = re.split(r": \w+ \{", reason.removeprefix("Kernel error: "))[0]  # Rust structs follow
    if reason.startswith("Unsupported"):
        return _with_features(path, reason)
    if lake.size(path) is not None:
        reason = "it is a file"
    return TableRefused(
        f"{path} cannot be opened ({reason}): restore {lake.uri(path)} from a "
        "backup, or move it away and rerun its weeks; nothing was written."
    )


def _refuse_features(table: DeltaTable, path: str) -> None:
    protocol = table.protocol()
    versions = (protocol.min_reader_version, protocol.min_writer_version)
    if versions > MAX_PROTOCOL:
        raise _with_features(path, f"protocol {versions[0]}, {versions[1]}")
    # delta-rs reads such columns as nulls.
    mapping = table.metadata().configuration.get("delta.columnMapping.mode") or "none"
    if mapping != "none":
        raise _with_features(path, f"column mapping by {mapping}")
    # delta-rs commits rows that break one.
    if bound := [field.name for field in table.schema().fields if "delta.invariants" in field.metadata]:
        raise _with_features(path, f"an invariant of the column {bound[0]}")


def _with_features(path: str, which: str) -> TableRefused:
    return TableRefused(
        f"{path} has Delta features that not every engine here reads ({which}): "
        "move it away and rerun its weeks, or rebuild it without these features."
    )


def refuse_unusable(lake: Lake, path: str) -> None:
    """Refuse early a table that could not be committed to; one that does not exist is fine.

    Raises:
        TableRefused: it cannot be opened, or other things lie in its folder.
    """
    if open_cached(lake, path) is None:
        refuse_foreign_folder(lake, path)


def refuse_foreign_folder(lake: Lake, path: str) -> None:
    """Refuse a folder that holds other things and no table.

    Raises:
        TableRefused: it is such a folder.
    """
    names = [name for name in lake.names(path) if name != "_delta_log"]
    there = bool(names) and bool(lake.files_below(path))  # a run that was emptied away leaves folders
    if there and not lake.fingerprint(f"{path}/_delta_log"):  # a log: another run has just created it
        raise TableRefused(
            f"{path} is no Delta table, and its folder {lake.uri(path)} holds other things "
            f"({', '.join(names[:3])}): move them away, then rerun; nothing was written."
        )


def stored_fields(table: DeltaTable) -> T.StructType:
    """Return the stored columns with Spark's types, without `week`."""
    return T.StructType([field for field in _fields(table) if field.name != WEEK.name])


def _fields(table: DeltaTable) -> T.StructType:
    return T.StructType.fromJson(json.loads(table.schema().to_json()))


def reopen(lake: Lake, path: str) -> DeltaTable:
    """Open a table that was there a moment ago, at its newest version.

    Raises:
        CommitFailedError: it was removed in between.
    """
    table = open_table(lake, path)
    if table is None:
        raise CommitFailedError(f"{path} was removed while it was written")
    return table
