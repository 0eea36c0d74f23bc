"""What all tests share: one Spark session, lakes in temporary folders, the real files where present."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import Lakehouse, Makes
from cloudflix_assets_tests.settings import TestSettings
from cloudflix_assets_tests.tiers import is_slow
from spark.quality import verdict
from spark.table import Table

pytest_plugins = [
    "cloudflix_assets_tests.loopback.azure.fixtures",
    "cloudflix_assets_tests.loopback.databricks.fixtures",
    "cloudflix_assets_tests.loopback.github.fixtures",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-all` by its place and by what it needs."""
    for item in items:
        if is_slow(item):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def spark_session() -> SparkSession:
    """A session of the engine under test (`CLOUDFLIX_ENGINE`), one per process."""
    session: SparkSession = start_engine(Environment()).spark_session
    return session


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """Settings of a lake of this test's own, on the engine under test."""
    return Environment(home=tmp_path / "home", source="sample", first_week="2026-01-05")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def lakehouse(environment: Environment, instance: dg.DagsterInstance) -> Makes:
    """Makes lakehouses over this test's lake and instance; arguments go to `Lakehouse`."""
    return lambda **arguments: Lakehouse(environment, instance, **arguments)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the tables that were judged, in order."""
    found: list[str] = []
    original = verdict.judged

    def spy(table: Table, *arguments: Any) -> Any:
        found.append(table.path)
        return original(table, *arguments)

    monkeypatch.setattr(verdict, "judged", spy)
    return found


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The five real files of the catalogue, which are not ours to ship."""
    return _present("netflix")


@pytest.fixture(scope="session")
def oracle() -> Path:
    """Output of a real run of the tutorial's Databricks notebook."""
    return _present("oracle") / "silver_netflix_titles_databricks_real_run.jsonl"


@pytest.fixture(scope="session")
def cases() -> Path:
    """Small deliveries as people really made them, a folder each, beside the real files."""
    return _present("../cases")


def _present(name: str) -> Path:
    folder = TestSettings().test_data / name
    if not folder.is_dir():
        pytest.skip(f"the real data is not at {folder} (set CLOUDFLIX_TEST_DATA)")
    return folder.resolve()
