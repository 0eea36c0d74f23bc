"""What Dagster shows of a table before it has run: texts, columns, lineage, code and its version."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dagster as dg
from pandera.api.pyspark.components import Column
from pyspark.sql import types as T

from cloudflix_assets.assets.markdown import inert
from cloudflix_assets.assets.rule_texts import requirements
from cloudflix_assets.names import asset_key, quarantine_path
from cloudflix_assets.versions import hash_of
from spark.datasets import DATASETS
from spark.quality.rules import compiled
from spark.quality.texts import KINDS
from spark.quality.verdict import QUARANTINE
from spark.table import Input, Table

JUDGE = ("spark.quality.verdict", "spark.quality.duplicates", "spark.quality.rules", "spark.quality.digest")
"""Modules that judge every table: their code is part of every table's code version."""

READERS = ("spark.delivery.workers",)
"""Modules that parse landed files: their code is part of the code version of tables of records."""

_LINE = 400
"""The most characters of a line of Python."""

_PROJECT = Path(__file__).parents[2]

_WEEK = dg.TableColumn(
    "week", "date", "Monday on which the week begins", dg.TableColumnConstraints(nullable=False)
)


def table_text(table: Table) -> str:
    """Describe a table; the first sentence must stand alone, because lists show no more."""
    text = f"{table.description}\n\nGrain: {table.grain}."
    if not table.has_quarantine:
        return text
    return f"{text}\n\n`{quarantine_path(table)}` holds its quarantined rows."


def asset_text(text: str, uri: str, code_url: str | None) -> str:
    """Describe an asset: what it is, how Python reads it, and which of its numbers to look at over weeks."""
    page = "docs/read-gold.md"
    shown = f"[{page}]({code_url.rstrip('/')}/{page})" if code_url else f"`{page}`"
    return (
        f"{text}\n\nRead it: {inert(f'deltalake.DeltaTable({uri!r}).to_pandas()', _LINE)} ({shown}).\n\n"
        "Weeks beside each other: *Metadata*, then *Plots*; look at `dagster/partition_row_count` first, and "
        "at `quarantined` where there is a quarantine."
    )


def quarantine_text(table: Table) -> str:
    """Describe a quarantine; the first sentence has at most sixty characters, because lists show no more."""
    return (
        f"Quarantined rows of {table.path}, and why.\n\n"
        f"Input rows of the week that broke rules of the contract. Their samples stand with each "
        f"materialization, their counts in the check `contract` of `{table.path}`."
    )


def check_text(table: Table) -> str:
    """Describe the check: what a broken rule does to a row, and to the week."""
    text = "Every rule of the contract, over every row of the week, before anything is published."
    if not table.has_quarantine:
        return f"{text} A broken rule keeps the week from being published, unless its severity is `warn`."
    return (
        f"{text} `quarantine`: the row goes to `{quarantine_path(table)}`; `warn`: it is kept; `fail`: the "
        f"week is not published, and neither is one of which more than {table.cap:.0%} is quarantined."
    )


def record_name(source_file: str, record_number: int) -> str:
    """Render an address by the delivered file's name: `netflix_cast.csv#5033`."""
    folder, _, name = source_file.rpartition("/")
    delivered = {f"files/{dataset.name}": dataset.file for dataset in DATASETS}
    return f"{delivered.get(folder, name)}#{record_number}"


def column_schema(table: Table, tables: Mapping[str, Table]) -> dg.TableSchema:
    """Return the contract's columns: name, type, description, requirements, and the columns they come from.

    A column's sources stand in its description too: the open-source web UI draws no lineage of columns.
    """
    columns = [_WEEK]
    lineage, requires = column_lineage(table, tables).deps_by_column, requirements(table)
    for name, column in table.contract.to_schema().columns.items():
        rules = [rule.name for rule in compiled(table) if rule.name.startswith(f"{name}: ")]
        told = [rule for rule in rules if rule.partition(": ")[2] not in ("nullable", *KINDS)]
        other = [_requirement(rule, requires) for rule in told]
        constraints = dg.TableColumnConstraints(nullable=bool(column.nullable), other=other)
        sources = [f"`{dep.asset_key.to_user_string()}.{dep.column_name}`" for dep in lineage.get(name, ())]
        text = " ← ".join([str(column.description), *([", ".join(sources)] if sources else [])])
        columns.append(dg.TableColumn(name, column.dtype.type.simpleString(), text, constraints=constraints))
    grain = [f"one row per {', '.join(table.key)}"] if table.key else []
    return dg.TableSchema(columns, dg.TableConstraints(grain))


def _requirement(rule: str, requires: Mapping[str, str]) -> str:
    return requires.get(rule) or rule.partition(": ")[2]


def quarantine_schema() -> dg.TableSchema:
    """Return the columns of a quarantine, the same for every table."""
    columns = [_WEEK]
    columns += [
        dg.TableColumn(field.name, field.dataType.simpleString(), field.metadata["comment"])
        for field in QUARANTINE
    ]
    return dg.TableSchema(columns)


def column_lineage(table: Table, tables: Mapping[str, Table]) -> dg.TableColumnLineage:
    """Return each column's sources: its field's `derived_from`, else the same name in the first input."""
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for name, column in table.contract.to_schema().columns.items():
        told = derived_from(column)
        sources = told if told is not None else _same_name(table, name, tables)
        found = [source.rsplit(".", 1) for source in sources]
        deps[name] = [
            dg.TableColumnDep(asset_key(tables[Input.of(parameter).table].path), column)
            for parameter, column in found
        ]
    return dg.TableColumnLineage({name: found for name, found in deps.items() if found})


def derived_from(column: Column) -> Sequence[str] | None:
    """Return what a column's field says that it comes from: `silver_titles_before.show_id`."""
    told: Sequence[str] | None = (column.metadata or {}).get("derived_from")
    return told


def _same_name(table: Table, column: str, tables: Mapping[str, Table]) -> list[str]:
    parent = tables.get(table.first.table)
    if parent is None or table.first.as_records or column not in parent.contract.to_schema().columns:
        return []
    return [f"{parent.identifier}.{column}"]


def stored_fields(table: Table) -> dict[str, T.StructType]:
    """Return the stored columns of the table and of its quarantine, by path."""
    found = {table.path: table.contract.to_structtype()}
    return found | ({quarantine_path(table): QUARANTINE} if table.has_quarantine else {})


def code_references(function: Callable[..., object], code_url: str | None) -> dg.CodeReferencesMetadataValue:
    """Return the web UI's link to the function that makes an asset: in a local file, or on the web.

    Args:
        function: the function; one outside the project is linked to as a local file.
        code_url: address of the project's top folder, such as `https://github.com/owner/repo/tree/main`;
            None to link to the local file.
    """
    made = inspect.unwrap(function)
    file, line = Path(inspect.getfile(made)), inspect.getsourcelines(made)[1]
    ours = file.is_relative_to(_PROJECT)
    name = file.relative_to(_PROJECT).as_posix() if ours else str(file)
    label = f"{name}:{line}"
    reference = (
        dg.UrlCodeReference(url=f"{code_url.rstrip('/')}/{name}#L{line}", label=label)
        if code_url and ours
        else dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=label)
    )
    return dg.CodeReferencesMetadataValue(code_references=[reference])


def code_version(table: Table) -> str:
    """Hash the code of every module of `spark` that decides the table's content."""
    readers = READERS if table.first.as_records else ()
    return hash_of(frozenset({table.build.__module__, table.contract.__module__, *JUDGE, *readers}))
