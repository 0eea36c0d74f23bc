"""What is stale after what: the asset (gold/titles) and what depends on it, told twice and alike.

Asked of GraphQL's `staleStatusByPartition`, as the web UI would, and of `Staleness`, as the command
line does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster_graphql.test.utils import execute_dagster_graphql
from pyspark.sql import functions as F

from cloudflix_assets.assets.description import code_version
from cloudflix_assets.build import build_defs
from cloudflix_assets.instance.staleness import Newest, Staleness
from cloudflix_assets.runs import status, weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    TITLE,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    MemorySource,
    copied,
    csv_bytes,
    prepare,
    publication,
    put,
    registered,
    titles,
)
from cloudflix_assets_tests.tiers import slow_but
from spark.table import Rule, Table

Places = set[tuple[str, date]]

BEFORE_GOLD = [table.path for table in registered("silver/titles", "silver/cast")]
ASSET, DEPENDANT = (registered(path)[-1] for path in ("gold/titles", "gold/cast"))
FILMS = [{"show_id": str(i), "title": f"Title {i}"} for i in range(1, 21)]
REFUSED = {"show_id": "99", "title": "Refused"}


def tables() -> Sequence[Table]:
    """Titles and cast; gold/titles refuses one film, so that its quarantine can change alone."""
    rule = Rule("title: not refused", lambda: F.col("title") == "Refused")
    return [*registered(*BEFORE_GOLD), replace(ASSET, rules=(rule,)), DEPENDANT]


def films(**change: str) -> bytes:
    """The films of every week, the first of them changed."""
    return titles({**FILMS[0], **change}, *FILMS[1:])


def of_asset(*weeks: date) -> Places:
    return {(path, week) for path in ("gold/titles", "silver/gold_titles_quarantine") for week in weeks}


def of_dependant(*weeks: date) -> Places:
    return {(path, week) for path in ("gold/cast", "silver/gold_cast_quarantine") for week in weeks}


def with_extra_column() -> bytes:
    """Other bytes, other bronze and silver rows (their address), the same gold rows."""
    rows = [[*{**TITLE, **film}.values(), "extra"] for film in FILMS]
    return csv_bytes([*TITLE, "extra"], rows)


@dataclass
class House:
    """A lakehouse of two fresh weeks, whose files can be delivered again."""

    lakehouse: Lakehouse
    source: MemorySource

    def run(self, week: date, *paths: str) -> None:
        assert self.lakehouse.run(week, *paths).failures == {}

    def deliver(self, week: date, content: bytes) -> None:
        """Land another file of titles and run all that lies before gold."""
        self.source.publications[week] = publication(titles=content)
        self.run(week, "publication", *BEFORE_GOLD)


def two_weeks() -> MemorySource:
    """What both weeks of a house are made from."""
    return MemorySource({week: publication(titles=films()) for week in (WEEK_1, WEEK_2)})


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two weeks; GraphQL wants an instance that is stored."""
    folder = tmp_path_factory.mktemp("prepared")
    return prepare(folder / "home", (WEEK_1, WEEK_2), source=two_weeks(), tables=tables())


@pytest.fixture
def house(prepared: Path, environment: Environment) -> Iterator[House]:
    source = two_weeks()
    with copied(prepared, environment, source=source, tables=tables()) as found:
        yield House(found, source)


SERVED: list[dg.Definitions] = []


def served() -> dg.Definitions:
    """What the code location in this process loads."""
    return SERVED[-1]


QUERY = """query ($weeks: [String!]) {
  assetNodes { assetKey { path } staleStatusByPartition(partitions: $weeks) }
}"""


def stale_by_graphql(lakehouse: Lakehouse) -> Places:
    """The answer of the API behind the web UI."""
    SERVED.append(lakehouse.defs)
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=__name__, attribute="served"))
    weeks = [WEEK_1, WEEK_2]
    with WorkspaceProcessContext(lakehouse.instance, InProcessWorkspaceLoadTarget(origin)) as workspace:
        request = workspace.create_request_context()
        answer = execute_dagster_graphql(request, QUERY, {"weeks": [str(week) for week in weeks]})
    return {
        ("/".join(node["assetKey"]["path"]), week)
        for node in answer.data["assetNodes"]
        for week, status in zip(weeks, node["staleStatusByPartition"], strict=True)
        if status != "FRESH"
    }


def stale(lakehouse: Lakehouse) -> Places:
    """What is stale, by every way of asking; they must agree."""
    graph, instance = lakehouse.runner.graph, lakehouse.instance
    asked, at_once = (
        {("/".join(key.path), week) for week in (WEEK_1, WEEK_2) for key in staleness.stale(week)}
        for staleness in (Staleness(graph, instance), Staleness(graph, instance, Newest(instance)))
    )
    assert stale_by_graphql(lakehouse) == asked == at_once
    return asked


def rerun_unchanged(house: House, _: pytest.MonkeyPatch) -> None:
    house.run(WEEK_2)


def equal_output(house: House, _: pytest.MonkeyPatch) -> None:
    house.deliver(WEEK_2, with_extra_column())


def new_output(house: House, _: pytest.MonkeyPatch) -> None:
    house.deliver(WEEK_2, films(title="Another"))


def new_code(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cloudflix_assets.assets.tables.code_version",
        lambda table: "2" if table.path == "gold/titles" else code_version(table),
    )
    house.lakehouse = Lakehouse(
        house.lakehouse.environment, house.lakehouse.instance, source=house.source, tables=tables()
    )


def later_week(house: House, _: pytest.MonkeyPatch) -> None:
    house.source.publications[WEEK_2] = publication(titles=films(title="Another"))
    house.run(WEEK_2)


def week_before(house: House, _: pytest.MonkeyPatch) -> None:
    house.source.publications[WEEK_1] = publication(titles=films(title="Another"))
    house.run(WEEK_1)


def quarantine_only(house: House, _: pytest.MonkeyPatch) -> None:
    house.deliver(WEEK_2, titles(*FILMS, REFUSED))


@dataclass(frozen=True)
class Row:
    """After `change`, `stale`; re-running the asset writes `written`; then `left` is stale."""

    change: Callable[[House, pytest.MonkeyPatch], None]
    stale: Places = field(default_factory=set)
    written: Places = field(default_factory=set)
    left: Places = field(default_factory=set)


TRUTH_TABLE = [
    Row(rerun_unchanged),
    Row(equal_output, stale=of_asset(WEEK_2)),
    Row(new_output, stale=of_asset(WEEK_2), written={("gold/titles", WEEK_2)}, left=of_dependant(WEEK_2)),
    Row(new_code, stale=of_asset(WEEK_1, WEEK_2), left=of_asset(WEEK_1)),
    Row(later_week),
    Row(week_before, stale=of_asset(WEEK_2)),
    Row(quarantine_only, stale=of_asset(WEEK_2), written={("silver/gold_titles_quarantine", WEEK_2)}),
]


@pytest.mark.parametrize(
    "row", slow_but(lambda row: row.stale, TRUTH_TABLE), ids=lambda row: row.change.__name__
)
def test_stale(house: House, monkeypatch: pytest.MonkeyPatch, row: Row) -> None:
    """Too little stale: an outdated number is shown. Too much: every run is a full one."""
    assert stale(house.lakehouse) == set()
    row.change(house, monkeypatch)
    assert stale(house.lakehouse) == row.stale
    result = house.lakehouse.run(WEEK_2, "gold/titles")
    assert {(path, WEEK_2) for path, table in result.tables.items() if table.committed} == row.written
    assert stale(house.lakehouse) == row.left


@pytest.mark.slow
def test_run_stale_clears_every_mark_and_runs_nothing_else(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weeks run out of order, and a file landed anew: one pass in calendar order must settle both."""
    chosen = environment.model_copy(update={"source": str(tmp_path / "files")})
    monkeypatch.setattr(weeks, "build_defs", partial(build_defs, tables=tables()))
    for week in (WEEK_1, WEEK_2):
        put(tmp_path / "files" / str(week), publication(titles=films()))
    for week in (WEEK_2, WEEK_1):
        (run,) = weeks.run_weeks(chosen, [week], None, {})
        assert run.success

    (settled,) = weeks.run_stale(chosen, [], None, {})
    assert settled.week == WEEK_2  # whose newflags asked for week 1, which was not there yet
    assert {path for path, table in settled.tables.items() if table.committed} == {"gold/titles"}
    assert settled.tables["silver/titles"].reason == "not selected"
    assert settled.checks["failed"] == 0  # that the last week has not run says nothing of this one

    put(tmp_path / "files" / str(WEEK_1), publication(titles=films(title="Another")))
    (landed,) = weeks.run_weeks(chosen, [WEEK_1], "publication", {})
    assert landed.success
    results = list(weeks.run_stale(chosen, [], None, {}))
    assert [(result.week, result.success) for result in results] == [(WEEK_1, True), (WEEK_2, True)]
    assert results[0].tables["gold/titles"].committed is True
    assert results[0].tables["bronze/cast"].committed is False
    assert results[1].tables["gold/titles"].committed is False  # the same ids were there before
    assert list(weeks.run_stale(chosen, [], None, {})) == []
    monkeypatch.setattr(status, "build_defs", partial(build_defs, tables=tables()))
    assert {entry.state for entry in status.lake_status(chosen).tables} == {"fresh"}
