"""A week that changes is told with the week after it, which read it as it was before."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cloudflix_assets.assets.step import Step
from cloudflix_assets.build import build_defs
from cloudflix_assets.runs import weeks
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import cloudflix_process
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, put, registered

TOLD = (
    f"gold/titles of the week {WEEK_2} was built before the week before it changed: bring it up to date with "
    "`cloudflix run --stale`."
)
Run = Callable[..., list[str]]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of two weeks."""
    for week in (WEEK_1, WEEK_2):
        put(tmp_path / "files" / str(week), publication())
    return tmp_path / "files"


@pytest.fixture
def run(environment: Environment, source: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run weeks of titles as the command line does; the sentences that are told of them."""
    monkeypatch.setattr(weeks, "build_defs", partial(build_defs, tables=registered("gold/titles")))
    chosen = environment.model_copy(update={"source": str(source)})

    def make(*asked: date) -> list[str]:
        results = list(weeks.run_weeks(chosen, asked, None, {}))
        assert all(result.success for result in results)
        return [sentence for result in results for sentence in result.notices]

    return make


@pytest.mark.slow
def test_a_week_that_is_run_late_is_told_with_the_week_after_it(run: Run) -> None:
    """Its newflags are those of a catalogue that began with it."""
    assert run(WEEK_2) == []
    assert run(WEEK_1) == [TOLD]
    assert run(WEEK_1, WEEK_2) == []


@pytest.mark.slow
def test_a_week_that_changes_beside_a_run_is_told(
    run: Run, environment: Environment, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that each run a week end well, and one of them has read half of the other."""
    original = Step.run

    def beside(self: Step, loaded: Any) -> Any:
        if (self.table.path, self.week) == ("gold/titles", WEEK_2):
            options = ("--week", str(WEEK_1), "--source", str(source), "--select", "+gold/titles")
            assert cloudflix_process(environment.home, "run", *options).code == 0
        yield from original(self, loaded)

    monkeypatch.setattr(Step, "run", beside)
    assert TOLD in run(WEEK_2)
