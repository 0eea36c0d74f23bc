"""Whoever reads the tables without us: delta-rs, polars, DuckDB."""

from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from cloudflix_assets.delta import commit
from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets_tests.delta.cases import OTHER_ROWS, ROWS, TABLE, week_of
from cloudflix_assets_tests.lake.adls.lakes import settings
from cloudflix_assets_tests.lakehouse import WEEK_1, WEEK_2
from cloudflix_assets_tests.loopback.azure.azurite import Azurite

Read = Callable[[str, dict[str, str]], list[tuple[Any, ...]]]


def by_delta_rs(uri: str, options: dict[str, str]) -> list[tuple[Any, ...]]:
    table = DeltaTable(uri, storage_options=options).to_pyarrow_table(columns=["week", "id", "name"])
    return [tuple(row.values()) for row in table.to_pylist()]


def by_polars(uri: str, options: dict[str, str]) -> list[tuple[Any, ...]]:
    return pl.scan_delta(uri, storage_options=options).select("week", "id", "name").collect().rows()


def by_duckdb(uri: str, options: dict[str, str]) -> list[tuple[Any, ...]]:
    """Over delta-rs's dataset: DuckDB's own reader of Delta is an extension that it downloads."""
    with duckdb.connect() as connection:
        connection.register("tiny", DeltaTable(uri, storage_options=options).to_pyarrow_dataset())
        return connection.sql("select week, id, name from tiny").fetchall()


@pytest.fixture(scope="module")
def lake(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> AdlsLake:
    """A table of two weeks, one of which was replaced."""
    environment = settings(azurite, tmp_path_factory.mktemp("home"))
    lake, session = AdlsLake.of(environment), start_engine(environment).spark_session
    for rows, week in ((ROWS, WEEK_1), (ROWS, WEEK_2), (OTHER_ROWS, WEEK_2)):
        commit.replace(lake, session, week_of(session, rows, week))
    return lake


@pytest.mark.parametrize("read", [by_delta_rs, by_polars, by_duckdb])
def test_each_reads_what_was_committed_last(lake: AdlsLake, read: Read) -> None:
    """An analyst's tool must need nothing of ours."""
    rows = read(lake.uri(TABLE), dict(lake.storage_options))
    assert sorted(rows) == [(WEEK_1, *row) for row in ROWS] + [(WEEK_2, *row) for row in OTHER_ROWS]
