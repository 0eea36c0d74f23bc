"""docs/add-a-file.md, followed to the letter in a copy of the project; then files renamed and removed."""

import re
import shutil
from pathlib import Path

import pytest

from cloudflix_assets.names import quarantine_of
from cloudflix_assets_tests.pages.pages import Copy

pytestmark = pytest.mark.slow  # a page that is carried out
PAGE = "add-a-file.md"
UNRUN = frozenset({"make check"})  # what it adds here to the tests below takes a minute

TABLES = ["raw/books", "bronze/books", "silver/books", "gold/books"]
FILE = "isbn,title,pages,published\n7,A Book,96,9/30/2019\n8,Another,,\n"


def test_every_record_of_the_new_file_is_accounted_for(project: Copy) -> None:
    """A file that reaches bronze and stops there would look as if it had been delivered empty."""
    lake = ".cloudflix/lake"
    found = {path: project.rows(f"{lake}/{path}") for path in TABLES}
    assert list(found["raw/books"].values()) == [1, 1]
    for week in found["raw/books"]:
        assert found["bronze/books"][week] == 1_000
        for before, after in (("bronze", "silver"), ("silver", "gold")):
            refused = project.rows(f"{lake}/{quarantine_of(f'{after}/books')}")[week]
            assert found[f"{before}/books"][week] == found[f"{after}/books"][week] + refused


@pytest.fixture
def library(project: Copy, tmp_path: Path) -> Copy:
    """A copy of which nothing is left of the catalogue: its files, their tables, what asks for them."""
    ignored = shutil.ignore_patterns(".cloudflix")
    shutil.copytree(project.folder, tmp_path / "library", symlinks=True, ignore=ignored)
    copy = Copy(tmp_path / "library")
    for name in ("titles", "cast", "category", "countries", "directors"):
        replace(copy, "spark/datasets.py", rf'    Dataset\(\n        "{name}",\n.*?^    \),\n', "")
        replace(copy, "spark/registry.py", rf"^from spark\.\w+ import {name} as .*?\n", "", 2)
        replace(copy, "spark/registry.py", rf"^    \w+_{name}\.TABLE,\n", "", 2)
        for layer in ("silver", "gold"):
            (copy.folder / "spark" / layer / f"{name}.py").unlink()
    return copy


def test_a_file_and_its_dataset_are_renamed(library: Copy) -> None:
    """The name of a file stands in one place, and so does that of a dataset, but for what reads it."""
    replace(library, "spark/datasets.py", '"books.csv"', '"Library of 2026.csv"')
    deliver(library, "Library of 2026.csv")
    own = ("--week", "2026-11-16", "--source", "own", "--home", "own-home")
    run(library, *own)
    replace(library, "spark/datasets.py", '"books"', '"volumes"')
    replace(library, "spark/silver/books.py", "bronze_books", "bronze_volumes", 2)
    run(library, *own)
    assert library.rows("own-home/lake/bronze/volumes") == {"2026-11-16": 2}
    assert library.rows("own-home/lake/gold/books") == {"2026-11-16": 2}


def run(copy: Copy, *arguments: str, code: int = 0) -> str:
    return copy.run([".venv/bin/cloudflix", "run", *arguments], code)


def deliver(copy: Copy, name: str) -> None:
    (copy.folder / "own").mkdir()
    (copy.folder / "own" / name).write_text(FILE)


def replace(copy: Copy, file: str, pattern: str, new: str, times: int = 1) -> None:
    """Replace what matches in a file, which must be so often there."""
    path = copy.folder / file
    text, found = re.subn(pattern, new, path.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert found == times, f"{file} has {found} times {pattern}"
    path.write_text(text)
