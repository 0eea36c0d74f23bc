"""Two runs of the same week at the same time, on the same lake and instance, in processes of their own."""

from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.bad_input import House
from cloudflix_assets_tests.lake.adls.lakes import ended, started
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, publication, put

pytestmark = pytest.mark.slow  # processes at once

AT_ONCE = 3


def test_runs_of_one_week_at_once_end_whole(
    tmp_path: Path, environment: Environment, instance: dg.DagsterInstance
) -> None:
    """The first run ever, so that instance, marker and tables are all made at once.

    Two processes that made Dagster's databases together left them with two schema versions, which nobody
    could open again; two writers of a new week can double it.
    """
    source = put(tmp_path / "netflix", publication())
    together = House(tmp_path / "together", source)
    own = Environment(home=together.home, source=str(source))
    runs = [started(own, "run", "--quiet", "--week", WEEK_1) for _ in range(AT_ONCE)]
    assert [ended(run) for run in runs] == [0] * AT_ONCE

    alone = House(environment.home, source)
    assert alone.run().code == 0
    expected = Lakehouse(environment, instance).digests(WEEK_1)
    assert Lakehouse(Environment(home=together.home), instance).digests(WEEK_1) == expected
    again = together.run()
    assert again.code == 0
    # Computed from what the lake holds: nothing is doubled, and no table lies beside another's quarantine.
    assert {table["committed"] for table in again.weeks[0]["tables"].values()} == {False}
    assert not [path for path in together.listing() if "staging" in path]
