"""A process is killed at every moment of a step: readers see whole weeks, and a rerun makes it good."""

import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.delta import commit
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets_tests.delta.cases import (
    FIELDS,
    REFUSED,
    TABLE,
    authored,
    authors,
    judged,
    published,
    stored,
)
from cloudflix_assets_tests.delta.process import KILLED, MOMENTS, ended, started
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from cloudflix_assets_tests.tiers import slow_but
from spark.quality.verdict import QUARANTINE

AFTER_THE_TABLE = ("after the table's commit", "before the quarantine is looked at again")


pytestmark = pytest.mark.usefixtures("committer")


def names(lake: LocalLake, session: SparkSession, path: str) -> list[str]:
    fields, column = (FIELDS, 1) if path == TABLE else (QUARANTINE, 0)
    return [
        row[column].removesuffix(".csv") for row in stored(lake, session, WEEK_1, path=path, fields=fields)
    ]


@pytest.mark.parametrize("moment", slow_but(lambda moment: moment.endswith("the table's commit"), MOMENTS))
def test_a_killed_step_of_a_new_week(
    lake: LocalLake, spark_session: SparkSession, committer: str, moment: str
) -> None:
    """Half a week must never be visible, and the rerun must neither double it nor leave it out."""
    published(lake, spark_session, judged(spark_session, "neighbour", authored("neighbour"), WEEK_2))

    assert ended(started("killed", lake.root, "we", moment, committer)) == KILLED

    committed = [["we"] * 3] if moment in AFTER_THE_TABLE else [[]]
    if (committer, moment) == ("native", "while Parquet is written"):
        committed = [[], ["we"] * 3]  # its JVM outlives it for a moment
    assert names(lake, spark_session, TABLE) in committed
    refused = [] if moment == "before the quarantine's commit" else ["we"] * 2
    assert names(lake, spark_session, REFUSED) == refused

    published(lake, spark_session, judged(spark_session, "we", authored("we")))
    assert authors(lake, spark_session) == ("we", "we")
    assert authors(lake, spark_session, WEEK_2) == ("neighbour", "neighbour")


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["after the quarantine's commit", "while Parquet is written"])
def test_a_killed_step_of_a_week_that_was_there(
    lake: LocalLake, spark_session: SparkSession, committer: str, moment: str
) -> None:
    """The content from before stays readable, until a rerun replaces it whole."""
    published(lake, spark_session, judged(spark_session, "before", authored("before")))

    assert ended(started("killed", lake.root, "we", moment, committer)) == KILLED
    whole = [["before"] * 3] + [["we"] * 3] * (committer == "native")
    assert names(lake, spark_session, TABLE) in whole

    published(lake, spark_session, judged(spark_session, "we", authored("we")))
    assert authors(lake, spark_session) == ("we", "we")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["before", "we"])
def test_a_killed_step_and_then_other_content(
    lake: LocalLake, spark_session: SparkSession, name: str
) -> None:
    """Between the two commits the quarantine is new and the table old: either step corrects it."""
    published(lake, spark_session, judged(spark_session, "before", authored("before")))
    commit.replace(lake, spark_session, judged(spark_session, "we", authored("we")).quarantine)

    published(lake, spark_session, judged(spark_session, name, authored(name)))
    assert authors(lake, spark_session) == (name, name)
