"""A table that is damaged, or was not made here: neither read nor written, and mended by the remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

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


def replaced(table: Path, **options: Any) -> None:
    """Another table in its place."""
    rmtree(table)
    write_deltalake(str(table), pa.table(FOREIGN), **options)


def with_column_mapping(table: Path) -> None:
    """As Delta makes it of a table that is there: a column may be renamed from then on."""
    actions = [json.loads(line) for line in commit(table, 0).read_text().splitlines()]
    for action in actions:
        if "protocol" in action:
            action["protocol"] |= {"minReaderVersion": 2, "minWriterVersion": 5}
        if metadata := action.get("metaData"):
            schema = json.loads(metadata["schemaString"])
            for number, field in enumerate(schema["fields"], 1):
                field["metadata"]["delta.columnMapping.id"] = number
                field["metadata"]["delta.columnMapping.physicalName"] = field["name"]
            metadata["schemaString"] = json.dumps(schema)
            metadata["configuration"] |= {
                "delta.columnMapping.mode": "name",
                "delta.columnMapping.maxColumnId": str(len(schema["fields"])),
            }
    commit(table, 0).write_text("\n".join(map(json.dumps, actions)) + "\n")


def with_later_feature(table: Path) -> None:
    """A protocol that delta-rs itself does not know."""
    features = {"readerFeatures": ["later"], "writerFeatures": ["later"]}
    protocol = {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}}
    commit(table, 4).write_text(json.dumps(protocol) + "\n")


def only_files(table: Path) -> None:
    rmtree(table)
    table.mkdir()
    (table / "mine.parquet").write_bytes(b"not of this lake")


FEATURES = (
    f"{TABLE} has Delta features that not every engine here reads ({{}}): move it away and rerun its weeks, "
    "or rebuild it without these features."
)
DAMAGED = (
    f"{TABLE} cannot be opened ({{}}): restore {{table}} from a backup, or move it away and rerun its weeks; "
    "nothing was written."
)
PARTITIONED = f"{TABLE} is partitioned by {{}}, not by week: it was not made here; move it away, then rerun."
OCCUPIED = (
    f"{TABLE} is no Delta table, and its folder {{table}} holds other things ({{}}): move them away, then "
    "rerun; nothing was written."
)
UNKNOWN = "Unsupported: Feature 'later' is not supported"
TABLES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a protocol known to nobody": (with_later_feature, FEATURES, UNKNOWN),
    "a newer protocol": (
        lambda t: replaced(t, partition_by=["week"], configuration={"delta.enableDeletionVectors": "true"}),
        FEATURES,
        "protocol 3, 7",
    ),
    "column mapping": (with_column_mapping, FEATURES, "protocol 2, 5"),
    "another partitioning": (lambda t: replaced(t, partition_by=["name"]), PARTITIONED, "['name']"),
    "no partitioning": (replaced, PARTITIONED, "nothing"),
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
    "other files": (
        only_files,
        OCCUPIED,
        "mine.parquet",
    ),
}
READ_TOO = ("a newer protocol", "column mapping", "a torn last commit", "an empty last commit")
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
        assert cloudflix(house.home, "status").code == 0  # it asks Dagster, not the table
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
            path.unlink() if damage == "gone" else path.write_bytes(b"torn")
        what = "a stored file is gone" if damage == "gone" else "a stored Parquet file is damaged"
        before = house.listing()
        assert failures(house.run("--select", TABLE)) == {
            "silver_cast": f"{house.lake}/{TABLE}: {what}: restore it from a backup, or add --force to build "
            "the week anew, then rerun; what was published before is untouched."
        }
        assert house.listing() == before
        assert house.run("--select", f"{TABLE} or gold/cast", "--force").code == 0
