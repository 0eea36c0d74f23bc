"""Nothing is removed that was not made here, wherever in the lake it lies."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from cloudflix_assets.delta.foreign import refuse_to_remove_foreign, refuse_to_remove_foreign_files
from cloudflix_assets.delta.table import TableRefused
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    Lakehouse,
    MemorySource,
    copied,
    prepare,
    publication,
    registered,
)
from cloudflix_assets_tests.tiers import slow_but

TABLES = registered("silver/cast")
STRANGERS = {
    f"silver/cast/week={WEEK_1}/mine.parquet": "silver/cast",
    "silver/cast/week=backup/mine.txt": "silver/cast",
    "silver/cast/_delta_log/mine.txt": "silver/cast",
    "raw/files/mine.csv": "raw/files",
    "raw/files/cast/mine.csv": "raw/files",
    "raw/files/publications/notes.txt": "raw/files",
    "raw/files/receipts/mine.json": "raw/files",
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose week was run."""
    source = MemorySource({WEEK_1: publication()})
    return prepare(tmp_path_factory.mktemp("prepared") / "home", [WEEK_1], source=source, tables=TABLES)


@pytest.fixture
def house(prepared: Path, environment: Environment) -> Lakehouse:
    source = MemorySource({WEEK_1: publication(cast=b"")})
    with copied(prepared, environment, source=source, tables=TABLES) as found:
        return found


def refuse(house: Lakehouse) -> None:
    """Look for strangers as `--replace-source` does."""
    for table in TABLES:
        refuse_to_remove_foreign(house.lake, table.path)
    refuse_to_remove_foreign_files(house.lake)


@pytest.mark.both_engines
def test_what_was_made_here_is_no_stranger(house: Lakehouse) -> None:
    """Else no lake could be given to another source."""
    assert not house.run(WEEK_1).success
    refuse(house)


@pytest.mark.parametrize("stranger", slow_but(["raw/files/mine.csv"].__contains__, STRANGERS))
def test_what_lies_among_our_files_is_a_stranger(house: Lakehouse, stranger: str) -> None:
    """Seven such files were removed, with the exit code 0."""
    house.lake.write(stranger, b"mine")
    folder = STRANGERS[stranger]
    with pytest.raises(TableRefused) as told:
        refuse(house)
    named = f"{house.lake.uri(folder)} holds what was not made here ({stranger.removeprefix(f'{folder}/')}): "
    assert str(told.value).startswith(named)


def test_a_table_of_weeks_in_our_place_may_be_somebody_elses(house: Lakehouse) -> None:
    """`status` said that it was not made here, and it was removed."""
    theirs = pa.table({"id": [1], "week": ["2026-11-09"]})
    write_deltalake(house.lake.uri("silver/other"), theirs, partition_by=["week"])
    with pytest.raises(
        TableRefused, match=r"silver/other holds what was not made here \(a table without the"
    ):
        refuse_to_remove_foreign(house.lake, "silver/other")
