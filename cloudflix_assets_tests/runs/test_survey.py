"""The lake is asked: what is not there as it is remembered is shown, redone by `--stale`, told by the doctor.

Each damage is done by what users have at hand: a shell, another Delta library, Dagster, another home.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from deltalake import DeltaTable, write_deltalake

from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.build import build_defs
from cloudflix_assets.delta import look, table
from cloudflix_assets.instance.ended_runs import this_process
from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.names import PROCESS, asset_key
from cloudflix_assets.runs import memory, survey
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets.sources.dropped import files
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import (
    PATHS,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    MemorySource,
    lookup,
    publication,
    put,
    registered,
)
from cloudflix_assets_tests.tiers import slow_but
from spark.registry import TABLES

Places = set[tuple[str, str]]
GOLD = {path for path in PATHS if path.startswith("gold/")}
CAST = lookup("cast", *((f"Actor {number}", str(number)) for number in range(1, 21)), ("Stranger", "4711"))


SAID = {"CLOUDFLIX_SOURCE_NAME": "netflix"}
"""A copy of a source is another, unless that is said."""


@dataclass(frozen=True)
class House:
    """A home of two weeks, and the folder that they come from."""

    home: Path

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def source(self) -> str:
        return str(self.home.parent / "netflix")

    def told(self, command: str, *options: str, **variables: str) -> Told:
        """Call a command; all but status are given the source."""
        source = () if command == "status" else ("--source", self.source)
        return cloudflix(self.home, command, *options, *source, env=SAID | variables)

    def run(self, *options: str) -> Told:
        return self.told("run", "--json", *options)

    def entries(self, **variables: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told("status", "--json", **variables).json["tables"]
        return found

    def states(self, **variables: str) -> dict[str, Places]:
        """Tables and weeks by state, without what is fresh."""
        found: dict[str, Places] = {}
        for entry in self.entries(**variables):
            if entry["state"] != "fresh":
                found.setdefault(entry["state"], set()).add((entry["table"], entry["week"]))
        return found

    def doctor(self) -> Mapping[str, str]:
        """What the doctor says about the tables."""
        checks = self.told("doctor", "--json").json["checks"]
        (found,) = (check for check in checks if check["check"] == "lake's tables")
        return dict(found)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("survey")
    put(folder / "netflix", publication(cast=CAST))
    told = House(folder / "home").run("--from", str(WEEK_1), "--to", str(WEEK_2))
    assert told.code == 0, told.stderr
    return folder


@pytest.fixture
def house(prepared: Path, tmp_path: Path) -> House:
    """A moved copy: it is as well as the original."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return House(tmp_path / "home")


def every(paths: set[str], *weeks: date) -> Places:
    return {(path, str(week)) for path in paths for week in weeks}


def gold_removed(house: House) -> None:
    shutil.rmtree(house.lake / "gold")


def quarantine_removed(house: House) -> None:
    shutil.rmtree(house.lake / "silver" / "gold_cast_quarantine")


def all_removed(house: House) -> None:
    """After a run here: a home that was moved, and whose lake is empty, might as well mean another lake."""
    assert house.run("--from", str(WEEK_1), "--to", str(WEEK_2)).code == 0
    shutil.rmtree(house.lake)


def rows_deleted(house: House) -> None:
    DeltaTable(str(house.lake / "gold/cast")).delete(f"week = '{WEEK_1}' and show_id < 9")


def week_deleted(house: House) -> None:
    DeltaTable(str(house.lake / "gold/cast")).delete(f"week = '{WEEK_1}'")


def rows_appended(house: House) -> None:
    table = DeltaTable(str(house.lake / "silver/cast"))
    one = table.to_pyarrow_table(filters=[("week", "=", WEEK_2)]).slice(0, 1)
    write_deltalake(table, one, mode="append")


def version_restored(house: House) -> None:
    """To before the second week, whose rows are gone with it."""
    table = DeltaTable(str(house.lake / "silver/cast"))
    table.restore(table.version() - 1)


def commit_of_another_home(house: House) -> None:
    """The same rows, committed anew: another instance forced it."""
    run = ("run", "--force", "--week", str(WEEK_1), "--select", "gold/cast", "--source", house.source)
    assert (
        cloudflix(house.home.parent / "other", *run, env=SAID | {"CLOUDFLIX_LAKE": str(house.lake)}).code == 0
    )


def damaged(house: House) -> None:
    (house.lake / "gold/cast/_delta_log" / f"{0:020}.json").unlink()


def manifest_removed(house: House) -> None:
    (house.lake / f"raw/files/publications/{WEEK_2}.json").unlink()


def landed_file_removed(house: House) -> None:
    """Of both weeks, which share their files."""
    (landed,) = (house.lake / "raw/files/cast").iterdir()
    landed.unlink()


def assets_wiped(house: House) -> None:
    with open_instance(Environment(home=house.home)) as instance:
        instance.wipe_assets([dg.AssetKey(["gold", "cast"])])


def run_deleted(house: House) -> None:
    with open_instance(Environment(home=house.home)) as instance:
        instance.delete_run(instance.get_runs()[0].run_id)


BOTH = (WEEK_1, WEEK_2)
DAMAGES: Mapping[str, tuple[Callable[[House], None], str, Places]] = {
    "gold removed": (gold_removed, "missing", every(GOLD, *BOTH)),
    "a quarantine removed": (quarantine_removed, "missing", every({"silver/gold_cast_quarantine"}, *BOTH)),
    "all removed": (all_removed, "missing", every({*PATHS, "publication"}, *BOTH)),
    "rows deleted": (rows_deleted, "changed", every({"gold/cast"}, WEEK_1)),
    "a week deleted": (week_deleted, "changed", every({"gold/cast"}, WEEK_1)),
    "rows appended": (rows_appended, "changed", every({"silver/cast"}, WEEK_2)),
    "a version restored": (version_restored, "changed", every({"silver/cast"}, WEEK_2)),
    "another home": (
        commit_of_another_home,
        "changed",
        every({"gold/cast", "silver/gold_cast_quarantine"}, WEEK_1),
    ),
    "a manifest removed": (manifest_removed, "missing", every({"publication"}, WEEK_2)),
    "a landed file removed": (landed_file_removed, "missing", every({"publication"}, *BOTH)),
    "assets wiped": (assets_wiped, "unknown", every({"gold/cast"}, *BOTH)),
    "a run deleted": (
        run_deleted,
        "unknown",
        every({path for path in PATHS if "quarantine" not in path}, WEEK_2)
        | every({"silver/gold_cast_quarantine"}, WEEK_2),
    ),
}


@pytest.mark.parametrize("kind", slow_but("gold removed".__eq__, DAMAGES))
def test_what_is_not_as_remembered_is_shown_redone_and_told(house: House, kind: str) -> None:
    """`status` said fresh, `--stale` that nothing is stale, and the doctor that everything is well."""
    damage, state, places = DAMAGES[kind]
    assert house.states() == {}
    before = {(e["table"], e["week"]): (e["rows"], e["digest"]) for e in house.entries()}
    damage(house)
    assert house.states() == {state: places}
    shown = house.told("status")
    assert shown.code == 1
    assert f"\n{state} " in shown.stdout
    assert "cloudflix run --stale" in shown.stdout
    found = house.doctor()
    assert found["state"] == ("fail" if state == "missing" else "warn")
    assert f"{len(places)} weeks of tables are not as they should be" in found["seen"]

    redone = house.run("--stale")
    assert redone.code == 0, redone.stderr
    weeks = [week["week"] for week in redone.weeks]
    assert weeks == sorted({week for _, week in places})
    assert house.states() == {}
    assert house.told("status").code == 0
    assert {(e["table"], e["week"]): (e["rows"], e["digest"]) for e in house.entries()} == before
    assert house.run("--stale").json == {"weeks": []}
    assert house.doctor()["state"] == "ok"


@pytest.mark.slow
def test_a_damaged_table_is_told_and_the_others_are_shown(house: House) -> None:
    """One broken log hid all the rest."""
    damaged(house)
    assert house.states() == {"damaged": every({"gold/cast"}, *BOTH)}
    shown = house.told("status").stdout
    assert "damaged gold/cast, 2 weeks: gold/cast cannot be opened" in shown
    assert house.doctor()["state"] == "fail"
    assert house.run("--stale").code == 1  # the run says the same
    shutil.rmtree(house.lake / "gold/cast")
    assert house.run("--stale").code == 0
    assert house.states() == {}


@pytest.mark.slow
def test_a_full_lake_under_a_new_home_is_unknown_and_made_known(house: House, tmp_path: Path) -> None:
    """It was called empty. The source is not asked: it may have other files for these weeks by now."""
    new, env = tmp_path / "new", {"CLOUDFLIX_LAKE": str(house.lake)}
    found = cloudflix(new, "status", "--json", env=env)
    assert found.code == 1
    assert {entry["state"] for entry in found.json["tables"]} == {"unknown"}
    rows = {(entry["table"], entry["rows"]) for entry in found.json["tables"]}
    assert ("silver/cast", 21) in rows
    shown = cloudflix(new, "status", env=env).stdout
    unknown = f"unknown {len(TABLES)} tables, 2 weeks"
    assert f"{unknown}: the lake holds it, and this instance does not remember it" in shown
    assert not new.exists()

    put(Path(house.source), publication(cast=lookup("cast", ("Another", "1"))))
    known = cloudflix(new, "run", "--stale", "--json", "--source", house.source, env=env)
    assert [week["success"] for week in known.weeks] == [True, True]
    committed = {table["committed"] for week in known.weeks for table in week["tables"].values()}
    assert committed == {False}
    assert cloudflix(new, "status", env=env).code == 0


@pytest.mark.slow
def test_another_lake_than_the_last_one_is_said(house: House, prepared: Path, tmp_path: Path) -> None:
    """All of the old one's weeks were listed as if they lay in the new one."""
    written = prepared / "home" / "lake"  # where the home was before it was copied
    env = {"CLOUDFLIX_LAKE": str(tmp_path / "another")}
    for command in (("status",), ("run", "--stale")):
        told = house.told(*command, **env)
        assert told.code == 1
        assert f"to another lake, {written}, and {tmp_path}/another is not that one" in (
            told.stdout.replace("\n", " ") + told.sentence
        )
    assert house.entries(**env) == []
    assert house.told("run", "--week", str(WEEK_1), **env).code == 0
    found = house.entries(**env)
    assert {(entry["week"], entry["state"]) for entry in found} == {(str(WEEK_1), "fresh")}
    assert house.told("status", **env).code == 1  # week 2 is remembered of the other
    (state,) = house.states().items()
    assert (state[0], {week for _, week in state[1]}) == ("unknown", {str(WEEK_1)})


def test_weeks_before_a_first_week_that_moved_are_shown_as_such(house: House) -> None:
    """Dagster no longer knows them, and `--stale` must not ask it to run them."""
    env = {"CLOUDFLIX_FIRST_WEEK": str(WEEK_2)}
    assert {week for _, week in house.states(**env)["outside"]} == {str(WEEK_1)}
    shown = house.told("status", **env)
    outside = f"{len(TABLES)} tables, {WEEK_1}"
    assert f"{outside}: the calendar begins with {WEEK_2} (CLOUDFLIX_FIRST_WEEK)" in shown.stdout
    assert shown.code == 0
    stale = house.told("run", "--stale", **env)
    assert (stale.code, stale.given) == (0, "Nothing is stale.")


def test_a_week_whose_last_run_failed_is_a_state_with_its_sentence(house: House) -> None:
    """`last run just now`, and nothing else, was shown after a refused publication."""
    put(Path(house.source), publication(cast=b"cast,show_id\r\n"))
    assert house.run("--week", str(WEEK_2), "--refresh").code == 1
    shown = house.told("status")
    assert shown.code == 1
    assert f"failed publication, {WEEK_2}: netflix_cast.csv holds a header and no records" in shown.stdout
    assert f"not reached {len(TABLES)} tables, {WEEK_2}: because publication failed" in shown.stdout
    assert "! just now" in shown.stdout
    failed = {e["attempt"]["ended"] for e in house.entries() if e["attempt"]}
    assert failed == {"failed", "not reached"}
    assert "failed: netflix_cast.csv holds a header" in house.doctor()["seen"]

    put(Path(house.source), publication(cast=CAST))
    assert house.run("--stale").code == 0
    assert house.told("status").code == 0


def test_a_file_that_is_gone_is_shown_and_not_fresh(house: House) -> None:
    """`status` listed all rows, with the exit code 0: the log alone was asked."""
    (file,) = (house.lake / "gold" / "cast" / f"week={WEEK_1}").rglob("*.parquet")
    content = file.read_bytes()
    remedy = f"with `cloudflix run --week {WEEK_1} --select gold/cast --force`, then rerun."
    for damaged, how in ((None, " is gone: "), (content[:-1], f" has {len(content) - 1} bytes, and its ")):
        file.unlink() if damaged is None else file.write_bytes(damaged)
        told = cloudflix(house.home, "status")
        assert (told.code, f"damaged gold/cast, {WEEK_1}: {file}{how}" in told.stdout) == (1, True)
        assert remedy in told.stdout
    file.write_bytes(content)
    assert cloudflix(house.home, "status").code == 0


def test_a_run_that_goes_on_is_no_damage(house: House) -> None:
    """It has committed, and the instance does not know yet: `changed outside` would be a false alarm."""
    keys = frozenset(map(asset_key, ("gold/cast", "silver/gold_cast_quarantine")))
    with open_instance(Environment(home=house.home)) as instance:
        defs = build_defs(Environment(home=house.home, source=house.source))
        job = defs.resolve_job_def(WEEKLY_REFRESH).get_subset(asset_selection=keys)
        tags = {"dagster/partition": str(WEEK_1), PROCESS: this_process()}
        run = instance.create_run_for_job(job_def=job, tags=tags, asset_selection=keys)
        rows_deleted(house)
        assert house.states() == {}
        (going,) = (entry for entry in house.entries() if entry["attempt"])
        assert (going["table"], going["attempt"]["ended"]) == ("gold/cast", "running")
        assert house.told("status").code == 0
        instance.report_run_canceled(run)
    assert house.states() == {"changed": every({"gold/cast"}, WEEK_1)}
    assert "interrupted gold/cast" in house.told("status").stdout


def test_a_first_week_that_was_refused_is_no_empty_lake(tmp_path: Path) -> None:
    """Nothing was stored, so nothing was shown."""
    put(tmp_path / "netflix", publication(titles=b"title,show_id\r\nA,1\r\n"))
    house = House(tmp_path / "home")
    assert house.run("--week", str(WEEK_1)).code == 1
    shown = house.told("status")
    assert shown.code == 1
    assert f"failed publication, {WEEK_1}: netflix_titles.csv" in shown.stdout
    assert {entry["state"] for entry in house.entries()} == {"absent"}


def test_rows_of_an_earlier_version_are_known_by_their_version(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its materializations do not say which files they saw."""
    known = memory.metadata
    monkeypatch.setattr(
        survey, "metadata", lambda record: {n: v for n, v in known(record).items() if n != "stored"}
    )
    assert house.states() == {}
    rows_deleted(house)
    version_restored(house)
    assert house.states() == {"changed": every({"gold/cast"}, WEEK_1) | every({"silver/cast"}, WEEK_2)}


def test_a_lake_of_any_kind_is_asked(each_environment: Environment, instance: dg.DagsterInstance) -> None:
    """In an account as in a folder."""
    tables = registered("raw/cast", "bronze/cast", "silver/cast")
    house = Lakehouse(
        each_environment,
        instance,
        source=MemorySource(dict.fromkeys(BOTH, publication(cast=CAST))),
        tables=tables,
    )
    for week in BOTH:
        assert house.run(week).failures == {}
    lake = house.stored

    def found() -> dict[str, Places]:
        seen = survey.survey(lake, instance, house.runner.graph, WEEK_1)
        states: dict[str, Places] = {}
        for (key, week), one in seen.found.items():
            states.setdefault(one.state, set()).add((key.to_user_string(), str(week)))
        return states

    paths = {"publication", "raw/cast", "bronze/cast", "silver/cast", "silver/cast_quarantine"}
    assert found() == {"kept": every(paths, *BOTH)}
    lake.remove("raw/cast")
    table = DeltaTable(
        lake.delta_uri("silver/cast"), storage_options=dict(lake.storage_options or {}) or None
    )
    table.delete(f"week = '{WEEK_2}' and show_id > 3")
    lake.write("raw/files/publications/damage.json", b"")
    states = found()
    assert states["missing"] == every({"raw/cast"}, *BOTH)
    assert states["changed"] == every({"silver/cast"}, WEEK_2)
    with dg.DagsterInstance.ephemeral() as other:
        seen = survey.survey(lake, other, house.runner.graph, WEEK_1)
        assert {one.state for one in seen.found.values()} == {"unknown"}
        assert house.runner.graph.get(dg.AssetKey("publication")).key not in seen.redone(WEEK_1)


def test_a_look_is_one_for_each_table(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an account each costs calls; a look for each week would be minutes."""
    opened: list[str] = []
    monkeypatch.setattr(table, "_CACHE", {})
    original = table.CachedDeltaTable.__init__

    def counted(self: Any, uri: str, options: Any) -> None:
        opened.append(uri)
        original(self, uri, options)

    monkeypatch.setattr(table.CachedDeltaTable, "__init__", counted)
    monkeypatch.setattr(look, "version_of_week", lambda *_: pytest.fail("the log was read for a week"))
    assert house.states() == {}
    assert sorted(opened) == sorted(str(house.lake / path) for path in PATHS)


@pytest.mark.slow
def test_a_week_whose_last_delivery_waits_is_not_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a correction in two parts one had come: all was fresh, and the week after was told of older rows."""
    monkeypatch.setattr(files, "SETTLED_AFTER", timedelta())
    home = tmp_path / "home"
    landing = home / "lake" / "raw" / "landing"
    put(landing / str(WEEK_1), publication())
    run = ("run", "--week", str(WEEK_1), "--source", "landing")
    assert cloudflix(home, *run).code == 0
    (landing / f"netflix_cast_{WEEK_1}_part1of2.csv").write_bytes(publication()["cast"])
    assert cloudflix(home, *run).code == 0
    shown = cloudflix(home, "status")
    assert shown.code == 1
    assert f"waiting publication, {WEEK_1}: its last delivery was not landed: " in shown.stdout
