"""What Dagster shows of a table before it has run: columns, lineage, code version."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
from pyspark.sql import types as T

from spark.quality import QUARANTINE
from spark.rules import compiled
from spark.table import RECORDS, Table, upstream

JUDGE = ("spark.quality", "spark.rules", "spark.digest")
"""Modules that take part in every step, whatever its table imports."""

_QUARANTINE_TEXTS = {
    "source_file": "Landed file, relative to raw",
    "record_number": "1-based, after the header",
    "record": "The refused input row, JSON",
    "broken": "Names of the rules it broke, sorted",
}


def asset_key(path: str) -> dg.AssetKey:
    """`silver/titles` as Dagster's key."""
    return dg.AssetKey(path.split("/"))


def table_name(path: str) -> str:
    """`silver/titles` as a name for queries: `silver.titles`."""
    return path.replace("/", ".")


def column_schema(table: Table) -> dg.TableSchema:
    """Names, types and texts of the contract, with the rules that each column must keep."""
    columns = [dg.TableColumn("week", "date", "Monday on which the week begins")]
    for name, column in table.contract.to_schema().columns.items():
        rules = [rule.name for rule in compiled(table) if rule.name.startswith(f"{name}: ")]
        other = [rule.removeprefix(f"{name}: ") for rule in rules if not rule.endswith(": nullable")]
        constraints = dg.TableColumnConstraints(nullable=bool(column.nullable), other=other)
        type_ = column.dtype.type.simpleString()
        columns.append(dg.TableColumn(name, type_, column.description, constraints=constraints))
    grain = [f"one row per {', '.join(table.key)}"] if table.key else []
    return dg.TableSchema(columns, dg.TableConstraints(grain))


def quarantine_schema() -> dg.TableSchema:
    """Columns of every quarantine."""
    columns = [dg.TableColumn("week", "date", "Monday on which the week begins")]
    columns += [
        dg.TableColumn(field.name, field.dataType.simpleString(), _QUARANTINE_TEXTS[field.name])
        for field in QUARANTINE
    ]
    return dg.TableSchema(columns)


def column_lineage(table: Table, tables: Mapping[str, Table]) -> dg.TableColumnLineage:
    """Where each column comes from: what its field says, else the same name in the first input."""
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for name, column in table.contract.to_schema().columns.items():
        told = (column.metadata or {}).get("derived_from")
        sources = told if told is not None else _same_name(table, name, tables)
        found = [source.rsplit(".", 1) for source in sources]
        deps[name] = [dg.TableColumnDep(asset_key(tables[parent].path), column) for parent, column in found]
    return dg.TableColumnLineage({name: found for name, found in deps.items() if found})


def _same_name(table: Table, column: str, tables: Mapping[str, Table]) -> list[str]:
    first = table.parameters[0]
    parent = tables.get(upstream(first))
    if parent is None or first.endswith(RECORDS) or column not in parent.contract.to_schema().columns:
        return []
    return [f"{parent.identifier}.{column}"]


def stored_fields(table: Table) -> dict[str, T.StructType]:
    """Columns of the table and of its quarantine, by path."""
    found = {table.path: table.contract.to_structtype()}
    return found | ({quarantine_path(table): QUARANTINE} if table.has_quarantine else {})


def quarantine_path(table: Table) -> str:
    """`silver/titles_quarantine`."""
    return f"{table.path}_quarantine"


@cache
def code_version(table: Table) -> str:
    """Hash of the syntax trees of every module of `spark` that decides what this table is."""
    modules = _closure({table.build.__module__, table.contract.__module__, *JUDGE})
    digest = sha256()
    for name in sorted(modules):
        digest.update(f"{name}\n{ast.unparse(_tree(name))}\n".encode())
    return digest.hexdigest()[:12]


def _closure(names: set[str]) -> set[str]:
    seen: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _imported(name)
    return seen


def _imported(name: str) -> Iterator[str]:
    """Modules of the same package that a module imports."""
    package = name.partition(".")[0]
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == package:
            yield node.module
            yield from (m for a in node.names if _source(m := f"{node.module}.{a.name}"))
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.partition(".")[0] == package)


@cache
def _tree(name: str) -> ast.Module:
    source = _source(name)
    return ast.parse(source.read_text(encoding="utf-8")) if source else ast.Module([], [])


@cache
def _source(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
