"""SECURITY.md is true where a test can tell: no code from data, no pickle, no port beyond this machine."""

import ast
import re
from pathlib import Path

import pytest
from dagster_webserver.cli import DEFAULT_WEBSERVER_HOST
from typer.testing import CliRunner

from cloudflix_assets.cli.commands import app
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, MemorySource, lookup, publication, registered

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for package in ("spark", "cloudflix_assets") for path in (ROOT / package).rglob("*.py"))
SERIALIZERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
MADE_CODE = {"eval", "exec", "compile", "__import__"}
SHELLS = {("os", "system"), ("os", "popen"), ("yaml", "load"), ("yaml", "unsafe_load")}
FORMULA = '=HYPERLINK("http://example.invalid","Win")'
CAST = registered("raw/cast", "bronze/cast", "silver/cast")


def dangers(tree: ast.AST) -> set[str]:
    """What in a module would run data, or read it as objects."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & SERIALIZERS
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or ""} & SERIALIZERS
        elif isinstance(node, ast.Call):
            found |= {keyword.arg or "" for keyword in node.keywords if _is_true(keyword.value)} & {"shell"}
            found |= _called(node.func)
    return found


def _called(function: ast.expr) -> set[str]:
    if isinstance(function, ast.Name):
        return {function.id} & MADE_CODE
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        name = (function.value.id, function.attr)
        return {".".join(name)} if name in SHELLS else set()
    return set()


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_runs_data_or_reads_it_as_objects(path: Path) -> None:
    """A lint can be silenced in a line; this cannot."""
    assert dangers(ast.parse(path.read_text(encoding="utf-8"))) == set()


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from cloudpickle import loads",
        "eval(text)",
        "exec(text)",
        "os.system(text)",
        "yaml.load(text)",
        "subprocess.run(text, shell=True)",
    ],
)
def test_each_danger_is_seen(line: str) -> None:
    """A search that finds nothing must be able to."""
    assert len(dangers(ast.parse(line))) == 1


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_settings_are_read_in_one_place(path: Path) -> None:
    """A second reader would be where a secret leaks from."""
    if path.name != "environment.py":
        assert "getenv" not in path.read_text(encoding="utf-8")
        assert not re.search(r"environ(\.get\(|\[)\s*[\"']CLOUDFLIX", path.read_text(encoding="utf-8"))


def test_a_formula_stays_text_and_no_pickle_is_left(environment: Environment) -> None:
    """Dagster's default would pickle every value between steps, and run what lies there when it is read."""
    files = publication(cast=lookup("cast", (FORMULA, "1"), ("Ann", "2")))
    with open_instance(environment) as instance:
        house = Lakehouse(environment, instance, source=MemorySource({WEEK_1: files}), tables=CAST)
        assert house.run(WEEK_1).success
        assert FORMULA in {row["cast"] for row in house.rows("silver/cast", WEEK_1)}
        assert instance.telemetry_enabled is False
    written = [path for path in environment.home.rglob("*") if path.is_file()]
    assert len(written) > 10
    assert [path for path in written if path.read_bytes()[:1] == b"\x80"] == []  # how each pickle begins


def test_nothing_listens_beyond_this_machine(environment: Environment) -> None:
    """Neither the web UI nor the engine asks who is there."""
    assert DEFAULT_WEBSERVER_HOST == "127.0.0.1"
    assert "--host" not in CliRunner().invoke(app, ["dev", "--help"]).output
    if environment.engine == "sail":
        url = start_engine(environment).spark_config["spark.remote"]
        assert url.startswith("sc://127.0.0.1:")


def test_every_locked_package_has_a_hash_and_is_held_to_it() -> None:
    """One package without would be whatever a registry answers."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE | re.IGNORECASE)[1:]
    assert len(packages) > 100
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+(\[.+\])?==\S+", package), package
        assert "--hash=sha256:" in package, package
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    installs = [
        line for line in makefile.splitlines() if "pip install" in line and "--editable ." not in line
    ]
    assert len(installs) == 3
    assert all("--require-hashes" in line for line in installs)
