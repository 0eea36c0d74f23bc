"""Tables that were not made here, in a folder and in an account: neither read nor written, and untouched."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, Schema, write_deltalake
from deltalake.schema import PrimitiveType
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


def written_by_another(week: object = WEEK_1, **options: Any) -> Callable[[Lake], None]:
    """Arranges a table that a stock writer made."""
    row = pa.table({"id": [1], "name": ["one"], "week": [week]})

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


def with_invariant(lake: Lake) -> None:
    """Arranges a table with a rule that writers must keep, of a protocol that every engine here knows."""
    rule = {"delta.invariants": json.dumps({"expression": {"expression": "id > 100"}})}
    fields = [Field("id", PrimitiveType("long"), metadata=rule), Field("week", PrimitiveType("date"))]
    options = dict(lake.storage_options or {})
    DeltaTable.create(lake.delta_uri(TABLE), Schema(fields), partition_by=["week"], storage_options=options)


def upgraded(lake: Lake) -> None:
    """Arranges a table of ours whose next commit asks for a feature that delta-rs does not know."""
    written_by_another(partition_by=["week"])(lake)
    protocol = {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["x"],
        "writerFeatures": ["x"],
    }
    lake.write(f"{TABLE}/_delta_log/{1:020}.json", json.dumps({"protocol": protocol}).encode())


FEATURES = (
    f"{TABLE} has Delta features that not every engine here reads ({{}}): move it away and rerun its weeks, "
    "or rebuild it without these features."
)
PARTITIONED = f"{TABLE} is partitioned by {{}}, not by week: it was not made here; move it away, then rerun."
WEEKS = f"{TABLE} stores its weeks as {{}}, not as date: it was not made here; move it away, then rerun."
DAMAGED = (
    f"{TABLE} cannot be opened ({{}}): restore {{uri}} from a backup, or move it away and rerun its weeks; "
    "nothing was written."
)
OCCUPIED = (
    f"{TABLE} is no Delta table, and its folder {{uri}} holds other things ({{}}): move them away, then "
    "rerun; nothing was written."
)
UNKNOWN = "Unsupported: Feature 'x' is not supported"
FOREIGN: Mapping[str, tuple[Callable[[Lake], None], str, str]] = {
    "partitioned by another column": (written_by_another(partition_by=["name"]), PARTITIONED, "['name']"),
    "not partitioned": (written_by_another(), PARTITIONED, "nothing"),
    "whose weeks are text": (written_by_another(str(WEEK_1), partition_by=["week"]), WEEKS, "string"),
    "with deletion vectors": (
        written_by_another(partition_by=["week"], configuration={"delta.enableDeletionVectors": "true"}),
        FEATURES,
        "protocol 3, 7",
    ),
    "with a change data feed": (
        written_by_another(partition_by=["week"], configuration={"delta.enableChangeDataFeed": "true"}),
        FEATURES,
        "protocol 1, 4",
    ),
    "of a newer protocol": (of_protocol(3, 7, "timestampNtz"), FEATURES, "protocol 3, 7"),
    "with column mapping": (of_protocol(2, 5, **{"columnMapping.mode": "name"}), FEATURES, "protocol 2, 5"),
    "with an invariant": (with_invariant, FEATURES, "an invariant of the column id"),
    "with a feature that nobody knows": (of_protocol(3, 7, "x"), FEATURES, UNKNOWN),
    "that was upgraded to such a feature": (upgraded, FEATURES, UNKNOWN),
    "whose log lost its beginning": (
        lambda lake: lake.write(f"{TABLE}/_delta_log/{1:020}.json", b"{}"),
        DAMAGED,
        "No table metadata or protocol found in delta log.",
    ),
    "that is a folder of something else": (
        lambda lake: lake.write(f"{TABLE}/notes.txt", b"theirs"),
        OCCUPIED,
        "notes.txt",
    ),
}
"""How a table came to be, the sentence that refuses it, and what it names."""
KINDS = ["folder", *IN_ACCOUNTS[:1]] if Environment().engine == "sail" else ["folder"]
"""What Spark needs to reach an account is not on the class path of the tests' session."""


@pytest.mark.parametrize("each_environment", KINDS, indirect=True)
@pytest.mark.parametrize(
    ("do", "kind"),
    [
        *((written, kind) for kind in FOREIGN),
        *((read, kind) for kind in FOREIGN if FOREIGN[kind][1] != OCCUPIED),
    ],
)
def test_a_table_that_was_not_made_here_is_refused(
    each_lake: Lake, spark_session: SparkSession, kind: str, do: Callable[[Lake, SparkSession], object]
) -> None:
    """Unknown features are read as nulls; other partitions would be emptied, other files mixed with ours."""
    arrange, template, what = FOREIGN[kind]
    arrange(each_lake)
    before = everything(each_lake), each_lake.fingerprint(TABLE), each_lake.fingerprint(f"{TABLE}/_delta_log")

    with pytest.raises(TableRefused) as refused:
        do(each_lake, spark_session)

    assert str(refused.value) == template.format(what, uri=each_lake.uri(TABLE))
    after = everything(each_lake), each_lake.fingerprint(TABLE), each_lake.fingerprint(f"{TABLE}/_delta_log")
    assert after == before
