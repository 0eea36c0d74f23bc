"""Code versions: what a change of code makes stale, and what it does not."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloudflix_assets import versions
from cloudflix_assets.assets.description import code_version
from spark.registry import TABLES

Change = Callable[[str], str]
ROOT = Path(__file__).parents[2]
LAYERS = ("raw", "bronze", "silver", "gold")


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Clear the cache of code that was read, because these tests change code."""
    forget()
    yield
    forget()


def forget() -> None:
    for remembered in (versions.hash_of, versions._parsed, versions._source):
        remembered.cache_clear()


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Change], set[str]]:
    """Return a function that edits a module in memory, and names the tables whose versions change."""

    def edit(module: str, change: Change) -> set[str]:
        before = {table.path: code_version(table) for table in TABLES}
        source = versions._source
        path = source(module)
        assert path is not None
        copy = tmp_path / "edited.py"
        copy.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
        assert copy.read_text() != path.read_text()
        forget()
        monkeypatch.setattr(versions, "_source", lambda name: copy if name == module else source(name))
        return {table.path for table in TABLES if code_version(table) != before[table.path]}

    return edit


def replacing(old: str, new: str) -> Change:
    """An edit that replaces text, which must be there."""

    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


def of_layers(*layers: str) -> set[str]:
    return {table.path for table in TABLES if table.layer.value in layers}


EDITS = {
    "a helper of silver": ("spark.text", replacing("{1,18}", "{1,9}"), of_layers("silver")),
    "the judge": ("spark.quality.verdict", replacing("SAMPLES = 3", "SAMPLES = 4"), of_layers(*LAYERS)),
    "the rules": ("spark.quality.rules", replacing("column < low", "column <= low"), of_layers(*LAYERS)),
    "the digest": ("spark.quality.digest", replacing("v1:", "v2:"), of_layers(*LAYERS)),
    "the vocabulary": ("spark.table", replacing('"_reasons"', '"_why"'), of_layers(*LAYERS)),
    "the parser": ("spark.delivery.parser", replacing("4 * 2**20", "8 * 2**20"), of_layers("bronze")),
    "the parser on workers": (
        "spark.delivery.workers",
        replacing("DEFECT = 0", "DEFECT = -1"),
        of_layers("bronze"),
    ),
    "the batches": (
        "spark.delivery.layout",
        replacing('"malformed"', '"broken"'),
        {*of_layers("bronze"), "silver/titles"},
    ),
    "split records": ("spark.split_records", replacing('_width") + 1', '_width") + 2'), {"silver/titles"}),
    "lost records": ("spark.lost_records", replacing("_NEAR = 10", "_NEAR = 11"), {"silver/titles"}),
    "one table": ("spark.gold.titles", replacing(".desc()", ".asc()"), {"gold/titles"}),
    "one lookup": ("spark.silver.countries", replacing("[, ]+", "[,]+"), {"silver/countries"}),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_changes_the_version_of_what_it_touches_and_of_nothing_else(
    edited: Callable[[str, Change], set[str]], edit: str
) -> None:
    """Too few: outdated tables look fresh. Too many: one line costs a full rebuild."""
    module, change, expected = EDITS[edit]
    assert edited(module, change) == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n\n# a comment\n",
        lambda text: text.replace("\n\n\n", "\n\n\n\n\n"),
        lambda text: ast.unparse(ast.parse(text)),
    ],
    ids=["comment", "blank lines", "formatting"],
)
@pytest.mark.parametrize("module", ["spark.text", "spark.quality.verdict", "spark.gold.titles"])
def test_comments_and_formatting_change_no_version(
    edited: Callable[[str, Change], set[str]], module: str, change: Change
) -> None:
    """A formatter's new release must not rebuild every week of every table."""
    assert edited(module, change) == set()


def test_a_version_is_the_same_in_another_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path or a time of change in it would make every deployment stale."""
    before = {table.path: code_version(table) for table in TABLES}
    source = versions._source

    def moved(name: str) -> Path | None:
        path = source(name)
        if path is None or not path.is_relative_to(ROOT):
            return path
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        return copy

    forget()
    monkeypatch.setattr(versions, "_source", moved)
    assert {table.path: code_version(table) for table in TABLES} == before
