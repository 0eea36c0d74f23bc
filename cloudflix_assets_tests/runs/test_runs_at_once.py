"""Two runs of the same week at the same time, on the same lake and instance, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.bad_input import House
from cloudflix_assets_tests.lakehouse import WEEK_1, Lakehouse, publication, put

pytestmark = pytest.mark.slow  # processes at once

AT_ONCE = 3
RUN = "from cloudflix_assets.cli.commands import main; main()"


def started(house: House) -> subprocess.Popen[str]:
    """A run of the week, not waited for."""
    options = [
        "run",
        "--json",
        "--week",
        str(WEEK_1),
        "--source",
        str(house.source),
        "--home",
        str(house.home),
    ]
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_runs_of_one_week_at_once_end_whole(
    tmp_path: Path, environment: Environment, instance: dg.DagsterInstance
) -> None:
    """The first run ever, so that instance, marker and tables are all made at once.

    Two processes that made Dagster's databases together left them with two schema versions, which nobody
    could open again; two writers of a new week can double it.
    """
    source = put(tmp_path / "netflix", publication())
    together = House(tmp_path / "together", source)
    runs = [started(together) for _ in range(AT_ONCE)]
    ends = [(run.communicate(), run.returncode) for run in runs]
    assert [code for _, code in ends] == [0] * AT_ONCE, [err for (_, err), _ in ends]

    alone = House(environment.home, source)
    assert alone.run().code == 0
    expected = Lakehouse(environment, instance).digests(WEEK_1)
    assert Lakehouse(Environment(home=together.home), instance).digests(WEEK_1) == expected
    again = together.run()
    assert again.code == 0
    # Computed from what the lake holds: nothing is doubled, and no table lies beside another's quarantine.
    assert {table["committed"] for table in again.weeks[0]["tables"].values()} == {False}
    assert not [path for path in together.listing() if "staging" in path]
