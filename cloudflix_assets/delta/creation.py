"""A new Delta table: the first entry of its log, with the features and properties that ours have.

2026-11-26: written here, as one file that must not be there yet. delta-rs makes ten calls of it, most of
them to read what it has just written, and a first run in an account makes thirty tables.
"""

import json
import time
from uuid import uuid4

from deltalake import DeltaTable
from pyspark.sql import types as T

from cloudflix_assets.delta.table import MAX_PROTOCOL, WEEK, refuse_others, reopened
from cloudflix_assets.lake.base import Lake

PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    # Else a table is opened by reading up to a hundred commits one by one.
    "delta.checkpointInterval": "10",
    "delta.logRetentionDuration": "interval 3650 days",
}


def created(lake: Lake, path: str, fields: T.StructType) -> DeltaTable:
    """A new, empty table, or the one that another run created at the same time.

    Raises:
        TableRefused: something else lies in its folder.
    """
    refuse_others(lake, path)
    lake.write_new(f"{path}/_delta_log/{0:020}.json", _first_entry(fields))
    return reopened(lake, path)


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
