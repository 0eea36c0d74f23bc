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
OF_DATASETS = (
    *("assets/test_asset_metadata.py", "assets/test_rule_texts.py", "automation/test_jobs_and_schedule.py"),
    *(
        "cli/test_bad_settings.py",
        "layouts/test_declaration.py",
        "pages/test_docs.py",
        "pages/test_readme.py",
    ),
    *("sources/test_directory.py", "sources/test_dropped.py", "sources/test_github.py"),
    *("sources/test_sample.py", "sources/test_sample_folder.py", "sources/test_sample_truth.py"),
    *("tables/test_books.py", "tables/test_determinism.py", "tables/test_headers.py"),
    *("tables/test_lookups.py", "tables/test_texts.py", "test_definitions.py", "test_walls.py"),
)
"""Tests that know how many files and tables there are, or ask each of them something."""


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


def test_the_tests_hold_for_the_new_file(project: Copy) -> None:
    """Whoever followed the page had 27 failures and 150 errors, none of which was theirs."""
    tests = [f"cloudflix_assets_tests/{path}" for path in OF_DATASETS]
    told = project.run(
        [".venv/bin/python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", "not slow", *tests]
    )
    assert int(re.findall(r"(\d+) passed", told)[-1]) > 1_000


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


def test_a_project_of_ones_own_files_alone(library: Copy) -> None:
    """Nothing of the catalogue is needed: not for the sample, nor for files, nor to tell what is wrong."""
    run(library, "--weeks", "2")
    assert list(library.rows(".cloudflix/lake/gold/books").values()) == [1_000, 1_000]
    told = library.run([".venv/bin/cloudflix", "sample", "made", "--week", "2026-11-16"])
    assert "6,000 records in 1 file" in told
    run(library, "--week", "2026-11-16", "--source", "made", "--home", "made-home")
    assert library.rows("made-home/lake/gold/books")["2026-11-16"] == 6_000
    own = ("--week", "2026-11-16", "--source", "own", "--home", "own-home")
    assert "one that holds books.csv, or `sample`." in run(library, *own, code=1)
    deliver(library, "books.csv")
    run(library, *own)
    assert library.rows("own-home/lake/gold/books") == {"2026-11-16": 2}
    doctor = [".venv/bin/cloudflix", "doctor", "--home", "own-home"]
    assert "directory:own: 1 file of" in library.run(doctor, CLOUDFLIX_SOURCE="own")
    walls = ["-q", "cloudflix_assets_tests/tables/test_books.py"]
    assert "2 passed" in library.run([".venv/bin/python", "-m", "pytest", *walls])


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
