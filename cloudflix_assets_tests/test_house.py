"""The house: how large its rooms may be, what stands where, and who may use private parts of Dagster."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudflix_assets_tests.pages.pages import files_below

ROOT = Path(__file__).parents[1]
PRODUCT, GROUND, TESTS = (ROOT / name for name in ("cloudflix_assets", "spark", "cloudflix_assets_tests"))
MODULES = sorted(path for tree in (PRODUCT, GROUND) for path in tree.rglob("*.py"))
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 250, 40
MOST_FILES, MOST_FOLDERS = 7, 15
WITHOUT_A_ROOM = re.compile(r"loopback(/\w+)?|pages|tables|__snapshots__")
"""Folders of tests that mirror none of `cloudflix_assets/`; `tables/` tests `spark/`."""
ACROSS_ROOMS = {"definitions", "partitions", "house", "walls", "secrets", "security"}
PRIVATE = re.compile(r"\bdagster\w*\._")
USE_PRIVATE_PARTS = re.compile(r".+/(instance|databricks)/.+|.+/automation/conditions.py|.+/runs/runner.py")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def folders(tree: Path) -> Iterator[str]:
    """Every folder below a tree that holds something of ours, relative to the tree."""
    kept = {path.parent.relative_to(tree).as_posix() for path in files_below(tree)}
    yield from sorted(name for name in kept if not name.startswith("."))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_can_be_read_at_once(path: Path) -> None:
    """What grows beyond this has two subjects."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES, f"{relative(path)}: split it"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= MOST_LINES_OF_A_FUNCTION, f"{relative(path)}:{node.lineno} has {lines} lines"


def test_the_top_of_the_house_is_seen_at_once() -> None:
    """Fifty-four modules lay there flat once."""
    files = [path.name for path in PRODUCT.glob("*.py") if path.name != "__init__.py"]
    rooms = [name for name in folders(PRODUCT) if "/" not in name]
    assert len(files) <= MOST_FILES, f"give {sorted(files)} a folder"
    assert len(rooms) <= MOST_FOLDERS, f"find a room for one of {rooms}"


@pytest.mark.parametrize("tree", [PRODUCT, GROUND, TESTS], ids=relative)
def test_every_folder_is_a_package(tree: Path) -> None:
    """Import contracts do not see a folder without an `__init__.py`."""
    found = [name for name in folders(tree) if not (tree / name / "__init__.py").is_file()]
    assert [name for name in found if name != "__snapshots__"] == []


def test_tests_lie_where_their_subject_lies() -> None:
    """A test that nobody finds is written again."""
    rooms = set(folders(PRODUCT))
    strange = [name for name in folders(TESTS) if name not in rooms and not WITHOUT_A_ROOM.fullmatch(name)]
    assert strange == [], "name it like the folder of cloudflix_assets/ that it tests"
    at_the_top = {path.stem.removeprefix("test_") for path in TESTS.glob("test_*.py")}
    assert at_the_top == ACROSS_ROOMS, "put it into the folder of what it tests"
    assert [relative(path) for path in MODULES if path.name.startswith("test_")] == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_private_parts_of_dagster_are_used_in_four_places(path: Path) -> None:
    """A new patch release may change them: whoever moves the pin must know where to look."""
    if USE_PRIVATE_PARTS.fullmatch(relative(path)):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", "") or ""
            names = [f"{module}.{alias.name}" if module else alias.name for alias in node.names]
            found = [name for name in names if PRIVATE.match(name) or name.startswith("dagster_shared")]
            assert found == [], f"{relative(path)}:{node.lineno}: belongs to instance/ or databricks/"
