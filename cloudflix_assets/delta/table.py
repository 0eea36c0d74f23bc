"""A Delta table as delta-rs sees it: opened, created with pinned properties, evolved by new columns."""

import json
import re
import time
from collections.abc import Mapping
from datetime import date
from uuid import uuid4

from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from pyspark.sql import types as T

from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.lake.base import Lake

WEEK = T.StructField("week", T.DateType())
MAX_PROTOCOL = (1, 2)
"""Reader and writer version that every engine here reads and writes in full."""


class CachedDeltaTable(DeltaTable):
    """A Delta table that looks but once per version for the commit that replaced a week last."""

    def __init__(self, uri: str, options: Mapping[str, str] | None) -> None:
        super().__init__(uri, storage_options=None if options is None else dict(options))
        self._known: dict[tuple[int, str], int | None] = {}

    def transaction_version(self, app_id: str) -> int | None:
        """The version that an application transaction names; delta-rs reads the log for each answer."""
        asked = (self.version(), app_id)
        if asked not in self._known:
            self._known[asked] = super().transaction_version(app_id)
        return self._known[asked]


class TableRefused(CloudflixError):
    """A table that must not be written or read as it stands."""


def application(week: date) -> str:
    """The application transaction that says which commit replaced a week last."""
    return f"cloudflix/week={week}"


def open_table(lake: Lake, path: str) -> DeltaTable | None:
    """The table, or None where there is none. Any other trouble is raised: it must not look like none.

    Raises:
        TableRefused: its log is damaged, or it was not made here.
    """
    try:
        table = CachedDeltaTable(lake.delta_uri(path), lake.storage_options)
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise cannot_be_opened(lake, path, first_line(error)) from error
    _refuse_features(table, path)
    # After a power failure, the commit written last may be there without its content.
    if lake.may_tear and lake.size(f"{path}/_delta_log/{table.version():020}.json") == 0:
        raise cannot_be_opened(lake, path, f"commit {table.version()} is empty")
    if table.metadata().partition_columns != [WEEK.name]:
        raise TableRefused(
            f"{path} is partitioned by {table.metadata().partition_columns or 'nothing'}, not by week: "
            "it was not made here; move it away, then rerun."
        )
    return table


def open_cached(lake: Lake, path: str) -> DeltaTable | None:
    """As `opened`, for reading alone: kept in memory until a file of its log changes.

    Raises:
        TableRefused: its log is damaged, or it was not made here.
    """
    place, state = lake.uri(path), lake.fingerprint(f"{path}/_delta_log")
    if not state:
        return None
    before, table = _LOOKED_AT.get(place, (None, None))
    if state != before:
        table = open_table(lake, path)
        _LOOKED_AT[place] = state, table
    return table


_LOOKED_AT: dict[str, tuple[object, DeltaTable | None]] = {}
"""2026-11-26: to open one takes 4 ms, in an account 15, and a step asks for each it reads four times."""


def refresh(lake: Lake, path: str, table: DeltaTable) -> None:
    """Bring a table to its newest state, and keep it for those who look: it is not written with again."""
    state = lake.fingerprint(f"{path}/_delta_log")  # before: a commit in between makes it another one
    table.update_incremental()
    _LOOKED_AT[lake.uri(path)] = state, table


def cannot_be_opened(lake: Lake, path: str, reason: str) -> TableRefused:
    """What to do about a damaged table, or one with features that are not ours."""
    reason = re.split(r": \w+ \{", reason.removeprefix("Kernel error: "))[0]  # without structs of Rust's
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


def _with_features(path: str, which: str) -> TableRefused:
    return TableRefused(
        f"{path} has Delta features that not every engine here reads ({which}): "
        "move it away and rerun its weeks, or rebuild it without these features."
    )


def refuse_unusable(lake: Lake, path: str) -> None:
    """Refuse at once what could not be committed; a table that is not there may be created.

    Raises:
        TableRefused: it cannot be opened, or something else lies in its folder.
    """
    if open_cached(lake, path) is None:
        refuse_others(lake, path)


def refuse_others(lake: Lake, path: str) -> None:
    """Refuse a folder that holds something and no table.

    Raises:
        TableRefused: it does.
    """
    names = [name for name in lake.names(path) if name != "_delta_log"]
    if names and not lake.fingerprint(f"{path}/_delta_log"):  # else another run has created it just now
        raise TableRefused(
            f"{path} is no Delta table, and its folder {lake.uri(path)} holds other things "
            f"({', '.join(names[:3])}): move them away, then rerun; nothing was written."
        )


def stored_fields(table: DeltaTable) -> T.StructType:
    """Its columns as Spark calls them, without `week`."""
    fields = T.StructType.fromJson(json.loads(table.schema().to_json()))
    return T.StructType([field for field in fields if field.name != WEEK.name])


def widen(lake: Lake, table: DeltaTable, path: str, fields: T.StructType) -> DeltaTable:
    """Add the contract's new columns; refuse a column whose type changed."""
    stored = {field.name: field.dataType for field in stored_fields(table)}
    for field in fields:
        if stored.get(field.name, field.dataType) != field.dataType:
            raise TableRefused(
                f"{path}: the column {field.name} is stored as {stored[field.name].simpleString()}, its "
                f"contract says {field.dataType.simpleString()}: give it a new name, or move the table away "
                "and rerun all its weeks."
            )
    added = [field for field in fields if field.name not in stored]
    if not added:
        return table
    table.alter.add_columns(list(Schema.from_json(T.StructType(added).json()).fields))
    return reopen(lake, path)


def reopen(lake: Lake, path: str) -> DeltaTable:
    """The newest state of a table that exists."""
    table = open_table(lake, path)
    if table is None:
        raise CommitFailedError(f"{path} was removed while it was written")
    return table


PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    # Else a table is opened by reading up to a hundred commits one by one.
    "delta.checkpointInterval": "10",
    "delta.logRetentionDuration": "interval 3650 days",
}


def create(lake: Lake, path: str, fields: T.StructType) -> DeltaTable:
    """A new, empty table, or the one that another run created at the same time.

    Raises:
        TableRefused: something else lies in its folder.
    """
    refuse_others(lake, path)
    lake.write_new(f"{path}/_delta_log/{0:020}.json", _first_entry(fields))
    return reopen(lake, path)


def _first_entry(fields: T.StructType) -> bytes:
    """Version 0: what Delta's protocol calls commitInfo, protocol and metaData."""
    now, (reader, writer) = int(time.time() * 1000), MAX_PROTOCOL
    metadata = {
        "id": str(uuid4()),
        "name": None,
        "description": None,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": T.StructType([*fields, WEEK]).json(),
        "partitionColumns": [WEEK.name],
        "createdTime": now,
        "configuration": PROPERTIES,
    }
    actions = [
        {"commitInfo": {"timestamp": now, "operation": "CREATE TABLE", "engineInfo": "cloudflix"}},
        {"protocol": {"minReaderVersion": reader, "minWriterVersion": writer}},
        {"metaData": metadata},
    ]
    return "\n".join(map(json.dumps, actions)).encode()
