"""A publisher's columns drift from week to week: added, kept aside or rejected, as its source declares."""

import io
import json
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable

from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.agreement import Agreement
from cloudflix_assets_tests.datasets import CAST
from cloudflix_assets_tests.lakehouse import (
    TITLE,
    WEEK_1,
    WEEK_2,
    WEEK_3,
    Lakehouse,
    Makes,
    MemorySource,
    csv_bytes,
    lookup,
    publication,
    registered,
)
from spark.delivery.lines import REMEDY, DeliveryDefect
from spark.table import Table

BRONZE, SILVER = "bronze/titles", "silver/titles"
TABLES = registered(BRONZE, "bronze/cast")
AND_SILVER = registered(SILVER)


def titles_with(**added: str) -> bytes:
    """Twenty titles with columns that nobody declared, before the others."""
    rows = [
        [*added.values(), *{**TITLE, "show_id": str(i), "title": f"Title {i}"}.values()] for i in range(1, 21)
    ]
    return csv_bytes([*added, *TITLE], rows)


@pytest.fixture
def source() -> MemorySource:
    """A column appears in the second week, and another in the third."""
    return MemorySource(
        {
            WEEK_1: publication(),
            WEEK_2: publication(titles=titles_with(Score="7")),
            WEEK_3: publication(titles=titles_with(score="8", **{"Filmed in": "Rome", "Week": "x"})),
        }
    )


@pytest.fixture
def made(environment: Environment, instance: dg.DagsterInstance, source: MemorySource) -> Makes:
    """Lakehouses over one lake whose settings the test chooses."""

    def make(tables: Sequence[Table] = TABLES, **declared: Any) -> Lakehouse:
        own = Environment(**{**environment.model_dump(exclude={"java_home", "github_token"}), **declared})
        return Lakehouse(own, instance, source=source, tables=tables)

    return make


def ran(house: Lakehouse, *weeks: Any) -> None:
    for week in weeks or (WEEK_1, WEEK_2, WEEK_3):
        result = house.run(week)
        assert result.success, result.failures


def extra(house: Lakehouse, week: Any) -> set[tuple[Any, ...]]:
    """What the rows of a week of bronze hold beyond the declared columns."""
    names = ("score", "filmed_in", "rescued")
    return {tuple(row.get(name) for name in names) for row in house.rows(BRONZE, week)}


@pytest.mark.both_engines
def test_evolve_adds_columns_that_older_weeks_lack(made: Makes) -> None:
    """One spelling of a column is one column; a name that bronze has already stays in `rescued`."""
    house = made(schema_drift="evolve")
    ran(house)
    assert extra(house, WEEK_1) == {(None, None, None)}
    assert extra(house, WEEK_2) == {("7", None, None)}
    assert extra(house, WEEK_3) == {("8", "Rome", '{"Week": "x"}')}
    names = [field.name for field in DeltaTable(house.lake.uri(BRONZE)).schema().fields]
    assert names[-2:] == ["score", "filmed_in"]


@pytest.mark.both_engines
def test_every_engine_takes_the_names_that_columns_get(made: Makes, source: MemorySource) -> None:
    """Words of SQL, a number first, an accent, a method of pandera's models: a publisher may write any."""
    columns = ["select", "2024_views", "größe", "a_b_c", "validate"]
    names = ["Select", "2024 Views", "Größe", "a.b`c", "validate"]
    source.publications[WEEK_1] = publication(titles=titles_with(**dict.fromkeys(names, "x")))
    house = made(schema_drift="evolve")
    for _ in range(2):  # the second time, by what is stored
        ran(house, WEEK_1)
    row = house.rows(BRONZE, WEEK_1)[0]
    assert {row[column] for column in columns} == {"x"}
    assert row["rescued"] is None


def test_rescue_keeps_them_as_json(made: Makes) -> None:
    """The default: the schema of a table changes when somebody decides so."""
    house = made()
    ran(house)
    assert extra(house, WEEK_2) == {(None, None, '{"Score": "7"}')}
    assert extra(house, WEEK_3) == {(None, None, '{"Filmed in": "Rome", "Week": "x", "score": "8"}')}


def test_what_drifted_is_told_each_week(made: Makes) -> None:
    """A column that is only ever kept aside is a column that nobody knows of."""
    house = made()
    told = (
        "undeclared columns in the week {}: netflix_titles.csv has {}: kept in the column `rescued` of bronze"
    )
    assert house.run(WEEK_1).notices == []
    for _ in range(2):  # also when the file is not inspected again
        assert house.run(WEEK_2).notices == [told.format(WEEK_2, "Score")]
    assert house.run(WEEK_3).notices == [told.format(WEEK_3, "score, Filmed in, Week")]
    _, evolving = made(schema_drift="evolve").run(WEEK_2).notices
    assert evolving.endswith("netflix_titles.csv has Score: columns of bronze, where their names can be")


def test_a_manifest_of_before_is_written_anew(made: Makes) -> None:
    """It has no checksum, and says nothing of undeclared columns: the file is inspected again, and told."""
    house = made()
    ran(house, WEEK_2)
    manifest = json.loads(house.lake.read(Manifest.path_of(WEEK_2)) or b"")
    manifest.pop("checksum")
    for file in manifest["files"]:
        file.pop("undeclared")
        file["inspected_by"] = file["inspected_by"].partition(" ")[0]
    house.lake.write(Manifest.path_of(WEEK_2), json.dumps(manifest).encode())
    assert len(house.run(WEEK_2).notices) == 2
    assert house.run(WEEK_2, "raw/titles").success


def test_fail_rejects_the_delivery(made: Makes) -> None:
    """And lands nothing; a week without new columns is as good as ever."""
    house = made(schema_drift="fail")
    ran(house, WEEK_1)
    result = house.run(WEEK_3)
    assert result.failures == {
        "publication": "netflix_titles.csv: the header has the undeclared columns score, Filmed in, Week: "
        f"set CLOUDFLIX_SCHEMA_DRIFT=rescue if that is what the source delivers, else {REMEDY}."
    }
    assert house.lake.read(Manifest.path_of(WEEK_3)) is None


def test_fail_does_not_believe_an_inspection_under_other_terms(made: Makes) -> None:
    """What passed while columns were rescued would pass for ever."""
    ran(made(), WEEK_2)
    refused = made(schema_drift="fail").run(WEEK_2).failures["publication"]
    assert "netflix_titles.csv: the header has the undeclared column Score: set" in refused
    assert made().run(WEEK_2).success


def test_evolving_changes_bronze_of_weeks_that_drifted_and_nothing_else(made: Makes) -> None:
    """Silver reads what is declared; a week without new columns is the same under every mode."""
    weeks, house = (WEEK_1, WEEK_2), made(AND_SILVER)
    ran(house, *weeks)
    before = house.digests(*weeks)
    ran(made(AND_SILVER, schema_drift="evolve"), *weeks)
    after = house.digests(*weeks)
    assert {key for key in before if before[key] != after[key]} == {(BRONZE, WEEK_2)}
    ran(house, *weeks)
    assert house.digests(*weeks) == before


@pytest.mark.slow
def test_an_unchanged_week_with_new_columns_is_kept(made: Makes, judged: list[str]) -> None:
    """Its digest is over more columns than its contract has: judged without them it would look changed."""
    house = made(schema_drift="evolve")
    ran(house)
    before = house.digests(WEEK_3)
    judged.clear()
    assert house.committed(WEEK_3) == []
    assert judged == []
    forced = house.run(WEEK_3, tags={"cloudflix/force": "true"})
    assert forced.tables[BRONZE].committed
    assert house.digests(WEEK_3) == before


def test_what_somebody_did_to_a_new_column_is_mended(made: Makes) -> None:
    """The lake is held against all that was judged, not against the contract alone."""
    house = made(schema_drift="evolve")
    ran(house, WEEK_2)
    DeltaTable(house.lake.uri(BRONZE)).update({"score": "'9'"}, predicate="record_number = 3")
    assert house.run(WEEK_2).tables[BRONZE].committed
    assert extra(house, WEEK_2) == {("7", None, None)}


def test_another_mode_makes_bronze_stale_and_nothing_above_it(made: Makes) -> None:
    """A changed setting that `run --stale` does not see would be ignored in silence."""

    def versions(house: Lakehouse) -> dict[str, str | None]:
        graph = house.defs.resolve_asset_graph()
        return {"/".join(key.path): graph.get(key).code_version for key in graph.get_all_asset_keys()}

    rescuing, evolving, failing = (versions(made(schema_drift=mode)) for mode in ("rescue", "evolve", "fail"))
    changed = {path for path in rescuing if rescuing[path] != evolving[path]}
    assert changed == {BRONZE, "bronze/cast"}
    assert rescuing == failing


def semicolons(content: bytes) -> bytes:
    return content.replace(b",", b";")


@pytest.fixture
def spanish() -> bytes:
    """Lookups with an accent, in UTF-8 and with commas."""
    return lookup("actor", *((f"José {i}", str(i)) for i in range(1, 21)))


def test_a_declared_dialect_is_read_and_an_undeclared_one_refused(
    made: Makes, source: MemorySource, spanish: bytes
) -> None:
    """Each refusal names the setting that is missing; with both, the same rows come out."""
    files = {name: semicolons(content) for name, content in publication(cast=spanish).items()}
    plain = {name: content.decode("utf-8-sig").encode("cp1252") for name, content in files.items()}
    source.publications |= {WEEK_1: publication(cast=spanish), WEEK_2: plain}
    ran(made(), WEEK_1)
    delimiter = (
        f"set CLOUDFLIX_DELIMITER=';' {EVERY} CLOUDFLIX_DELIMITER=', titles=;' {ALONE}, else {REMEDY}."
    )
    encoding = (
        f"set CLOUDFLIX_ENCODING=cp1252 {EVERY} "
        f"CLOUDFLIX_ENCODING='utf-8 cast=cp1252' {ALONE}, else {REMEDY}."
    )
    told = [made(**declared).run(WEEK_2).failures["publication"] for declared in ({}, {"delimiter": ";"})]
    assert told == [
        f"netflix_titles.csv: its fields are parted by semicolons, not commas: {delimiter}",
        f"netflix_cast.csv: record 1 is not UTF-8 (byte 0xE9), and “José 1” in CP1252: {encoding}",
    ]
    house = made(delimiter=";", encoding="cp1252")
    ran(house, WEEK_2)
    first, second = (
        [(row["cast"], row["show_id"]) for row in house.rows("bronze/cast", week)]
        for week in (WEEK_1, WEEK_2)
    )
    assert sorted(first) == sorted(second)
    assert ("José 1", "1") in first
    assert [row["header"] for row in house.rows("raw/cast", WEEK_2)] == ["actor;show_id"]


def test_one_file_that_a_spreadsheet_saved_is_read_beside_four_others(
    made: Makes, source: MemorySource, spanish: bytes
) -> None:
    """A setting for all five files sends to and fro: four of them have commas."""
    saved = semicolons(spanish).decode("utf-8-sig").encode("cp1252")
    source.publications |= {WEEK_1: publication(cast=spanish), WEEK_2: publication(cast=saved)}
    ran(made(), WEEK_1)
    declared: dict[str, str] = {}
    for setting, value in [("delimiter", ", cast=;"), ("encoding", "utf-8 cast=cp1252")]:
        told = made(**declared).run(WEEK_2).failures["publication"]
        assert f"or set CLOUDFLIX_{setting.upper()}='{value}' if only this one" in told
        declared[setting] = value
    house = made(**declared)
    ran(house, WEEK_2)
    rows = [
        sorted((row["cast"], row["show_id"]) for row in house.rows("bronze/cast", w))
        for w in (WEEK_1, WEEK_2)
    ]
    assert rows[0] == rows[1]
    ran(made(), WEEK_1)  # what was declared for a week is needed by no other


EVERY = "if that is how the source delivers all files, or set"
ALONE = "if only this one"
ADVICE: dict[str, tuple[str, str, str]] = {
    "the others keep theirs": (
        ", titles=tab",
        "cast;show_id",
        f"set CLOUDFLIX_DELIMITER='; titles=tab' {EVERY} CLOUDFLIX_DELIMITER=', cast=; titles=tab' {ALONE}",
    ),
    "it was declared otherwise": (
        "; cast=tab",
        "cast,show_id",
        "set CLOUDFLIX_DELIMITER='; cast=,' if that is how this file is delivered",
    ),
    "a tab has a name": (
        ",",
        "cast\tshow_id",
        f"set CLOUDFLIX_DELIMITER=tab {EVERY} CLOUDFLIX_DELIMITER=', cast=tab' {ALONE}",
    ),
}


@pytest.mark.parametrize(("declared", "header", "advice"), ADVICE.values(), ids=ADVICE)
def test_an_advice_keeps_what_is_declared_for_other_files(declared: str, header: str, advice: str) -> None:
    """Else it would mend one file and break another."""
    agreement = Agreement.of(Environment(delimiter=declared))
    with pytest.raises(DeliveryDefect) as refusal:
        agreement.inspect(io.BytesIO(header.encode()), CAST, CAST.file)
    assert str(refusal.value).endswith(f": {advice}, else {REMEDY}.")


def test_white_space_in_a_header_is_told_with_each_run(made: Makes, source: MemorySource) -> None:
    """It is read as it is meant, and nobody would know of it; also when the file is not inspected again."""
    source.publications[WEEK_1] = publication(cast=publication()["cast"].replace(b"show_id", b" show_id"))
    house = made()
    for _ in range(2):
        assert house.run(WEEK_1).notices == ["netflix_cast.csv: the header has ' show_id', read as show_id"]


def test_a_landed_file_is_read_as_it_was_landed(made: Makes, source: MemorySource, spanish: bytes) -> None:
    """The publisher changes to semicolons: a week of commas that is computed again is still one of commas."""
    source.publications |= {
        WEEK_1: publication(cast=spanish),
        WEEK_2: {name: semicolons(content) for name, content in publication(cast=spanish).items()},
    }
    ran(made(), WEEK_1)
    house = made(delimiter=";")
    ran(house, WEEK_2)
    before = house.digests(WEEK_1)
    again = house.run(WEEK_1, "bronze/cast", tags={"cloudflix/force": "true"})
    assert again.tables["bronze/cast"].committed
    assert house.digests(WEEK_1) == before


def test_the_same_bytes_read_otherwise_are_another_week(made: Makes, source: MemorySource) -> None:
    """A wrong encoding that is corrected must reach the tables, and what follows must be stale."""
    files = publication(cast=lookup("cast", *((f"Jos\u0080 {i}", str(i)) for i in range(1, 21))))
    source.publications[WEEK_1] = {
        name: content.decode("utf-8-sig").encode("iso-8859-1") for name, content in files.items()
    }
    ran(made(encoding="iso-8859-1"), WEEK_1)
    house = made(encoding="cp1252")
    before = house.digests(WEEK_1)
    versions = {house.lake.read(Manifest.path_of(WEEK_1))}
    ran(house, WEEK_1)
    versions.add(house.lake.read(Manifest.path_of(WEEK_1)))
    assert len({Manifest.model_validate_json(version or b"").digest for version in versions}) == 2
    assert {row["cast"][:4] for row in house.rows("bronze/cast", WEEK_1)} == {"Jos€"}
    after = house.digests(WEEK_1)
    changed = {path for path, _ in before if before[path, WEEK_1] != after[path, WEEK_1]}
    assert {"raw/cast", "bronze/cast"} <= changed


def test_other_letters_and_aliases_make_the_same_tables(made: Makes, source: MemorySource) -> None:
    """`Show_ID` is `show_id`, and `show_type` is `type`: neither is a new column, nor a missing one."""
    header = [{"type": "show_type", "show_id": "Show_ID"}.get(name, name) for name in TITLE]
    rows = [list({**TITLE, "show_id": str(i), "title": f"Title {i}"}.values()) for i in range(1, 21)]
    source.publications[WEEK_2] = publication(titles=csv_bytes(header, rows))
    house = made(AND_SILVER, schema_drift="fail")
    ran(house, WEEK_1, WEEK_2)
    declared = ("type", "show_id", "title", "record_number")
    first, second = (
        {tuple(row[name] for name in declared) for row in house.rows(SILVER, week)}
        for week in (WEEK_1, WEEK_2)
    )
    assert first == second


@pytest.fixture
def undeclared(
    environment: Environment, made: Makes, instance: dg.DagsterInstance, source: MemorySource
) -> Lakehouse:
    """The lakehouse of somebody who has not set the mode."""
    own = Environment(**environment.model_dump(exclude={"java_home", "github_token", "schema_drift"}))
    return Lakehouse(own, instance, source=source, tables=TABLES)


def test_a_mode_for_one_command_alone_is_not_undone_in_silence(made: Makes, undeclared: Lakehouse) -> None:
    """The next run without the setting took the columns away again."""
    ran(undeclared, WEEK_2)
    (told, _) = made(schema_drift="evolve").run(WEEK_2).notices
    assert told == (
        f"CLOUDFLIX_SCHEMA_DRIFT=evolve holds for the lake {undeclared.lake.place} from now on, in place of "
        "rescue: `cloudflix run --stale` brings its weeks to it"
    )
    assert len(made(schema_drift="evolve").run(WEEK_2).notices) == 1
    refused = (
        f"CLOUDFLIX_SCHEMA_DRIFT=evolve holds for the lake {undeclared.lake.place}, and is not set: set it, "
        "or set CLOUDFLIX_SCHEMA_DRIFT=rescue once if that shall hold from now on; nothing was written."
    )
    assert undeclared.run(WEEK_2).failures["publication"] == refused
    assert undeclared.run(WEEK_2, BRONZE).failures == {"bronze_titles": refused}
    assert extra(undeclared, WEEK_2) == {("7", None, None)}
    assert made(schema_drift="rescue").run(WEEK_2, BRONZE).success
    assert undeclared.run(WEEK_2).success
