"""Tables describe themselves to whoever opens them without this project."""

import json

import pytest
from deltalake import DeltaTable
from pyspark.sql import types as T

from cloudflix_assets.delta.schema import create, prepare
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, Makes, MemorySource, publication, registered

ID = T.StructField("id", T.LongType(), False, {"comment": "Which it is"})
NAME = T.StructField("name", T.StringType(), True, {"comment": "What it is called"})
TABLE = "silver/things"


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return LocalLake(tmp_path_factory.mktemp("lake"))


def columns(table: DeltaTable) -> dict[str, tuple[bool, str | None]]:
    """Whether each column is nullable, and its comment, as another tool reads them."""
    fields = json.loads(table.schema().to_json())["fields"]
    return {field["name"]: (field["nullable"], field["metadata"].get("comment")) for field in fields}


@pytest.mark.both_engines
def test_every_table_tells_what_it_holds(lakehouse: Makes) -> None:
    """An analyst who opened it saw names and types, and multiplied rows by joining without the week."""
    tables = registered("gold/titles")
    house = lakehouse(source=MemorySource({WEEK_1: publication(), WEEK_2: publication()}), tables=tables)
    assert all(house.run(week).success for week in (WEEK_1, WEEK_2))
    gold = DeltaTable(house.lake.uri("gold/titles"))
    assert gold.metadata().name == "gold.titles"
    assert "Grain: one row per show_id and week." in (gold.metadata().description or "")
    assert columns(gold)["show_id"] == (False, "Netflix id, joins all lookups")
    assert columns(gold)["rating"] == (True, "Maturity rating")
    assert columns(gold)["week"] == (False, "Monday on which the week begins")
    quarantine = DeltaTable(house.lake.uri("silver/titles_quarantine"))
    assert columns(quarantine)["broken"] == (True, "Names of the rules it broke, sorted")
    assert (quarantine.metadata().description or "").startswith("Quarantined rows of silver/titles")


def test_a_table_of_before_is_described(lake: Lake) -> None:
    """And takes no NOT NULL: it may hold nulls."""
    create(lake, TABLE, T.StructType([T.StructField("id", T.LongType())]))
    known = DeltaTable(lake.uri(TABLE)).metadata()
    table = prepare(lake, TABLE, T.StructType([ID, NAME]), "Things.")
    assert columns(table) == {
        "id": (True, "Which it is"),
        "name": (True, "What it is called"),
        "week": (False, "Monday on which the week begins"),
    }
    told = table.metadata()
    assert (told.description, told.id, told.configuration) == ("Things.", known.id, known.configuration)
    assert prepare(lake, TABLE, T.StructType([ID, NAME]), "Things.").version() == table.version()


def test_what_a_contract_lets_be_null_may_be_null(lake: Lake) -> None:
    """A table kept NOT NULL of an earlier contract, and refused the week."""
    create(lake, TABLE, T.StructType([ID]), "Things.")
    relaxed = T.StructField(ID.name, ID.dataType, True, ID.metadata)
    table = prepare(lake, TABLE, T.StructType([relaxed]), "Things.")
    assert columns(table)["id"] == (True, "Which it is")
    assert columns(prepare(lake, TABLE, T.StructType([ID]), "Things."))["id"] == (True, "Which it is")
