"""The walls of the house: what `spark/` may not know, and what every table must have."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloudflix_assets_tests.tables import test_lookups
from spark.datasets import DATASETS, Dataset
from spark.quality.rules import compiled
from spark.registry import TABLES
from spark.table import PUBLICATION, Layer, Table

ROOT = Path(__file__).parents[1]
# rules.py holds the pattern that finds such patterns in contracts.
SPARK_FILES = sorted(path for path in (ROOT / "spark").rglob("*.py") if path.name != "rules.py")
BY_NAME = {table.identifier: table for table in TABLES}
JUDGED = [table for table in TABLES if table.layer in {Layer.SILVER, Layer.GOLD}]
RESERVED_TABLES = {"delivered", "files", "incremental", "landing", "landed", "refused", "staging"}

UNPORTABLE = {
    "white space is [\\p{Z}\\s], together": r"(?<!\\p\{Z\})\\s",
    "classes are written out": r"\\[wWdDbBS]",
    "the end is \\z, because $ sees a final line break": r"\$",
    "no lookaround": r"\(\?<?[=!]",
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_parameter_names_a_table_of_the_registry(table: Table) -> None:
    """A misspelt parameter would only fail when the definitions load, far from its cause."""
    named = {wanted.table for wanted in table.read}
    unknown = named - {*BY_NAME, PUBLICATION}
    assert unknown == set(), (
        f"{table.path} reads {', '.join(unknown)}, which no table of the registry is called"
    )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_table_and_column_says_what_it_is(table: Table) -> None:
    """A column without a description is a question to its author."""
    assert table.description, f"{table.path}: give its contract a docstring"
    assert table.grain, f"{table.path}: say what one row is, as grain"
    assert table.owners, f"{table.path}: name its owners"
    undescribed = [n for n, c in table.contract.to_schema().columns.items() if not c.description]
    assert undescribed == [], f"{table.path}: describe {', '.join(undescribed)}, as pa.Field(description=…)"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_contract_compiles_to_named_rules(table: Table) -> None:
    """A rule that cannot be compiled must be an error at load time, never skipped."""
    assert compiled(table), f"{table.path}: its contract has no rule, so nothing of it is judged"


@pytest.mark.parametrize("layer", [Layer.SILVER, Layer.GOLD])
def test_every_module_of_a_layer_is_registered(layer: Layer) -> None:
    """A new module that nobody lists would silently never run."""
    registered = {table.name for table in TABLES if table.layer is layer}
    modules = {path.stem for path in (ROOT / "spark" / layer.value).glob("[a-z]*.py")}
    for name in sorted(modules - registered):
        pytest.fail(
            f"spark/{layer.value}/{name}.py stands in no line of spark/registry.py: add it to TABLES",
            pytrace=False,
        )
    assert registered <= modules, (
        f"name the modules of {registered - modules} in spark/{layer.value}/ like their tables"
    )


@pytest.mark.parametrize("table", JUDGED, ids=lambda table: table.path)
def test_every_table_has_tests(table: Table) -> None:
    """A contract that no test breaks may hold nothing."""
    names = {f"test_{table.name}.py", f"test_{table.identifier}.py"}
    there = {path.name for path in (ROOT / "cloudflix_assets_tests" / "tables").glob("test_*.py")}
    assert table.name in test_lookups.COLUMNS or names & there, (
        f"{table.path} has no tests: write cloudflix_assets_tests/tables/test_{table.name}.py, "
        "or add a lookup to COLUMNS of test_lookups.py"
    )


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_dataset_is_described_and_free_of_reserved_names(dataset: Dataset) -> None:
    """`raw/files` holds the landed bytes, and bronze adds columns of its own to every file."""
    assert dataset.description, f"{dataset.name}: say in spark/datasets.py what it holds"
    assert dataset.name not in RESERVED_TABLES, f"{dataset.name} is a name that the lake keeps for itself"
    assert dataset.file.lower().endswith(".csv"), f"{dataset.name}: its file {dataset.file} is no .csv"
    same = [d.name for d in DATASETS if d.name == dataset.name or d.file.lower() == dataset.file.lower()]
    assert len(same) == 1, f"{' and '.join(same)}: give each a name and a file of its own"
    assert dataset.key is None or dataset.key in dataset.columns, f"{dataset.name} has no {dataset.key}"


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_every_alias_and_option_is_of_a_declared_column(dataset: Dataset) -> None:
    """A misspelt one would be believed and never apply; one name for two columns would swap them."""
    named = {*dataset.aliases, *dataset.optional, *dataset.examples}
    assert named <= set(dataset.columns), f"{dataset.name} declares no {named - set(dataset.columns)}"
    aliases = [alias for column in dataset.aliases.values() for alias in column]
    names = [name.casefold() for name in (*dataset.columns, *aliases)]
    assert len(set(names)) == len(names), f"{dataset.name}: a name stands for two columns"


def test_foreign_keys_point_at_gold_keys() -> None:
    """A parent without a unique key would multiply rows."""
    for table in TABLES:
        for foreign in table.foreign_keys:
            parent = BY_NAME[foreign.parent]
            assert parent.layer is Layer.GOLD, f"{table.path}: {foreign.parent} is no gold table"
            assert parent.key == (foreign.column,), (
                f"{table.path}: {foreign.column} is not the key of {parent.path}"
            )


@pytest.mark.parametrize("path", SPARK_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_patterns_mean_the_same_on_every_engine(path: Path) -> None:
    """Sail reads classes such as white space as Unicode and `$` strictly; the JVM does not."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = {
        ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, _DOCUMENTED)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in documented:
            for reason, pattern in UNPORTABLE.items():
                assert not re.search(pattern, node.value), f"{path.name}:{node.lineno}: {reason}"


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "import time",
        "import dagster",
        "import dagster_pyspark",
        "import subprocess",
        "import uuid",
        "from cloudflix_assets import lake",
        "from datetime import datetime\n\nNOW = datetime.now()",
        "from pyspark.sql import functions as F\n\nBAD = F.initcap('x')",
        "from pyspark.sql import functions as F\n\nBAD = F.current_date()",
        "from pyspark.sql import functions as F\n\nBAD = F.expr('now()')",
        "from pyspark.sql import functions as F\n\nBAD = F.round('x')",
    ],
)
def test_lint_keeps_the_ground_floor_free_of(line: str) -> None:
    """Without this, a clock or an expression on which the engines differ slips into a table."""
    ruff = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename", "spark/probe.py"]
    found = subprocess.run([*ruff, "-"], input=line, capture_output=True, text=True, cwd=ROOT, check=False)
    assert found.returncode == 1
    assert "TID251" in found.stdout


AZURITE = "cloudflix_assets_tests/loopback/azure"
NPM = [f"{AZURITE}/{name}" for name in ("package.json", "package-lock.json", ".npmrc")]


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "Makefile", ".ci/run", *NPM])
def test_no_committed_file_names_an_address_of_a_registry(name: str) -> None:
    """A mirror's users must not be sent to somebody else's index."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?://|index-url\s*=|--(extra-)?index-url", text)


def test_the_smaller_side_of_a_join_stands_left() -> None:
    """Sail holds the left side of a join: with `left`, every record of a week was held."""
    for path in SPARK_FILES:
        for call in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "join"
            ):
                held = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
                assert not {"left", "left_semi", "left_anti", "outer"} & {*held}, (
                    f"{path.relative_to(ROOT)}:{call.lineno}: begin the join with its smaller side, "
                    'as in `few.join(all, …, "right")`'
                )
