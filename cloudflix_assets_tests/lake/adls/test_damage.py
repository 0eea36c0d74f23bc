"""Damage in an account is told as it is in a folder."""

import dagster as dg
import pytest

from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.damage import FORCE, alter_landed_titles, empty_file
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2, Lakehouse, MemorySource, publication, registered
from cloudflix_assets_tests.loopback.azure.fixtures import IN_ACCOUNTS

SOURCE = MemorySource({WEEK_1: publication(), WEEK_2: publication()})


@pytest.fixture
def house(each_environment: Environment, instance: dg.DagsterInstance) -> Lakehouse:
    """Two weeks of titles, in an account."""
    made = Lakehouse(each_environment, instance, source=SOURCE, tables=registered("gold/titles"))
    assert all(made.run(week).success for week in (WEEK_1, WEEK_2))
    return made


@pytest.mark.parametrize("each_environment", IN_ACCOUNTS, indirect=True)
def test_altered_bytes_and_an_empty_file_reach_no_table(house: Lakehouse) -> None:
    """A bit that rots in an account has nobody who sees it."""
    digests = house.digests(WEEK_1, WEEK_2)
    told = alter_landed_titles(house.stored)
    assert house.run(WEEK_1, "bronze/titles", tags=FORCE).failures == {"bronze_titles": told}
    assert house.committed(WEEK_1) == []  # the whole run lands the file again

    told = empty_file(house.stored, "silver/titles", WEEK_1)
    assert house.run(WEEK_2, "gold/titles", tags=FORCE).failures == {"gold_titles": told}
    assert house.digests(WEEK_1, WEEK_2) == digests
    assert "silver/titles" in house.committed(WEEK_1, "silver/titles", tags=FORCE)
    assert "gold/titles" in house.committed(WEEK_2, "gold/titles", tags=FORCE)
    assert house.digests(WEEK_1, WEEK_2) == digests
