"""The lake of a test of commits, and who commits: delta-rs, or Spark's own writer."""

import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.delta.cases import Tiny, commit_natively

collect_ignore = ["test_spark_commit.py"] if Environment().engine == "sail" else []
"""Spark's own writer needs Spark."""

EMBEDDED = pytest.param("embedded")
NATIVE = pytest.param("native", marks=pytest.mark.both_engines)
"""Spark's own writer is tested by the pass on spark, where few other tests of commits are."""


@pytest.fixture(params=[EMBEDDED] if Environment().engine == "sail" else [EMBEDDED, NATIVE])
def committer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every engine writes Parquet that delta-rs commits; Spark can commit by itself too."""
    if request.param == "native":
        commit_natively(monkeypatch)
    return str(request.param)


@pytest.fixture
def tiny(environment: Environment, spark_session: SparkSession) -> Tiny:
    """An empty lake in a folder."""
    return Tiny(LocalLake(environment.lake_root), spark_session)
