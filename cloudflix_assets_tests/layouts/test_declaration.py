"""The .toml file of a layout: what it declares, and one sentence for what it cannot."""

from pathlib import Path

import pytest

from cloudflix_assets.layouts.declaration import (
    SHIPPED,
    TWELVE_COLUMNS,
    DeliveredFile,
    Layout,
    LayoutRefused,
    layout_of,
)
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets_tests.datasets import CATALOGUE, DATASET, TITLES
from spark.datasets import DATASETS, IN_ONE


def declared(folder: Path, text: str) -> Layout:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    found = layout_of(str(path))
    assert found is not None
    return found


def test_every_layout_that_ships_can_be_read() -> None:
    assert [*SHIPPED] == [TWELVE_COLUMNS]
    assert layout_of(None) is None


def test_the_catalogue_in_one_file_is_one_file() -> None:
    """Its four lookups are not asked for."""
    layout = layout_of(TWELVE_COLUMNS)
    assert layout
    file, *others = layout.files
    assert others == [dataset for dataset in DATASETS if dataset not in CATALOGUE]
    assert isinstance(file, DeliveredFile)
    assert (file.name, file.file, set(file.columns)) == ("titles", "netflix_titles.csv", {*IN_ONE})
    assert [dataset for dataset, _ in file.made] == CATALOGUE


def test_what_is_not_declared_is_delivered_as_ever(tmp_path: Path) -> None:
    """A source that writes only its dates otherwise declares one line."""
    layout = declared(tmp_path, '[titles.columns]\ndate_added = { dates = ["d.M.yyyy"] }\n')
    titles, *others = layout.files
    assert isinstance(titles, DeliveredFile)
    assert (titles.file, titles.columns) == ("netflix_titles.csv", TITLES.columns)
    assert titles.aliases == TITLES.aliases
    assert others == [dataset for dataset in DATASETS if dataset is not TITLES]


def test_a_file_of_two_datasets_is_asked_for_once(tmp_path: Path) -> None:
    layout = declared(
        tmp_path,
        '[cast]\nfile = "people.csv"\n'
        '[directors]\nfile = "people.csv"\ncolumns.director = { from = "cast" }\n',
    )
    assert [dataset.file for dataset in layout.files] == [
        "netflix_titles.csv",
        "people.csv",
        "netflix_category.csv",
        "netflix_countries.csv",
        *(dataset.file for dataset in DATASETS if dataset not in CATALOGUE),
    ]
    assert layout.files[1].columns == ("cast", "show_id")


def test_a_changed_layout_is_seen(tmp_path: Path) -> None:
    """A file that was inspected by another layout was not inspected by this one; a comment is nothing."""
    text = "[titles.columns]\nshow_id = { pattern = 's(\\d+)' }\n"
    keys = [
        Agreement(layout=declared(tmp_path, changed)).inspection_key(TITLES)
        for changed in (text, f"# mine\n{text}", text.replace("s(", "t("))
    ]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0] != Agreement().inspection_key(TITLES)


SENTENCES = {
    "[title]": "has title, which is no dataset: did you mean titles?",
    "[awards]": f"has awards, which is no dataset: known are {', '.join(DATASET)}.",
    "[titles]\nfil = 'a.csv'": "has titles.fil, which is no key: did you mean file?",
    "[titles]\nfile = 'a/b.csv'": "titles.file is no name of a file: write one such as titles.csv",
    "[titles]\nfile = 'a.txt'": "titles.file is no name of a file",
    "[titles.columns]\nduration = { }": (
        "has titles.columns.duration, which is no column of titles: known are duration_minutes, dura"
    ),
    "[cast.columns]\ncast = { seperator = ',' }": (
        "has cast.columns.cast.seperator, which is no key: did you mean separator?"
    ),
    "[cast.columns]\ncast = { pattern = '(' }": "cast.columns.cast.pattern is no regular expression: missing",
    "[cast.columns]\ncast = { decimal = ';' }": "cast.columns.cast.decimal is not allowed: input should be",
    "[cast.columns]\ncast = 'actor'": "cast.columns.cast is not allowed: input should be",
    "[cast.columns]\ncast.separator = ','\nshow_id.separator = ','": (
        "cast has a separator in cast and show_id: several values in one column alone."
    ),
    "[titles": "is no TOML: ",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_a_mistake_is_told_with_its_file_and_its_key(tmp_path: Path, text: str) -> None:
    """The file is written by hand, once, by somebody who reads the message and not the code."""
    with pytest.raises(LayoutRefused) as refused:
        declared(tmp_path, text)
    assert str(tmp_path / "mine.toml") in str(refused.value)
    assert SENTENCES[text] in str(refused.value)
    assert str(refused.value).endswith((".", "?"))
    assert str(refused.value).count("\n") == 0


def test_a_layout_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    for name in ("thirteen_columns", str(tmp_path), str(tmp_path / "latin.toml")):
        with pytest.raises(
            LayoutRefused, match=f"^CLOUDFLIX_LAYOUT={name} is no layout .*: set it to twelve_c"
        ):
            Agreement.of(Environment(layout=name))
