"""Damage that a launched step meets on its cluster is told as it is on this machine."""

from pathlib import Path

import pytest

from cloudflix_assets_tests.damage import alter_landed_titles, empty_file
from cloudflix_assets_tests.databricks.launches import Launches, content, prepared
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, publication, registered

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.SupersessionWarning"),
    pytest.mark.slow,
]

TABLES = [table.path for table in registered("gold/titles")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two weeks of titles, without the second week of gold."""
    folder, weeks = tmp_path_factory.mktemp("prepared"), {WEEK_1: publication(), WEEK_2: publication()}
    return prepared(folder, weeks, "publication", *TABLES[:-1])


def test_altered_bytes_reach_no_table(launched: Launches) -> None:
    before = content(launched.home, "bronze/titles", WEEK_1)
    told = alter_landed_titles(launched.lake)
    assert launched.run(WEEK_1, "bronze/titles").failures == {"bronze_titles": told}
    assert content(launched.home, "bronze/titles", WEEK_1) == before


def test_an_empty_file_is_no_empty_week(launched: Launches) -> None:
    """Everything in the week after it would be new."""
    told = empty_file(launched.lake, "silver/titles", WEEK_1)
    assert launched.run(WEEK_2, "gold/titles").failures == {"gold_titles": told}
    assert not (launched.home / "lake/gold/titles/_delta_log").exists()
