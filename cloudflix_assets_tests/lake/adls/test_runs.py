"""The same weeks give the same digests in an account as in a folder, on either engine."""

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from cloudflix_assets.delta.log import committed_digest
from cloudflix_assets.lake.adls.lake import OWNER
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lake.adls.lakes import ended, leftovers, settings, started, versions
from cloudflix_assets_tests.lakehouse import (
    PATHS,
    WEEK_1,
    WEEK_2,
    Lakehouse,
    MemorySource,
    lookup,
    publication,
    put,
    registered,
    titles,
)
from cloudflix_assets_tests.loopback.azure.azurite import Azurite
from cloudflix_assets_tests.loopback.azure.proxy import Proxy

ENGINE = Environment().engine
OTHER = publication(
    titles=titles({"duration_minutes": "ninety"}, *({"show_id": str(i)} for i in range(2, 41))),
    cast=lookup("cast", *(("Somebody", str(i)) for i in range(1, 41)), ("Somebody", "1")),
)
SOURCE = MemorySource({WEEK_1: publication(), WEEK_2: OTHER})
OF_TITLES = ("raw/titles", "bronze/titles", "silver/titles", "silver/titles_quarantine")


def recorded(lake: Lake, paths: tuple[str, ...] = PATHS) -> Mapping[tuple[str, date], str | None]:
    return {(path, week): committed_digest(lake, path, week) for path in paths for week in (WEEK_1, WEEK_2)}


def test_weeks_in_any_order_are_those_of_a_folder(
    proxy: Proxy, tmp_path: Path, environment: Environment, instance: dg.DagsterInstance
) -> None:
    """Raw to gold, thirty tables; and what is unchanged is not committed again."""
    local = Lakehouse(environment, instance, source=SOURCE)
    assert all(local.run(week).success for week in (WEEK_1, WEEK_2))
    with dg.DagsterInstance.ephemeral() as other:
        house = Lakehouse(settings(proxy, tmp_path / "azure"), other, source=SOURCE)
        assert all(house.run(week).success for week in (WEEK_2, WEEK_1, WEEK_2))
        expected = recorded(local.stored)
        assert None not in expected.values()
        assert recorded(house.stored) == expected
        assert leftovers(house.stored) == set()

        before = versions(house.stored)
        assert {table.committed for table in house.run(WEEK_1).tables.values()} == {False}
        assert versions(house.stored) == before


def test_listings_ask_for_one_folder(proxy: Proxy, tmp_path: Path, instance: dg.DagsterInstance) -> None:
    """A container holds every week of every table: to list it costs more with each of them."""
    house = Lakehouse(settings(proxy, tmp_path / "azure"), instance, source=SOURCE)
    house = Lakehouse(
        house.environment, instance, source=SOURCE, tables=registered("raw/cast", "bronze/cast")
    )
    assert house.run(WEEK_1).success
    claimed = next(
        i for i, call in enumerate(proxy.calls) if call.kind == "put-if-absent" and call.path == OWNER
    )
    lists = [(i, call.path) for i, call in enumerate(proxy.calls) if call.kind == "list"]
    assert sum(path == "" for i, path in lists if i < claimed) == 4
    assert {path for i, path in lists if i > claimed and not path.endswith("/")} == set()


@pytest.mark.both_engines
def test_titles_as_they_are_in_a_folder(azurite: Azurite, tmp_path: Path, real_files: Path) -> None:
    """By the command line; on spark a stream finds them, whose workers cannot open what is in an account."""
    source = tmp_path / "netflix"
    put(source / str(WEEK_1), publication())
    shutil.copytree(real_files, source / str(WEEK_2))
    local = Environment(home=tmp_path / "local", source=str(source), engine="sail")
    account = settings(azurite, tmp_path / "home", source=str(source), engine=ENGINE)
    command = ["run", *(f"--week={week}" for week in (WEEK_1, WEEK_2)), "--select=+silver/titles", "--quiet"]
    small, large = ((source / str(week) / "netflix_titles.csv").stat().st_size for week in (WEEK_1, WEEK_2))
    for environment in (local, account):
        assert ended(started(environment, *command, large_bytes=(small + large) // 2)) == 0
    expected = recorded(lake_of(local), OF_TITLES)
    assert None not in expected.values()
    assert recorded(lake_of(account), OF_TITLES) == expected
