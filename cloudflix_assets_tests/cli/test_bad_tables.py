"""A table that is damaged, or was not made here: neither read nor written, and put right by the remedy."""

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from cloudflix_assets_tests.cli.bad_input import House, a_file, failures, house_in
from cloudflix_assets_tests.cli.command import cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1

TABLE = "silver/cast"
FOREIGN = {"id": [1], "name": ["one"], "week": [WEEK_1]}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with four commits of silver cast, so that one may be missing from the middle."""
    house = house_in(tmp_path_factory.mktemp("tables"))
    for _ in range(2):
        assert house.run("--force", "--select", TABLE).code == 0
    return house


def commit(table: Path, version: int) -> Path:
    return table / "_delta_log" / f"{version:020}.json"


def cut(table: Path, version: int) -> None:
    """What a crash leaves of a file."""
    path = commit(table, version)
    path.write_bytes(path.read_bytes()[:-40])


def replaced(table: Path) -> None:
    """Put a table that was not made here in its place; the others are in delta/test_foreign_tables.py."""
    rmtree(table)
    write_deltalake(str(table), pa.table(FOREIGN), partition_by=["name"])


DAMAGED = (
    f"{TABLE} cannot be opened ({{}}): restore {{table}} from a backup, or move it away and rerun its weeks; "
    "nothing was written."
)
PARTITIONED = f"{TABLE} is partitioned by {{}}, not by week: it was not made here; move it away, then rerun."
TABLES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "another partitioning": (replaced, PARTITIONED, "['name']"),
    "a file": (a_file, DAMAGED, "it is a file"),
    "a torn last commit": (
        lambda t: cut(t, 3),
        DAMAGED,
        "Json error: Truncated record whilst reading string",
    ),
    "a torn earlier commit": (
        lambda t: cut(t, 1),
        DAMAGED,
        "Json error: Truncated record whilst reading string",
    ),
    "an empty last commit": (lambda t: commit(t, 3).write_bytes(b""), DAMAGED, "commit 3 is empty"),
    "a commit missing from the middle": (
        lambda t: commit(t, 2).unlink(),
        DAMAGED,
        "Generic delta kernel error: Expected contiguous commit files, but found gap",
    ),
    "no beginning": (
        lambda t: commit(t, 0).unlink(),
        DAMAGED,
        "No table metadata or protocol found in delta log.",
    ),
    "a checkpoint that is none": (
        lambda t: (t / "_delta_log" / "_last_checkpoint").write_text('{"version": 77, "size": 3}'),
        DAMAGED,
        "Invalid Checkpoint: Had a _last_checkpoint hint but didn't find any checkpoints",
    ),
}
READ_TOO = ("another partitioning", "a torn last commit", "an empty last commit")
"""Read by gold cast, which must refuse them with the same sentence."""


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_cannot_be_trusted_is_neither_read_nor_written(house: House, kind: str) -> None:
    """delta-rs reads columns that are mapped as nulls; a table begun anew would lose every other week."""
    arrange, template, what = TABLES[kind]
    sentence = template.format(what, table=house.lake / TABLE)
    with house.put_back():
        arrange(house.lake / TABLE)
        before = house.listing()
        written = failures(house.run("--force", "--select", TABLE))
        assert written == {"silver_cast": sentence}
        if kind in READ_TOO:
            assert failures(house.run("--select", "gold/cast")) == {"gold_cast": sentence}
        assert house.listing() == before


def test_a_lost_hint_is_no_damage(house: House) -> None:
    """Readers may do without `_last_checkpoint`: refusing it would stop a sound table."""
    with house.put_back():
        (house.lake / TABLE / "_delta_log" / "_last_checkpoint").write_bytes(b"\0garbage")
        before = house.listing()
        told = house.run("--select", TABLE)
        assert (told.code, told.weeks[0]["tables"][TABLE]["committed"]) == (0, False)
        assert house.listing() == before


def test_a_table_that_was_moved_away_is_made_again(house: House) -> None:
    """The remedy that the sentences name: the week comes back as it was."""
    with house.put_back():
        digest = house.run("--select", TABLE).weeks[0]["tables"][TABLE]["digest"]
        cut(house.lake / TABLE, 3)
        assert house.run("--select", TABLE).code == 1
        shown = cloudflix(house.home, "status")
        assert shown.code == 1
        assert f"damaged {TABLE}, {WEEK_1}: {TABLE} cannot be opened" in shown.stdout
        (house.lake / TABLE).rename(house.home / "moved away")
        told = house.run("--select", TABLE)
        table = told.weeks[0]["tables"][TABLE]
        assert (told.code, table["committed"], table["digest"]) == (0, True, digest)
        rmtree(house.home / "moved away")


def parquet_of(house: House) -> list[Path]:
    """The files of the week of silver cast."""
    table = DeltaTable(str(house.lake / TABLE))
    return [Path(uri) for uri in table.file_uris()]


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_data_that_is_damaged_is_told_and_built_anew_by_force(house: House, damage: str) -> None:
    """A reader that skips what it cannot find makes a smaller table of it."""
    with house.put_back():
        for path in parquet_of(house):
            path.unlink() if damage == "gone" else path.write_bytes(bytes(path.stat().st_size))
        before = house.listing()
        (told,) = failures(house.run("--select", TABLE)).values()
        assert f" {'is gone' if damage == 'gone' else 'has other bytes than were judged'}" in told
        remedy = f"anew with `cloudflix run --week {WEEK_1} --select {TABLE} --force`, then rerun."
        assert told.endswith(f": restore it from a backup, or build that week of the table {remedy}")
        assert house.listing() == before
        assert house.run("--select", f"{TABLE} or gold/cast", "--force").code == 0
