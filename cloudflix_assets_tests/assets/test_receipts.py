"""A rerun keeps what was judged only while nothing that was read, and nothing that is held, has changed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable

from cloudflix_assets import versions
from cloudflix_assets.assets import receipts
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.damage import FORCE, alter_landed_titles
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    checked,
    copied,
    data_version,
    prepare,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.tiers import slow_but

RAW, BRONZE, SILVER = "raw/titles", "bronze/titles", "silver/titles"
TABLES = registered(SILVER)
ALL = sorted(table.path for table in TABLES)
REFUSED = "silver/titles_quarantine"
RECEIPT = f"raw/files/receipts/{SILVER}/{WEEK_1}.json"


def two_weeks() -> MemorySource:
    """One title of twenty-one has an unreadable length."""
    bad = [{"show_id": str(i), "title": f"Title {i}"} for i in range(1, 21)] + [
        {"show_id": "21", "duration_minutes": "ninety"}
    ]
    files = publication(titles=titles(*bad))
    return MemorySource({WEEK_1: files, WEEK_2: files})


@pytest.fixture
def source() -> MemorySource:
    """What a test may change."""
    return two_weeks()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose first week was run once."""
    return prepare(tmp_path_factory.mktemp("prepared") / "home", [WEEK_1], source=two_weeks(), tables=TABLES)


@pytest.fixture
def house(prepared: Path, environment: Environment, source: MemorySource) -> Iterator[Lakehouse]:
    with copied(prepared, environment, source=source, tables=TABLES) as found:
        yield found


def test_nothing_changed_is_not_judged_again(house: Lakehouse, judged: list[str]) -> None:
    """A full week would be computed to find that it is the same."""
    digests = house.digests(WEEK_1)
    assert house.committed(WEEK_1) == []
    assert judged == []
    assert house.digests(WEEK_1) == digests


def test_what_is_kept_is_told_like_what_was_judged(house: Lakehouse) -> None:
    """The check of a rerun would otherwise lose its rules, and the quarantine its samples."""

    def told() -> tuple[Any, Any, str, str]:
        evaluation, *_ = checked(house.instance, SILVER)
        refused = house.instance.get_latest_materialization_event(dg.AssetKey(REFUSED.split("/")))
        samples = refused.asset_materialization.metadata["samples"]  # type: ignore[union-attr]
        versions = data_version(house.instance, SILVER, WEEK_1), data_version(house.instance, REFUSED, WEEK_1)
        return evaluation.metadata, samples, *versions

    before = told()
    house.committed(WEEK_1)
    assert told() == before


def test_an_unchanged_rerun_leaves_nothing_stale(house: Lakehouse) -> None:
    """A kept week must be recorded with its data version, else what follows from it is stale."""
    version = data_version(house.instance, SILVER, WEEK_1)
    house.committed(WEEK_1, SILVER)
    assert data_version(house.instance, SILVER, WEEK_1) == version


def test_force_judges_and_commits(house: Lakehouse, judged: list[str]) -> None:
    """It would be the only way out, did a receipt lie."""
    assert house.committed(WEEK_1, SILVER, tags=FORCE) == [SILVER, REFUSED]
    assert judged == [SILVER]


DIGITS = [
    pytest.param(b"0", marks=pytest.mark.both_engines, id="value"),
    pytest.param(b'"', id="quote"),
    pytest.param(b"\xff", id="encoding"),
    pytest.param(b"\n", id="record"),
]


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("tags", slow_but(bool, [{}, FORCE]), ids=["unchanged", "forced"])
def test_landed_bytes_are_those_that_their_name_says(
    house: Lakehouse, tags: dict[str, str], digit: bytes
) -> None:
    """Altered values reached gold, and stayed there as unchanged when the file was right again."""
    digests, told = house.digests(WEEK_1), alter_landed_titles(house.lake, digit)

    (failure,) = house.run(WEEK_1, BRONZE, tags=tags).failures.values()
    assert failure == told or "(its bytes are not those that were landed)" in failure  # of Spark's stream

    assert house.digests(WEEK_1) == digests
    assert house.committed(WEEK_1) == []
    assert house.digests(WEEK_1) == digests


def test_another_week_is_judged(house: Lakehouse, judged: list[str]) -> None:
    """Equal files of another week are another week."""
    house.committed(WEEK_2)
    assert sorted(judged) == ALL


def test_a_changed_file_is_judged(house: Lakehouse, source: MemorySource, judged: list[str]) -> None:
    """And all that follows from it."""
    source.publications[WEEK_1] = publication()
    house.committed(WEEK_1)
    assert sorted(judged) == sorted({*ALL} - {"bronze/category"})


def test_an_upstream_that_was_committed_again_is_judged(house: Lakehouse, judged: list[str]) -> None:
    """Its files have other names; that they hold the same is for the judgement to find."""
    house.committed(WEEK_1, BRONZE, tags=FORCE)
    judged.clear()
    assert house.committed(WEEK_1, SILVER) == []
    assert judged == [SILVER]


@pytest.mark.slow
def test_another_calendar_is_judged(lakehouse: Makes, environment: Environment, instance: Any) -> None:
    """What was new in the first week of a calendar stayed new, as unchanged, when it began earlier."""
    tables = registered(RAW, BRONZE, SILVER, "gold/titles")
    files = MemorySource({WEEK_1: publication(), WEEK_2: publication()})
    house = lakehouse(source=files, tables=tables)
    assert all(house.run(week).success for week in (WEEK_1, WEEK_2))
    digests = house.digests(WEEK_2)
    later = environment.model_copy(update={"first_week": WEEK_2})
    moved = Lakehouse(later, instance, source=files, tables=tables)

    assert moved.committed(WEEK_2) == ["gold/titles"]
    assert {row["newflag"] for row in moved.rows("gold/titles", WEEK_2)} == {None}

    assert house.committed(WEEK_2) == ["gold/titles"]
    assert house.digests(WEEK_2) == digests


TAMPERED = {"the table": SILVER, "its quarantine": REFUSED}


@pytest.mark.parametrize("path", TAMPERED.values(), ids=TAMPERED)
def test_what_somebody_changed_is_mended(house: Lakehouse, judged: list[str], path: str) -> None:
    """A receipt says what was published; the lake is asked whether it still holds that."""
    digests = house.digests(WEEK_1)
    DeltaTable(house.lake.uri(path)).delete("record_number = 21 or record_number = 3")
    assert house.committed(WEEK_1, SILVER) == [path]
    assert judged == [SILVER]
    rows = {SILVER: 20, REFUSED: 1}
    assert len(house.rows(path, WEEK_1)) == rows[path]
    assert house.digests(WEEK_1) == digests


DAMAGED = {
    "cut": lambda content: content[:40],
    "of another version": lambda content: json.dumps({**json.loads(content), "new": 1}).encode(),
    "of another key": lambda content: json.dumps({**json.loads(content), "key": "0"}).encode(),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_receipt_that_does_not_fit_is_not_believed(
    house: Lakehouse, judged: list[str], damage: Callable[[bytes], bytes]
) -> None:
    """The step judges anew, and writes it anew."""
    content = house.lake.read(RECEIPT) or b""
    house.lake.write(RECEIPT, damage(content))
    assert house.committed(WEEK_1, SILVER) == []
    assert judged == [SILVER]
    assert house.lake.read(RECEIPT) == content


def test_other_code_judges_anew(
    house: Lakehouse, source: MemorySource, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed rule must reach weeks whose files did not change."""
    parsed = versions._parsed

    def changed(name: str) -> Any:
        return parsed("spark.text") if name == "spark.silver.titles" else parsed(name)

    versions.hash_of.cache_clear()
    monkeypatch.setattr(versions, "_parsed", changed)
    other = Lakehouse(house.environment, house.instance, source=source, tables=TABLES)
    other.committed(WEEK_1)
    versions.hash_of.cache_clear()
    assert judged == [SILVER]


def test_another_engine_or_library_is_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one engine found is no proof for the next."""
    keys = {receipts.key_of(engine, "code", ["a"]) for engine in ("sail", "spark")}
    monkeypatch.setattr(receipts, "installed", lambda name: "0")
    keys.add(receipts.key_of("sail", "code", ["a"]))
    keys |= {receipts.key_of("sail", "code", ["b"]), receipts.key_of("sail", "other", ["b"])}
    assert len(keys) == 5


def test_a_refused_week_leaves_no_receipt(lakehouse: Makes, judged: list[str]) -> None:
    """A rerun of a week that failed must fail again, not be kept."""
    bad = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
    house = lakehouse(source=MemorySource({WEEK_1: bad}), tables=TABLES)
    for _ in range(2):
        assert not house.run(WEEK_1).success
        assert house.lake.read(RECEIPT) is None
    assert sorted(judged) == sorted([*ALL, SILVER])
