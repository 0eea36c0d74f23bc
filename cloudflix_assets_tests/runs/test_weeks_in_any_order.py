"""The same weeks in any order, then what is stale: the same digests."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from cloudflix_assets.delta import log
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.runs.weeks import run_stale, run_weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, WEEK_3

WEEKS = (WEEK_1, WEEK_2, WEEK_3)
Digests = dict[tuple[str, date], str | None]


def digests(environment: Environment, tables: Sequence[str]) -> Digests:
    """What each week of each table holds."""
    lake = LocalLake(environment.lake_root)
    return {(path, week): log.committed_digest(lake, path, week) for path in tables for week in WEEKS}


def run(environment: Environment, week: date) -> list[str]:
    """Run one week of the sample and name its tables."""
    (result,) = run_weeks(environment, [week], None, {})
    assert result.failures == {}
    return list(result.tables)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    """Three weeks as they come."""
    environment = Environment(home=tmp_path_factory.mktemp("ordered") / "home", source="sample")
    for week in WEEKS:
        tables = run(environment, week)
    found = digests(environment, tables)
    assert None not in found.values()
    assert list(run_stale(environment, [], None, {})) == []
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "order",
    [(WEEK_3, WEEK_2, WEEK_1), (WEEK_2, WEEK_3, WEEK_1)],
    ids=lambda order: " ".join(str(WEEKS.index(week) + 1) for week in order),
)
def test_weeks_in_another_order_come_out_the_same(
    tmp_path: Path, in_order: Digests, order: Sequence[date]
) -> None:
    """`newflag` reads the week before: run before it, a week must be found stale and corrected."""
    environment = Environment(home=tmp_path / "home", source="sample")
    for week in order:
        tables = run(environment, week)
    before = digests(environment, tables)
    changed = {path for (path, _), found in before.items() if found not in in_order.values()}
    assert changed == {"gold/titles"}  # else this test would show nothing
    assert all(result.success for result in run_stale(environment, [], None, {}))
    assert list(run_stale(environment, [], None, {})) == []
    assert digests(environment, tables) == in_order
