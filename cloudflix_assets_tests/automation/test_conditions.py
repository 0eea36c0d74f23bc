"""What runs by itself: a map without a default; tables that follow what has changed, and nothing else."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import pytest
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from cloudflix_assets.assets import inputs
from cloudflix_assets.assets.context import Context
from cloudflix_assets.automation import switches
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    Makes,
    MemorySource,
    copied,
    lookup,
    prepare,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.tiers import slow_but
from spark.table import Table

TABLES = registered("gold/titles", "gold/cast")

BRONZE = ("publication", "raw/cast", "bronze/cast")
RETITLED = publication(titles=titles(*({"show_id": str(i), "title": f"Another {i}"} for i in range(1, 21))))


def test_every_deployment_says_what_runs_by_itself(lakehouse: Makes) -> None:
    """Forgotten, a new one would silently run nothing, or everything."""
    assert set(switches.BY_ITSELF) == set(get_args(Environment.model_fields["deployment"].annotation))
    repository = lakehouse().defs.get_repository_def()
    names = {each.name for each in repository.schedule_defs} | {s.name for s in repository.sensor_defs}
    sensors = {"publication_sensor", "landing_sensor", "changed_upstream", "freshness", "alerts"}
    assert names == {"weekly", *sensors}
    assert frozenset().union(*switches.BY_ITSELF.values()) <= names


def test_a_deployment_without_an_entry_is_an_error() -> None:
    """And not a default."""
    with pytest.raises(KeyError):
        switches.sensor_status("moon", switches.ALERTS)


def test_on_a_desk_nothing_starts_by_itself(lakehouse: Makes) -> None:
    """Who opens the web UI for a look must not find runs that nobody asked for."""
    repository = lakehouse().defs.get_repository_def()
    running = {
        s.name for s in repository.schedule_defs if s.default_status is dg.DefaultScheduleStatus.RUNNING
    }
    running |= {s.name for s in repository.sensor_defs if s.default_status is dg.DefaultSensorStatus.RUNNING}
    assert running == {"freshness", "alerts"}


class Daemon:
    """Dagster's evaluation of the conditions, tick after tick."""

    def __init__(self, house: Lakehouse) -> None:
        self.house = house
        self.cursor: AssetDaemonCursor | None = None

    def tick(self) -> set[tuple[str, str]]:
        """Evaluate the conditions once, and return the tables and weeks that they request."""
        result = dg.evaluate_automation_conditions(
            self.house.defs,
            self.house.instance,
            cursor=self.cursor,
            evaluation_time=datetime(2026, 11, 24, tzinfo=UTC),
        )
        self.cursor = result.cursor
        return {
            ("/".join(key.path), week)
            for key in self.house.runner.keys
            for week in result.get_requested_partitions(key)
            if week
        }

    def followed(self) -> list[str]:
        """Tick and run what is requested until nothing is; return what was requested, without quarantines."""
        found = []
        while asked := self.tick():
            by_week: dict[str, list[str]] = {}
            for path, week in sorted(asked):
                by_week.setdefault(week, []).append(path)
            for week, paths in by_week.items():
                assert self.house.run(date.fromisoformat(week), *paths).success
                found += [f"{path} {week}" for path in paths if not path.endswith("_quarantine")]
        return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two weeks."""
    weeks = (WEEK_1, WEEK_2)
    source = MemorySource({week: publication() for week in weeks})
    return prepare(tmp_path_factory.mktemp("prepared") / "home", weeks, source=source, tables=TABLES)


@pytest.fixture
def house(prepared: Path, environment: Environment, published: MemorySource) -> Iterator[Lakehouse]:
    with copied(prepared, environment, source=published, tables=TABLES) as found:
        yield found


@pytest.fixture
def daemon(house: Lakehouse) -> Daemon:
    found = Daemon(house)
    assert found.tick() == set()
    return found


def test_a_changed_week_refreshes_what_follows_from_it(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """And nothing beside it: the titles of that week did not change, nor did any other week."""
    published.publications[WEEK_2] = publication(cast=lookup("cast", ("Somebody Else", "1")))
    assert house.run(WEEK_2, "publication").success
    assert daemon.followed() == [
        f"raw/cast {WEEK_2}",
        f"raw/category {WEEK_2}",
        f"raw/titles {WEEK_2}",
        f"bronze/cast {WEEK_2}",
        f"silver/cast {WEEK_2}",
        f"gold/cast {WEEK_2}",
    ]


def test_a_rerun_that_changed_nothing_refreshes_nothing(house: Lakehouse, daemon: Daemon) -> None:
    """`eager()` would run every dependant again, week after week."""
    assert house.run(WEEK_2, "publication", "raw/titles", "silver/titles").success
    assert daemon.followed() == []


def test_the_weekly_run_is_not_followed_by_another(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """It has refreshed the dependants itself."""
    published.publications[WEEK_2] = RETITLED
    assert house.run(WEEK_2).success
    assert daemon.followed() == []


def test_the_week_after_is_refreshed_where_it_is_read(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """`newflag` of a week reads the titles of the week before."""
    published.publications[WEEK_1] = RETITLED
    assert house.run(WEEK_1, "publication", "raw/titles", "bronze/titles", "silver/titles").success
    asked = daemon.followed()
    assert f"gold/titles {WEEK_1}" in asked
    assert f"gold/titles {WEEK_2}" in asked
    assert not [one for one in asked if one.startswith(("silver", "bronze", "raw/titles"))]


@pytest.mark.slow
def test_a_warning_does_not_stop_what_follows(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """A ragged record of bronze would end the chain."""
    published.publications[WEEK_2] = publication(titles=RETITLED["titles"] + b"too,few\r\n")
    assert house.run(WEEK_2, "publication").success
    followed = daemon.followed()
    assert {f"silver/titles {WEEK_2}", f"gold/titles {WEEK_2}"} <= set(followed)
    assert list(house.run(WEEK_2).warned) == ["bronze/titles"]


def test_what_a_failed_run_did_not_reach_stops_nothing(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """Dagster calls its checks failed too; the tables are as they were."""
    published.publications[WEEK_2] = publication(cast=b"no,header\r\n")
    assert not house.run(WEEK_2).success
    published.publications[WEEK_2] = publication(cast=lookup("cast", ("Somebody Else", "1")))
    assert house.run(WEEK_2, "publication").success
    assert f"gold/cast {WEEK_2}" in daemon.followed()


def test_what_failed_its_blocking_check_is_not_followed(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """The refused silver keeps its content; gold would be built from it as if nothing had happened."""
    published.publications[WEEK_2] = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
    assert house.run(WEEK_2, "publication", "raw/titles", "bronze/titles").success
    assert not house.run(WEEK_2, "silver/titles").success
    assert not [path for path, _ in daemon.tick() if path == "gold/titles"]


def recast(*rows: tuple[str, str]) -> dict[str, bytes]:
    """A publication with another cast."""
    return publication(cast=lookup("cast", *rows))


def test_what_changes_while_the_dependant_runs_is_not_lost(
    house: Lakehouse, published: MemorySource, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read what was there before: that it is newly updated then says nothing."""

    def change() -> None:
        published.publications[WEEK_2] = recast(("The Second", "1"))
        assert house.run(WEEK_2, *BRONZE).success

    published.publications[WEEK_2] = recast(("The First", "1"))
    assert house.run(WEEK_2, *BRONZE).success
    assert ("silver/cast", str(WEEK_2)) in daemon.tick()
    asked = run_and_tick(house, daemon, monkeypatch, change)
    assert "silver/cast" not in asked
    assert daemon.followed().count(f"silver/cast {WEEK_2}") == 1
    assert [row["cast"] for row in house.rows("gold/cast", WEEK_2)] == ["The Second"]


@pytest.mark.slow
def test_what_changes_between_two_ticks_is_not_lost(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """The dependant was requested with the last tick and has run since; its upstream changed thereafter."""
    published.publications[WEEK_2] = recast(("The First", "1"))
    assert house.run(WEEK_2, *BRONZE).success
    assert ("silver/cast", str(WEEK_2)) in daemon.tick()
    assert house.run(WEEK_2, "silver/cast").success
    published.publications[WEEK_2] = recast(("The Second", "1"))
    assert house.run(WEEK_2, *BRONZE).success
    assert f"silver/cast {WEEK_2}" in daemon.followed()
    assert [row["cast"] for row in house.rows("gold/cast", WEEK_2)] == ["The Second"]


def test_what_changes_and_changes_back_between_two_ticks_is_not_lost(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """To the tick its data version is the same; what was run in between has read another."""
    before = published.publications[WEEK_2]
    assert daemon.tick() == set()
    published.publications[WEEK_2] = recast(("B", "1"))
    assert house.run(WEEK_2).success
    published.publications[WEEK_2] = before
    assert house.run(WEEK_2, *BRONZE).success
    assert f"silver/cast {WEEK_2}" in daemon.followed()
    assert "B" not in {row["cast"] for row in house.rows("gold/cast", WEEK_2)}


def test_a_request_whose_run_failed_is_not_made_again(
    house: Lakehouse, published: MemorySource, daemon: Daemon
) -> None:
    """Every half minute, for ever."""
    published.publications[WEEK_2] = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
    assert house.run(WEEK_2, "publication", "raw/titles", "bronze/titles").success
    assert ("silver/titles", str(WEEK_2)) in daemon.tick()
    assert not house.run(WEEK_2, "silver/titles").success
    assert [daemon.tick() for _ in range(3)] == [set()] * 3


@pytest.mark.parametrize("ticked", slow_but(bool, [True, False]))
def test_what_was_run_by_hand_is_not_asked_for(
    house: Lakehouse, published: MemorySource, daemon: Daemon, monkeypatch: pytest.MonkeyPatch, ticked: bool
) -> None:
    """Whether a tick falls into its run or not, it has read what its upstream holds."""
    published.publications[WEEK_2] = recast(("The First", "1"))
    assert house.run(WEEK_2, *BRONZE).success
    if ticked:
        assert "silver/cast" not in run_and_tick(house, daemon, monkeypatch)
    else:
        assert house.run(WEEK_2, "silver/cast").success
    assert [one for one in daemon.followed() if "cast" in one] == [f"gold/cast {WEEK_2}"]


def run_and_tick(
    house: Lakehouse,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[], None] = lambda: None,
) -> set[str]:
    """Run silver/cast; once it has read its inputs, let something change and tick; what the tick requests."""
    prepare, asked = inputs.prepare_frames, set[str]()

    def prepare_and_tick(context: Context, table: Table, *arguments: Any) -> Any:
        frames = prepare(context, table, *arguments)
        if table.path == "silver/cast":
            monkeypatch.setattr(inputs, "prepare_frames", prepare)
            change()
            asked.update(path for path, _ in daemon.tick())
        return frames

    monkeypatch.setattr(inputs, "prepare_frames", prepare_and_tick)
    assert house.run(WEEK_2, "silver/cast").success
    assert inputs.prepare_frames is prepare
    return asked
