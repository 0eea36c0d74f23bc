"""What a run and a definition tell: counts, digest, version, columns, lineage; and no staging left."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cloudflix_assets.assets.description import code_references
from cloudflix_assets.delta import preview
from cloudflix_assets.delta.log import committed_digest
from cloudflix_assets.names import GROUPS, table_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    PATHS,
    TITLE,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    checked,
    data_version,
    lookup,
    materialization,
    publication,
    registered,
    titles,
)
from spark.quality.rules import compiled
from spark.registry import TABLES
from spark.table import Layer, Severity, Table

CAST = registered("raw/cast", "bronze/cast", "silver/cast")
ROWS = [(f"Actor {i}", str(i)) for i in range(1, 26)]
SOURCE = MemorySource(
    {week: publication(cast=lookup("cast", *ROWS, (None, "26"))) for week in (WEEK_1, WEEK_2)}
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
    stored = {"silver/cast": 25, "silver/cast_quarantine": 1, "bronze/cast": 26, "raw/cast": 1}
    for path, rows in stored.items():
        told = {k: v.value for k, v in materialization(instance, path, WEEK_2).metadata.items()}
        assert told["dagster/partition_row_count"] == rows
        assert told["dagster/uri"] == str(environment.lake_root / path)
        assert told["digest"] == committed_digest(house.lake, path, WEEK_2)
        assert told["digest"] == data_version(instance, path, WEEK_2)
        assert (told["committed"], told["version"]) == (True, 2)
        assert isinstance(told["bytes"], int)
        assert told["bytes"] > 0


@pytest.mark.both_engines
def test_a_materialization_shows_the_first_rows(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """Whoever looked at a table saw numbers and no row; a long or a hostile text must not spoil the page."""
    rows = [("Ann\u202eLee " + "x" * 190, "1"), *((f"Actor {i}", str(i)) for i in range(2, 26))]
    source = MemorySource({WEEK_1: publication(cast=lookup("cast", *rows))})
    house = lakehouse(source=source, tables=CAST)

    def shown(path: str) -> list[dict[str, Any]]:
        told = materialization(instance, path, WEEK_1).metadata["first rows"]
        assert isinstance(told, dg.TableMetadataValue)
        return [dict(record.data) for record in told.records]

    assert house.run(WEEK_1).success
    first = shown("silver/cast")
    assert len(first) == preview.ROWS
    assert {row["cast"] for row in first} <= {row["cast"] for row in house.rows("silver/cast", WEEK_1)} | {
        next(row["cast"] for row in first if "\\u202e" in row["cast"])
    }
    assert {len(row["cast"]) for row in first} == {preview.LINE // len(first[0]), len("Actor 2")}
    house.run(WEEK_1)
    assert shown("silver/cast") == first
    assert "first rows" not in materialization(instance, "silver/cast_quarantine", WEEK_1).metadata


def test_an_unchanged_week_tells_the_version_that_holds_it(
    lakehouse: Makes, instance: dg.DagsterInstance
) -> None:
    """The table's newest version may hold another week."""
    house = lakehouse(source=SOURCE, tables=CAST)
    for week in (WEEK_1, WEEK_2, WEEK_1):
        assert house.run(week).success
    told = {k: v.value for k, v in materialization(instance, "silver/cast", WEEK_1).metadata.items()}
    assert (told["committed"], told["version"], told["bytes"]) == (False, 1, 0)
    assert told["dagster/partition_row_count"] == 25
    assert told["digest"] == committed_digest(house.lake, "silver/cast", WEEK_1)


def test_the_contract_check_carries_a_row_per_rule(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """Without the addresses of some broken records, finding them is a query of one's own."""
    house = lakehouse(source=SOURCE, tables=CAST)
    assert house.run(WEEK_1).success
    (evaluation,) = checked(instance, "silver/cast")
    told = evaluation.metadata
    assert (told["rows"].value, told["quarantined"].value) == (25, 1)
    assert told["digest"].value == data_version(instance, "silver/cast", WEEK_1)
    assert isinstance(told["rules"], dg.TableMetadataValue)
    first, *others = told["rules"].records
    assert first.data == {
        "rule": "cast: nullable",
        "requires": "not null",
        "broken": 1,
        "share": "3.85%",
        "severity": "quarantine",
        "samples": "netflix_cast.csv#26",
    }
    unbroken = [rule.name for rule in compiled(CAST[2]) if rule.name != "cast: nullable"]
    assert [row.data["rule"] for row in others] == unbroken
    assert [row.data["rule"] for row in others if row.data["broken"]] == []
    assert evaluation.description == "25 rows accepted, 1 quarantined"


def test_a_warning_passes(lakehouse: Makes, instance: dg.DagsterInstance) -> None:
    """The web UI calls a check that warns `Failed`, in orange: a healthy lake looked ill."""
    warning = replace(CAST[2], severities={**CAST[2].severities, "cast: nullable": Severity.WARN})
    assert lakehouse(source=SOURCE, tables=[*CAST[:2], warning]).run(WEEK_1).success
    (evaluation,) = checked(instance, "silver/cast")
    assert (evaluation.passed, evaluation.metadata["warnings"].value) == (True, 1)
    assert evaluation.description == "26 rows accepted, 0 quarantined; 1 kept in which cast is empty"


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
    assert spec.group_name == GROUPS[table.layer]
    assert spec.kinds == {"deltalake", "pyspark"}
    assert list(spec.owners) == list(table.owners)
    assert (spec.description or "").startswith(table.description)
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


def columns(lakehouse: Makes, path: str) -> dict[str, dg.TableColumn]:
    """The columns that the web UI shows of a table."""
    return {
        column.name: column for column in specs(lakehouse)[path].metadata["dagster/column_schema"].columns
    }


def test_a_column_tells_what_it_requires_and_where_it_comes_from(lakehouse: Makes) -> None:
    """`gt` without its number says nothing, and the open-source web UI draws no lineage of columns."""
    told = columns(lakehouse, "silver/titles")
    assert told["show_id"].constraints.other == ["> 0", "a whole number"]
    assert told["type"].constraints.other == ["one of Movie, TV Show"]
    assert told["duration_minutes"].constraints.other == ["≥ 1", "≤ 900", "a whole number"]
    assert told["rating_group"].description == "Rating up to its first hyphen ← `bronze/titles.rating`"
    assert columns(lakehouse, "silver/cast")["cast"].constraints.other == ["a name of at most 6 words"]
    assert columns(lakehouse, "gold/cast")["show_id"].constraints.other == ["a title of gold/titles"]
    assert columns(lakehouse, "bronze/cast")["cast"].description == "cast, as delivered"


def test_the_first_line_of_every_description_stands_alone(lakehouse: Makes) -> None:
    """The catalogue of the web UI has room for sixty characters, and runs the lines together."""
    lines = {path: (spec.description or "").splitlines()[0] for path, spec in specs(lakehouse).items()}
    assert {path: line for path, line in lines.items() if len(line) > 62 or not line.endswith(".")} == {}
    assert len(set(lines.values())) == len(lines)


def test_a_quarantine_tells_its_columns_too(lakehouse: Makes) -> None:
    """Five columns, the same for every table, and whose they are."""
    spec = specs(lakehouse)["silver/titles_quarantine"]
    columns = [column.name for column in spec.metadata["dagster/column_schema"].columns]
    assert columns == ["week", "source_file", "record_number", "record", "broken"]
    assert spec.metadata["dagster/table_name"] == "silver.titles_quarantine"
    assert "silver/titles" in (spec.description or "")
    assert spec.group_name == "5_quarantine"


def test_sample_titles_are_of_the_declared_columns() -> None:
    """The helper that these tests deliver with must keep up with the dataset."""
    assert titles({}).startswith(b"\xef\xbb\xbf" + ",".join(TITLE).encode())


def references(house: Lakehouse) -> dict[str, Any]:
    """The link to the code of each asset."""
    return {
        path: spec.metadata["dagster/code_references"].code_references[0]
        for path, spec in specs(lambda: house).items()
    }


def test_an_asset_leads_to_the_function_that_builds_it(lakehouse: Makes) -> None:
    """A link to the factory would lead from every table to the same line."""
    found = references(lakehouse())
    assert Path(found.pop("publication").file_path).name == "land.py"
    assert set(found) == set(PATHS)
    for path, reference in found.items():
        layer, _, name = table_of(path).partition("/")
        file = Path(reference.file_path)
        assert file.name in {f"{name}.py", f"{layer}.py"}
        line = file.read_text(encoding="utf-8").splitlines()[reference.line_number - 1]
        assert line.lstrip().startswith("def "), line


def test_a_table_from_elsewhere_leads_to_its_own_file(
    environment: Environment, instance: dg.DagsterInstance
) -> None:
    """`build_defs` takes tables of another project, whose files lie beside no file of this one."""
    text = "def build(raw_cast_records):\n    return raw_cast_records\n"
    file = environment.home.parent / "theirs.py"
    file.write_text(text)
    scope: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), scope)
    (reference,) = code_references(scope["build"], "https://example.com/ours").code_references
    assert reference.label == f"{file}:1"


def test_an_asset_leads_to_the_code_on_the_web(
    environment: Environment, instance: dg.DagsterInstance
) -> None:
    """Whoever looks from another machine has no file to open."""
    url = "https://example.com/owner/repo/tree/main"
    house = Lakehouse(environment.model_copy(update={"code_url": f"{url}/"}), instance)
    found = references(house)["gold/titles"].url
    assert re.fullmatch(rf"{re.escape(url)}/spark/gold/titles\.py#L\d+", found)
