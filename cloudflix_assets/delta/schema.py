"""Create a Delta table that describes itself; keep its columns and their texts as the contract has them."""

import json
import time
from typing import Any
from uuid import uuid4

from deltalake import DeltaTable, Schema
from pyspark.sql import types as T

from cloudflix_assets.delta.table import (
    INTERVAL,
    MAX_PROTOCOL,
    WEEK,
    TableRefused,
    open_table,
    refuse_foreign_folder,
    reopen,
    stored_fields,
)
from cloudflix_assets.lake.base import Lake

_WEEK = T.StructField(WEEK.name, WEEK.dataType, False, {"comment": "Monday on which the week begins"})
_REQUIRED = "cloudflix.required"
"""Metadata of a column that a contract made NOT NULL; what another tool has made so stays."""

PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    # Without checkpoints a table is opened by reading up to a hundred commits one by one.
    "delta.checkpointInterval": f"{INTERVAL}",
    "delta.logRetentionDuration": "interval 3650 days",
}
"""The properties of every table that is created here."""


def prepare(lake: Lake, path: str, fields: T.StructType, about: str) -> DeltaTable:
    """Open a table for writing: create it if it is absent, add the columns that it lacks, describe it.

    Args:
        lake: where it lies.
        path: the table, `silver/titles`.
        fields: its columns; one that is not nullable is NOT NULL in a new table, a `comment` is told.
        about: its description.

    Raises:
        TableRefused: the stored table cannot hold these columns, or other things lie in its folder.
    """
    there = lake.fingerprint(f"{path}/_delta_log")
    table = (open_table(lake, path) if there else None) or create(lake, path, fields, about)
    return _describe(lake, _widen(lake, table, path, fields), path, fields, about)


def create(lake: Lake, path: str, fields: T.StructType, about: str = "") -> DeltaTable:
    """Create an empty table, or open the one that another run created at the same time.

    Raises:
        TableRefused: other things lie in its folder.
    """
    refuse_foreign_folder(lake, path)
    now, (reader, writer) = int(time.time() * 1000), MAX_PROTOCOL
    metadata = {
        "id": str(uuid4()),
        "name": path.replace("/", "."),
        "description": about,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": T.StructType([*map(_new, fields), _new(_WEEK)]).json(),
        "partitionColumns": [WEEK.name],
        "createdTime": now,
        "configuration": PROPERTIES,
    }
    _write_entry(
        lake,
        path,
        0,
        {"commitInfo": {"timestamp": now, "operation": "CREATE TABLE", "engineInfo": "cloudflix"}},
        {"protocol": {"minReaderVersion": reader, "minWriterVersion": writer}},
        {"metaData": metadata},
    )
    return reopen(lake, path)


def _widen(lake: Lake, table: DeltaTable, path: str, fields: T.StructType) -> DeltaTable:
    """Add the columns that the stored table lacks, and return it at its newest version."""
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
    nullable = [T.StructField(field.name, field.dataType, True, field.metadata) for field in added]
    table.alter.add_columns(list(Schema.from_json(T.StructType(nullable).json()).fields))
    return reopen(lake, path)


def _describe(lake: Lake, table: DeltaTable, path: str, fields: T.StructType, about: str) -> DeltaTable:
    """Describe the table and its columns as the contract does, and let null what the contract lets be null.

    No column that a table has becomes NOT NULL: earlier contracts may have let it be null.
    """
    stored, metadata = T.StructType.fromJson(json.loads(table.schema().to_json())), table.metadata()
    told = {field.name: field for field in (*fields, _WEEK)}
    wanted = T.StructType([_described(field, told.get(field.name, field)) for field in stored])
    if wanted == stored and (metadata.description or "") == about:
        return table
    now = int(time.time() * 1000)
    replaced = {
        "id": str(metadata.id),
        "name": metadata.name or path.replace("/", "."),
        "description": about,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": wanted.json(),
        "partitionColumns": metadata.partition_columns,
        "createdTime": metadata.created_time,
        "configuration": dict(metadata.configuration),
    }
    # If another run wrote this version, it or the next one describes the table.
    commit = {"timestamp": now, "operation": "CHANGE COLUMN", "engineInfo": "cloudflix"}
    _write_entry(lake, path, table.version() + 1, {"commitInfo": commit}, {"metaData": replaced})
    return reopen(lake, path)


def _new(field: T.StructField) -> T.StructField:
    ours = {} if field.nullable else {_REQUIRED: True}
    return T.StructField(field.name, field.dataType, field.nullable, field.metadata | ours)


def _described(stored: T.StructField, told: T.StructField) -> T.StructField:
    relaxed = told.nullable and stored.metadata.get(_REQUIRED, False)
    kept = {name: value for name, value in stored.metadata.items() if name != _REQUIRED or not relaxed}
    return T.StructField(stored.name, stored.dataType, stored.nullable or relaxed, kept | told.metadata)


def _write_entry(lake: Lake, path: str, version: int, *actions: dict[str, Any]) -> None:
    entry = "\n".join(map(json.dumps, actions)).encode()
    lake.write_new(f"{path}/_delta_log/{version:020}.json", entry)
