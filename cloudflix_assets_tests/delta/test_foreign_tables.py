"""Tables that were not made here, in a folder and in an account: neither read nor written, and untouched."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit
from cloudflix_assets.delta import read as delta_reads
from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import FIELDS, ROWS, TABLE, week_of
from cloudflix_assets_tests.lake.adls.lakes import everything
from cloudflix_assets_tests.lakehouse import WEEK_1
from cloudflix_assets_tests.loopback.azure.fixtures import IN_ACCOUNTS

pytestmark = pytest.mark.usefixtures("committer")


def written(lake: Lake, session: SparkSession) -> object:
    return commit.replace(lake, session, week_of(session, ROWS))


def read(lake: Lake, session: SparkSession) -> object:
    return delta_reads.read(lake, session, TABLE, FIELDS, [WEEK_1])


def written_by_another(**options: Any) -> Callable[[Lake], None]:
    """Arranges a table that a stock writer made."""
    row = pa.table({"id": [1], "name": ["one"], "week": [WEEK_1]})

    def arranged(lake: Lake) -> None:
        told = dict(lake.storage_options or {})
        write_deltalake(lake.delta_uri(TABLE), row, storage_options=told, **options)

    return arranged


def of_protocol(reader: int, writer: int, *features: str, **configuration: str) -> Callable[[Lake], None]:
    """Arranges a log whose first entry asks for a protocol, with these features if it names any."""
    lists = {"readerFeatures": features, "writerFeatures": features} if features else {}
    mapped = {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "week"}
    fields = [{"name": "week", "type": "date", "nullable": True, "metadata": mapped if configuration else {}}]
    metadata = {
        "id": "an-id",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": ["week"],
        "configuration": {f"delta.{name}": value for name, value in configuration.items()},
    }
    protocol = {"minReaderVersion": reader, "minWriterVersion": writer, **lists}
    log = "\n".join(map(json.dumps, ({"protocol": protocol}, {"metaData": metadata})))
    return lambda lake: lake.write(f"{TABLE}/_delta_log/{0:020}.json", log.encode())


FOLDER = "that is a folder of something else"
"""To a reader it is an absent table."""
FEATURES = "has Delta features that not every engine here reads"
REMEDY = "move it away and rerun its weeks"
FOREIGN: Mapping[str, tuple[Callable[[Lake], None], str, str]] = {
    "partitioned by another column": (
        written_by_another(partition_by=["name"]),
        "is partitioned by ['name'], not by week",
        "move it away",
    ),
    "not partitioned": (written_by_another(), "is partitioned by nothing, not by week", "move it away"),
    "with deletion vectors": (
        written_by_another(partition_by=["week"], configuration={"delta.enableDeletionVectors": "true"}),
        FEATURES,
        REMEDY,
    ),
    "with a change data feed": (
        written_by_another(partition_by=["week"], configuration={"delta.enableChangeDataFeed": "true"}),
        FEATURES,
        REMEDY,
    ),
    "of a newer protocol": (of_protocol(3, 7, "timestampNtz"), f"{FEATURES} (protocol 3, 7)", REMEDY),
    "with column mapping": (
        of_protocol(2, 5, **{"columnMapping.mode": "name"}),
        f"{FEATURES} (protocol 2, 5)",
        REMEDY,
    ),
    "with a feature that nobody knows": (of_protocol(3, 7, "x"), f"{FEATURES} (Unsupported", REMEDY),
    "whose log lost its beginning": (
        lambda lake: lake.write(f"{TABLE}/_delta_log/{1:020}.json", b"{}"),
        "cannot be opened (",
        f"{REMEDY}; nothing was written.",
    ),
    FOLDER: (
        lambda lake: lake.write(f"{TABLE}/notes.txt", b"theirs"),
        "is no Delta table, and its folder {uri} holds other things (notes.txt)",
        "move them away, then rerun; nothing was written.",
    ),
}
"""How a table came to be, what is said of it, and the remedy."""
KINDS = ["folder", *IN_ACCOUNTS[:1]] if Environment().engine == "sail" else ["folder"]
"""What Spark needs to reach an account is not on the class path of the tests' session."""


@pytest.mark.parametrize("each_lake", KINDS, indirect=True)
@pytest.mark.parametrize(
    ("do", "kind"),
    [*((written, kind) for kind in FOREIGN), *((read, kind) for kind in FOREIGN if kind != FOLDER)],
)
def test_a_table_that_was_not_made_here_is_refused(
    each_lake: Lake, spark_session: SparkSession, kind: str, do: Callable[[Lake, SparkSession], object]
) -> None:
    """Unknown features are read as nulls; other partitions would be emptied, other files mixed with ours."""
    arrange, what, remedy = FOREIGN[kind]
    arrange(each_lake)
    before = everything(each_lake), each_lake.fingerprint(TABLE), each_lake.fingerprint(f"{TABLE}/_delta_log")

    with pytest.raises(TableRefused) as refused:
        do(each_lake, spark_session)

    sentence = str(refused.value)
    assert sentence.startswith(f"{TABLE} {what.format(uri=each_lake.uri(TABLE))}")
    assert remedy in sentence
    after = everything(each_lake), each_lake.fingerprint(TABLE), each_lake.fingerprint(f"{TABLE}/_delta_log")
    assert after == before
