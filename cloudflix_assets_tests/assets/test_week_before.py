"""A step that reads the week before says when it is absent or old, and refuses rows that nobody judged."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from cloudflix_assets.assets.upstream import NAME
from cloudflix_assets.instance.staleness import Staleness
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets_tests.damage import FORCE, flip_bit
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    WEEK_3,
    Lakehouse,
    Makes,
    MemorySource,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.tiers import slow_but

TABLES = registered("gold/titles")
BEFORE_GOLD = ["publication", *(table.path for table in TABLES[:-1])]
GOLD = dg.AssetKey(["gold", "titles"])
FILMS = titles(*({"show_id": str(i), "title": f"Title {i}"} for i in range(1, 21)))
ONE_MORE = titles(*({"show_id": str(i), "title": f"Title {i}"} for i in range(1, 22)))
REFUSED = titles(*({"show_id": str(i), "title": f"Title {i}", "type": "None"} for i in range(1, 21)))
SENTENCE = (
    "gold/titles, week 2026-11-16: newflag is as if there were no week 2026-11-09, because silver/titles "
    "does not hold it: run that week, then `cloudflix run --stale`."
)


@dataclass
class House:
    """A lakehouse whose second week can be delivered anew, and has one film more in the third."""

    lakehouse: Lakehouse
    source: MemorySource

    def new(self) -> int | None:
        """How many titles of the third week are flagged as new; None if nobody can tell."""
        flags = [row["newflag"] for row in self.lakehouse.rows("gold/titles", WEEK_3)]
        return None if None in flags else sum(flags)

    def check(self, result: WeekResult) -> dg.AssetCheckEvaluation:
        """The check `week_before` of gold/titles in a run."""
        (found,) = [
            event.asset_check_evaluation
            for event in self.lakehouse.instance.all_logs(result.run_id)
            if event.dagster_event
            and event.dagster_event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
            and event.asset_check_evaluation
            and event.asset_check_evaluation.asset_key == GOLD
            and event.asset_check_evaluation.check_name == NAME
        ]
        return found


@pytest.fixture
def house(lakehouse: Makes) -> House:
    weeks = {WEEK_1: FILMS, WEEK_2: REFUSED, WEEK_3: ONE_MORE}
    source = MemorySource({week: publication(titles=content) for week, content in weeks.items()})
    return House(lakehouse(source=source, tables=TABLES), source)


@pytest.mark.parametrize("landed", slow_but(bool, [True, False]), ids=["refused", "never run"])
def test_a_week_before_that_was_refused_or_left_out_is_told(house: House, landed: bool) -> None:
    """Every title of the catalogue would be new, the exit code 0, and no word said."""
    assert house.lakehouse.run(WEEK_1).notices == []
    if landed:
        assert not house.lakehouse.run(WEEK_2).success
    third = house.lakehouse.run(WEEK_3)
    assert (third.success, third.notices, house.new()) == (True, [SENTENCE], None)
    check = house.check(third)
    assert (check.passed, check.severity, check.blocking) == (False, dg.AssetCheckSeverity.WARN, False)
    assert check.description == SENTENCE

    again = house.lakehouse.run(WEEK_3)  # what was judged is kept, and what is wrong with it told again
    assert (again.notices, again.tables["gold/titles"].committed) == ([SENTENCE], False)
    assert house.check(again).description == SENTENCE

    house.source.publications[WEEK_2] = publication(titles=FILMS)
    house.lakehouse.run(WEEK_2, *BEFORE_GOLD)
    assert Staleness(house.lakehouse.runner.graph, house.lakehouse.instance).state(GOLD, WEEK_3) == "stale"
    mended = house.lakehouse.run(WEEK_3, "gold/titles")
    assert (mended.notices, house.new(), house.check(mended).passed) == ([], 1, True)


def test_the_first_week_has_none_before_it(house: House) -> None:
    """Nothing is missing before the first week that was landed, wherever the calendar begins."""
    assert house.lakehouse.run(WEEK_3).notices == []
    assert house.lakehouse.run(WEEK_1).notices == []


def test_a_first_week_that_was_refused_is_missing(house: House) -> None:
    """It was landed, so there was one."""
    house.lakehouse.run(WEEK_2)
    assert house.lakehouse.run(WEEK_3).notices == [SENTENCE]


def test_a_first_week_that_was_rejected_is_missing(house: House) -> None:
    """Nothing was landed, so the lake is nobody's; `newflag` was null, and no word said."""
    house.source.publications[WEEK_2] = publication(titles=b"show_id\n")
    assert not house.lakehouse.run(WEEK_2).success
    house.lakehouse.lake.refuse_unusable()
    third = house.lakehouse.run(WEEK_3)
    assert (third.success, third.notices, house.new()) == (True, [SENTENCE], None)


CORRECTIONS = {
    "refused by the contract": (REFUSED, "silver/titles was built before what lies upstream of it"),
    "rejected": (b"show_id\n", "its last delivery was not landed"),
}


@pytest.mark.parametrize("how", [pytest.param(how, marks=pytest.mark.slow) for how in CORRECTIONS])
def test_a_week_before_whose_correction_was_not_taken_is_told(house: House, how: str) -> None:
    """Its older rows counted, the exit code was 0, and no word said."""
    house.source.publications[WEEK_2] = publication(titles=FILMS)
    assert all(house.lakehouse.run(week).success for week in (WEEK_1, WEEK_2))
    correction, why = CORRECTIONS[how]
    house.source.publications[WEEK_2] = publication(titles=correction)
    assert not house.lakehouse.run(WEEK_2).success

    third = house.lakehouse.run(WEEK_3)
    sentence = (
        f"gold/titles, week 2026-11-16: newflag is by older rows of the week 2026-11-09, because {why}: run "
        "that week, then `cloudflix run --stale`."
    )
    assert (third.notices, house.new()) == ([sentence], 1)
    assert house.check(third).description == sentence

    house.source.publications[WEEK_2] = publication(titles=ONE_MORE)
    assert house.lakehouse.run(WEEK_2).success
    assert Staleness(house.lakehouse.runner.graph, house.lakehouse.instance).state(GOLD, WEEK_3) == "stale"
    mended = house.lakehouse.run(WEEK_3, "gold/titles")
    assert (mended.notices, house.new(), house.check(mended).passed) == ([], 0, True)


@pytest.mark.slow
@pytest.mark.both_engines
def test_rows_that_another_tool_put_into_a_week_are_not_read(house: House) -> None:
    """They counted as titles of the week before, until that week was run again."""
    house.source.publications[WEEK_2] = publication(titles=FILMS)
    assert all(house.lakehouse.run(week).success for week in (WEEK_1, WEEK_2, WEEK_3))
    table = DeltaTable(house.lakehouse.lake.uri("silver/titles"))
    theirs = table.to_pyarrow_table(filters=[("week", "=", WEEK_2)]).slice(0, 5)
    write_deltalake(table, theirs, mode="append")
    for week in (WEEK_2, WEEK_3):
        assert house.lakehouse.run(week, "gold/titles", tags=FORCE).failures == {
            "gold_titles": "silver/titles, week 2026-11-09, holds other rows than were judged, because "
            "another tool wrote to it: restore them with `cloudflix run --week 2026-11-09 --select "
            "silver/titles`, then rerun."
        }
    assert house.lakehouse.committed(WEEK_2, "silver/titles") == ["silver/titles"]
    digests = house.lakehouse.digests(WEEK_3)
    assert all(house.lakehouse.run(week, "gold/titles", tags=FORCE).success for week in (WEEK_2, WEEK_3))
    assert (house.lakehouse.digests(WEEK_3), house.new()) == (digests, 1)


def test_a_week_that_another_tool_compacted_is_read(house: House) -> None:
    """Its files are others, and its rows the same: that is what OPTIMIZE is for."""
    assert house.lakehouse.run(WEEK_1).success
    table = DeltaTable(house.lakehouse.lake.uri("silver/titles"))
    rows = table.to_pyarrow_table(filters=[("week", "=", WEEK_1)])
    write_deltalake(table, rows, mode="overwrite", predicate=f"week = '{WEEK_1}'")
    assert house.lakehouse.run(WEEK_1, "gold/titles", tags=FORCE).success


def test_a_file_of_somebody_else_among_the_manifests_is_no_week(house: House) -> None:
    """Each step that reads the week before looks there for the first week that was landed."""
    assert house.lakehouse.run(WEEK_1).success
    house.lakehouse.lake.write("raw/files/publications/notes.json", b"{}")
    assert house.lakehouse.run(WEEK_1).success
    assert Manifest.weeks(house.lakehouse.lake) == [WEEK_1]


@pytest.mark.parametrize("at", slow_but([0.3].__contains__, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.98]))
def test_a_flipped_bit_is_told_with_its_file(house: House, at: float) -> None:
    """Three of eight reached gold in silence; others were told by the name of the table that read them."""
    assert house.lakehouse.run(WEEK_1).success
    told = flip_bit(house.lakehouse.lake, "silver/titles", WEEK_1, at)
    for table in ("gold/titles", "silver/titles"):
        (failure,) = house.lakehouse.run(WEEK_1, table).failures.values()
        file, _, remedy = told.partition(" has other bytes than were judged")
        assert failure.startswith((f"{file} has other bytes than were judged", f"{file} cannot be read"))
        assert failure.endswith(remedy)
    assert house.lakehouse.run(WEEK_1, "silver/titles", tags=FORCE).success
    assert house.lakehouse.run(WEEK_1).success


FORGED: Mapping[str, Callable[[dict[str, Any]], dict[str, Any] | str | None]] = {
    "without a receipt": lambda told: None,
    "with a receipt of before": lambda told: {
        n: v for n, v in told.items() if n not in {"files", "upstream"}
    },
    "with half a receipt": lambda told: "{",
}


@pytest.mark.parametrize("how", slow_but(["without a receipt"].__contains__, FORGED))
def test_a_forged_week_is_refused_whatever_its_receipt(house: House, how: str) -> None:
    """Where the receipt was gone, other values were read, and gold was wrong with the exit code 0."""
    lake, path = house.lakehouse.lake, f"raw/files/receipts/silver/titles/{WEEK_1}.json"
    assert house.lakehouse.run(WEEK_1).success
    table = DeltaTable(lake.uri("silver/titles"))
    rows = table.to_pyarrow_table(filters=[("week", "=", WEEK_1)])
    forged = rows.set_column(rows.column_names.index("show_id"), "show_id", pc.add(rows["show_id"], 100))
    write_deltalake(table, forged, mode="overwrite", predicate=f"week = '{WEEK_1}'")
    told = FORGED[how](json.loads(lake.read(path) or b""))
    lake.remove_file(path)
    if told:
        lake.write(path, told.encode() if isinstance(told, str) else json.dumps(told).encode())
    (failure,) = house.lakehouse.run(WEEK_1, "gold/titles", tags=FORCE).failures.values()
    assert failure.startswith(f"silver/titles, week {WEEK_1}, holds other rows than were judged")
    assert house.lakehouse.run(WEEK_1, "silver/titles").success
    assert house.lakehouse.run(WEEK_1, "gold/titles", tags=FORCE).success
