"""A process is killed at every moment of a step: readers see whole weeks, and a rerun makes it good."""

import pytest

from cloudflix_assets_tests.delta.cases import REFUSED, TABLE, Tiny
from cloudflix_assets_tests.delta.process import KILLED, MOMENTS, ended, started
from cloudflix_assets_tests.lakehouse import WEEK_2
from cloudflix_assets_tests.tiers import slow_but

AFTER_THE_TABLE = ("after the table's commit", "before the quarantine is looked at again")


pytestmark = pytest.mark.usefixtures("committer")


@pytest.mark.parametrize("moment", slow_but(lambda moment: moment.endswith("the table's commit"), MOMENTS))
def test_a_killed_step_of_a_new_week(tiny: Tiny, committer: str, moment: str) -> None:
    """Half a week must never be visible, and the rerun must neither double it nor leave it out."""
    tiny.publish("neighbour", WEEK_2)

    assert ended(started("killed", tiny.lake.root, "we", moment, committer)) == KILLED

    committed = [["we"] * 3] if moment in AFTER_THE_TABLE else [[]]
    if (committer, moment) == ("native", "while Parquet is written"):
        committed = [[], ["we"] * 3]  # its JVM outlives it for a moment
    assert tiny.names(TABLE) in committed
    refused = [] if moment == "before the quarantine's commit" else ["we"] * 2
    assert tiny.names(REFUSED) == refused

    tiny.publish("we")
    assert tiny.authors() == ("we", "we")
    assert tiny.authors(WEEK_2) == ("neighbour", "neighbour")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["after the quarantine's commit", "while Parquet is written"])
def test_a_killed_step_of_a_week_that_was_there(tiny: Tiny, committer: str, moment: str) -> None:
    """The content from before stays readable, until a rerun replaces it whole."""
    tiny.publish("before")

    assert ended(started("killed", tiny.lake.root, "we", moment, committer)) == KILLED
    whole = [["before"] * 3] + [["we"] * 3] * (committer == "native")
    assert tiny.names(TABLE) in whole

    tiny.publish("we")
    assert tiny.authors() == ("we", "we")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["before", "we"])
def test_a_killed_step_and_then_other_content(tiny: Tiny, name: str) -> None:
    """Between the two commits the quarantine is new and the table old: either step corrects it."""
    tiny.publish("before")
    tiny.replace(tiny.judged("we").quarantine)

    tiny.publish(name)
    assert tiny.authors() == (name, name)
