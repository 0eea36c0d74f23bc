"""What is stale after what, where gold is launched: the same answers as of steps on this machine.

The cluster's Python is another, which gives the same code another version.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from cloudflix_assets.names import quarantine_of
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.databricks.launches import Launches, launches
from cloudflix_assets_tests.databricks.troubles import ship
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, Lakehouse
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.runs import test_stale_truth_table as truth
from cloudflix_assets_tests.runs.test_stale_truth_table import TRUTH_TABLE, House, Row, stale, tables

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.SupersessionWarning"),
    pytest.mark.slow,
]

ASSET, DEPENDANTS = "gold/titles", {"gold/cast", "silver/gold_cast_quarantine"}
RULE = """
from dataclasses import replace
from pyspark.sql import functions as F
from spark.table import Rule
RULE = Rule("title: not refused", lambda: F.col("title") == "Refused")
TABLES = tuple(replace(table, rules=(RULE,)) if table.path == "gold/titles" else table for table in TABLES)
"""


class Launched(Lakehouse):
    """A lakehouse that launches gold/titles alone; its upstream and downstream run on this machine."""

    def __init__(
        self, launched: Launches, environment: Environment, instance: dg.DagsterInstance, **arguments: Any
    ) -> None:
        super().__init__(environment, instance, **arguments)
        self.launched, self.arguments = launched, arguments

    def run(self, week: date, *paths: str, **_: Any) -> WeekResult:
        chosen = set(paths or ("/".join(key.path) for key in self.runner.keys))
        own = {ASSET, quarantine_of(ASSET)}
        if before := chosen - own - DEPENDANTS:
            result = super().run(week, *before)
        if chosen & own:
            result = self.launched.run(week, ASSET, **self.arguments)
        if chosen & DEPENDANTS:
            result = super().run(week, *DEPENDANTS)
        return result


@contextmanager
def housed(
    workspace: Emulator, prepared: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, Launches]]:
    """The truth table's house, in a copy of a prepared home."""
    source = truth.two_weeks()
    with launches(workspace, prepared, folder, monkeypatch) as launched:
        ship(launched, {
            "spark/registry.py": lambda text: text + RULE,
            "cloudflix_assets/versions.py": lambda text: text.replace("[:12]", "[:11]"),
        })  # fmt: skip
        monkeypatch.setattr(truth, "Lakehouse", partial(Launched, launched))
        settings = launched.environment.model_copy(update={"deployment": "local", "engine": "sail"})
        lakehouse = Launched(launched, settings, launched.instance, source=source, tables=tables())
        yield House(lakehouse, source), launched
        assert workspace.wrong == []


@pytest.fixture(scope="module")
def home(workspace: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two weeks in which nothing is stale."""
    new, folder = tmp_path_factory.mktemp("new"), tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch, housed(workspace, new, folder, patch) as (house, _):
        for week in (WEEK_1, WEEK_2):
            house.run(week)
        assert stale(house.lakehouse) == set()
    return folder / "home"


@pytest.mark.parametrize(
    "row",
    TRUTH_TABLE,
    ids=lambda row: row.change.__name__,
)
def test_stale(
    workspace: Emulator, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, row: Row
) -> None:
    with housed(workspace, home, tmp_path, monkeypatch) as (house, launched):
        row.change(house, monkeypatch)
        assert stale(house.lakehouse) == row.stale
        result = house.lakehouse.run(WEEK_2, ASSET)
        assert {(path, WEEK_2) for path, table in result.tables.items() if table.committed} == row.written
        assert stale(house.lakehouse) == row.left
        assert launched.handed_over() == []
