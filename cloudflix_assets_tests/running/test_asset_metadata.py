"""What a run and a definition tell: counts, digest, version, columns, lineage; and no staging left."""

from collections.abc import Callable
from dataclasses import replace

import dagster as dg
import pytest

from cloudflix_assets.delta import recorded_digest
from cloudflix_assets.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    TITLE,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    MemorySource,
    credits,
    data_version,
    materialization,
    publication,
    registered,
    titles,
)
from spark.registry import TABLES
from spark.rules import compiled
from spark.table import Layer, Severity, Table

Makes = Callable[..., Lakehouse]
CAST = registered("raw/cast", "bronze/cast", "silver/cast")
ROWS = [(f"Actor {i}", str(i)) for i in range(1, 26)]
SOURCE = MemorySource(
    {week: publication(cast=credits("cast", *ROWS, (None, "26"))) for week in (WEEK_1, WEEK_2)}
)


def specs(lakehouse: Makes) -> dict[str, dg.AssetSpec]:
    """Every asset spec of the product, by path."""
    graph = lakehouse().runner.graph
    return {node.key.to_user_string(): node.assets_def.get_asset_spec(node.key) for node in graph.asset_nodes}


def test_a_materialization_tells_what_was_stored(
    lakehouse: Makes, environment: Environment, instance: dg.DagsterInstance
) -> None:
    """Numbers that differ between the event and the lake would send an operator astray."""
    house = lakehouse(source=SOURCE, tables=CAST)
    assert house.run(WEEK_1).success
    assert house.run(WEEK_2).success
    for path, rows in {
        "silver/cast": 25,
        "silver/cast_quarantine": 1,
        "bronze/cast": 26,
        "raw/cast": 1,
    }.items():
        told = {k: v.value for k, v in materialization(instance, path, WEEK_2).metadata.items()}
        assert told["dagster/partition_row_count"] == rows
        assert told["dagster/uri"] == str(environment.lake_root / path)
        assert told["digest"] == recorded_digest(house.lake, path, WEEK_2)
        assert told["digest"] == data_version(instance, path, WEEK_2)
        assert (told["committed"], told["version"]) == (True, 2)
        assert isinstance(told["bytes"], int)
        assert told["bytes"] > 0


def test_an_unchanged_week_tells_the_version_that_holds_it(
    lakehouse: Makes, instance: dg.DagsterInstance
) -> None:
    """The table's newest version may hold another week."""
    house = lakehouse(source=SOURCE, tables=CAST)
    for week in (WEEK_1, WEEK_2, WEEK_1):
        assert house.run(week).success
    told = {k: v.value for k, v in materialization(instance, "silver/cast", WEEK_1).metadata.items()}
    assert (told["committed"], told["version"]) == (False, 1)


def test_the_contract_check_carries_a_row_per_rule(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """Without the addresses of some broken records, finding them is a query of one's own."""
    house = lakehouse(source=SOURCE, tables=CAST)
    assert house.run(WEEK_1).success
    key = dg.AssetCheckKey(dg.AssetKey(["silver", "cast"]), "contract")
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    event = record.event
    assert event is not None
    assert event.dagster_event is not None
    told = event.dagster_event.asset_check_evaluation_data.metadata
    assert (told["rows"].value, told["quarantined"].value) == (25, 1)
    assert told["digest"].value == data_version(instance, "silver/cast", WEEK_1)
    assert isinstance(told["rules"], dg.TableMetadataValue)
    rules = {row.data["rule"]: row.data for row in told["rules"].records}
    assert list(rules) == [rule.name for rule in compiled(CAST[2])]
    broken = rules["cast: nullable"]
    assert (broken["severity"], broken["broken"], broken["share"]) == ("quarantine", 1, "3.85%")
    assert str(broken["samples"]).endswith("#26")
    assert [rule for rule, row in rules.items() if row["broken"]] == ["cast: nullable"]


def failing(table: Table) -> Table:
    return replace(table, severities={**table.severities, "cast: nullable": Severity.FAIL})


@pytest.mark.parametrize("fails", [False, True])
def test_staging_is_gone_after_a_step(lakehouse: Makes, environment: Environment, fails: bool) -> None:
    """What each run leaves behind adds up to as much as the lake itself."""
    tables = [*CAST[:2], failing(CAST[2]) if fails else CAST[2]]
    result = lakehouse(source=SOURCE, tables=tables).run(WEEK_1)
    assert result.success is not fails
    assert [path for path in environment.lake_root.rglob("*") if "staging" in path.parent.parts] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_definition_tells_its_columns(lakehouse: Makes, table: Table) -> None:
    """The catalogue of the web UI is read before anything has run."""
    spec = specs(lakehouse)[table.path]
    schema = spec.metadata["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    declared = table.contract.to_schema().columns
    assert list(columns) == ["week", *declared]
    assert all(column.description for column in schema.columns)
    for name, column in declared.items():
        assert columns[name].type == column.dtype.type.simpleString()
        assert columns[name].constraints.nullable is column.nullable
    assert spec.metadata["dagster/table_name"] == table.path.replace("/", ".")
    assert spec.group_name == table.layer.value
    assert spec.kinds == {"deltalake", "pyspark"}
    assert list(spec.owners) == list(table.owners)
    assert table.description in (spec.description or "")
    assert spec.code_version


def without_lineage(table: Table) -> set[str]:
    """Columns that come from no column: raw ones, and what a record says as it was delivered."""
    columns = set(table.contract.to_schema().columns)
    return {Layer.RAW: columns, Layer.BRONZE: columns - {"source_file"}}.get(table.layer, set())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_column_has_a_lineage_or_is_declared_without(lakehouse: Makes, table: Table) -> None:
    """A renamed column whose lineage breaks off is found when it is asked for, which is too late."""
    all_specs = specs(lakehouse)
    lineage = all_specs[table.path].metadata["dagster/column_lineage"].deps_by_column
    without = set(table.contract.to_schema().columns) - set(lineage)
    assert without == without_lineage(table)
    for deps in lineage.values():
        for dep in deps:
            parent = all_specs[dep.asset_key.to_user_string()].metadata["dagster/column_schema"]
            assert dep.column_name in {column.name for column in parent.columns}


def test_a_quarantine_tells_its_columns_too(lakehouse: Makes) -> None:
    """Five columns, the same for every table, and whose they are."""
    spec = specs(lakehouse)["silver/titles_quarantine"]
    columns = [column.name for column in spec.metadata["dagster/column_schema"].columns]
    assert columns == ["week", "source_file", "record_number", "record", "broken"]
    assert spec.metadata["dagster/table_name"] == "silver.titles_quarantine"
    assert "silver/titles" in (spec.description or "")
    assert spec.group_name == "silver"


def test_sample_titles_are_of_the_declared_columns() -> None:
    """The helper that these tests deliver with must keep up with the dataset."""
    assert titles({}).startswith(b"\xef\xbb\xbf" + ",".join(TITLE).encode())
