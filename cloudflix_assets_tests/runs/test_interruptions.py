"""Ctrl-C, and a supervisor's SIGTERM, at any moment of a run: a sentence, code 130, nothing half-done."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.instance.instance import open_instance
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.cli.command import Told, cloudflix
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, put
from cloudflix_assets_tests.tiers import slow_but

LONGEST = 60
"""Seconds; one that hangs must not hang the tests."""
WEEKS = ("--week", str(WEEK_1), "--week", str(WEEK_2))


@dataclass(frozen=True)
class Moment:
    """When the signal is sent: some time after standard error has told this."""

    after: str
    seconds: float
    signals: tuple[signal.Signals, ...] = (signal.SIGINT,)


MOMENTS = {
    "while Dagster is imported": Moment("cloudflix_assets.errors", 0),
    "before the first step": Moment(f"Week {WEEK_1}, 1 of 2 runs", 0),
    "while the engine starts": Moment("pysail.spark", 0),
    "in a step": Moment(f"Week {WEEK_1}, 1 of 2 runs", 2),
    "by an impatient user": Moment(f"Week {WEEK_1}, 1 of 2 runs", 1.5, (signal.SIGINT,) * 20),
    "by a supervisor": Moment(f"Week {WEEK_1}, 1 of 2 runs", 1, (signal.SIGTERM,)),
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of five small files."""
    return put(tmp_path / "netflix", publication())


def interrupted(home: Path, files: Path, moment: Moment) -> Told:
    """Run two weeks in a process group of its own, as a terminal does, and signal the whole group."""
    code = "from cloudflix_assets.cli.commands import main; main()"
    options = ("run", *WEEKS, "--home", str(home), "--source", str(files))
    # `importtime` tells on standard error how far the start-up has come.
    command = [sys.executable, "-X", "importtime", "-c", code, *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        told = ""
        for line in process.stderr:
            told += line
            if moment.after in line:
                break
        time.sleep(moment.seconds)
        for number in moment.signals:
            os.killpg(process.pid, number)
            time.sleep(0.02)
        try:
            told += process.communicate(timeout=LONGEST)[1]
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    own = [line for line in told.splitlines() if not line.startswith("import time:")]
    return Told(process.returncode, "", "\n".join(own))


@pytest.mark.parametrize(
    "moment", slow_but(lambda moment: moment is MOMENTS["in a step"], MOMENTS.values()), ids=MOMENTS
)
def test_an_interrupted_run_ends_in_a_sentence_and_leaves_nothing_begun(
    tmp_path: Path, files: Path, moment: Moment
) -> None:
    """A stack trace, a run that the web UI shows as running for ever, staged files that nobody removes."""
    home = tmp_path / "home"
    told = interrupted(home, files, moment)
    assert told.code == 130, told.stderr
    assert "Traceback" not in told.stderr
    assert told.sentence.count("Interrupted") == 1
    assert "run the same command again" in told.sentence
    assert list((home / "lake").glob("*/staging/*")) == []
    if (home / "dagster.yaml").is_file():
        with open_instance(Environment(home=home)) as instance:
            ended = {dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS}
            assert {run.status for run in instance.get_runs()} <= ended


@pytest.mark.slow
def test_the_same_command_again_brings_an_interrupted_run_to_its_end(tmp_path: Path, files: Path) -> None:
    """The sentence promises it; and the week that was finished is not touched."""
    home = tmp_path / "home"
    told = interrupted(home, files, Moment(f"Week {WEEK_2}, 2 of 2 runs", 0.5))
    assert told.code == 130
    assert f"Interrupted (finished: {WEEK_1})" in told.sentence
    again = cloudflix(home, "run", *WEEKS, "--source", str(files), "--json")
    assert again.code == 0
    first, second = ({t["committed"] for t in week["tables"].values()} for week in again.weeks)
    assert first == {False}
    assert True in second
    assert {entry["state"] for entry in cloudflix(home, "status", "--json").json["tables"]} == {"fresh"}
