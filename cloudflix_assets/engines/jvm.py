"""A session on Spark itself: a local JVM."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, Self

from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr

from cloudflix_assets.engines.java import java_home
from cloudflix_assets.settings.environment import Environment

JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
DELTA_JAR = "io.delta:delta-spark_4.2_2.13:4.4.0"
# 2026-11-26: of the Hadoop that Spark 4.2 brings along.
AZURE_JAR = "org.apache.hadoop:hadoop-azure:3.5.0"
_DATES = "org.apache.hadoop.fs.azurebfs.utils.DateTimeUtils"
_REMOTE = ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED")
"""Left by another tool or a parent process, they would turn a local session into a remote one."""


class JvmResource(LazyPySparkResource):
    """A session on Spark itself, which is told afterwards how to reach the lake.

    As options of its start, a key would stand in the list of processes, for all on the machine to read.
    """

    _secrets: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, options: dict[str, Any], secrets: dict[str, str]) -> Self:
        """The resource with options of its start and of its session."""
        resource = cls(spark_config=options)
        resource._secrets = secrets
        return resource

    @property
    def spark_session(self) -> Any:
        """The session, opened when it is first used."""
        session = super().spark_session
        for name, value in self._secrets.items():
            session.conf.set(name, value)
        if self._secrets:
            _quieten(session)
            self._secrets = {}  # it is asked for again and again
        return session


def jvm_resource(
    environment: Environment, options: Mapping[str, str], account: Mapping[str, str]
) -> JvmResource:
    """Start the JVM, or join the one of this process.

    Args:
        environment: where jars are kept, and which Java runs them.
        options: of the session.
        account: how Hadoop reaches the lake's storage account; empty for a lake in a folder.
    """
    jars = [DELTA_JAR, AZURE_JAR] if account else [DELTA_JAR]
    resource = JvmResource.of(_start_options(environment, jars, options), dict(account))
    with _output_on_stderr(), _one_at_a_time(environment.cache):
        _ = resource.spark_session
    return resource


def _quieten(session: Any) -> None:
    """2026-11-26: hadoop-azure 3.5.0 calls it an error that an emulator's folders have no date."""
    log4j = session.sparkContext._jvm.org.apache.logging.log4j  # noqa: SLF001  # Spark offers no other way
    log4j.core.config.Configurator.setLevel(_DATES, log4j.Level.OFF)


@contextmanager
def _one_at_a_time(cache: Path) -> Iterator[None]:
    """Two that start at once would fetch the same jar into the same file."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "starting.lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        yield


@contextmanager
def _output_on_stderr() -> Iterator[None]:
    """A JVM that starts here writes to standard error: standard output is for what was asked for."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _start_options(
    environment: Environment, jars: Sequence[str], options: Mapping[str, str]
) -> dict[str, Any]:
    os.environ["JAVA_HOME"] = str(java_home(environment))
    # Its Python workers: by default whatever `python3` is on the path, without our packages.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    for name in _REMOTE:
        os.environ.pop(name, None)
    return {
        "spark.master": "local[*]",
        "spark.jars.packages": ",".join(jars),
        "spark.jars.ivy": str(environment.cache / "ivy"),
        "spark.jars.ivySettings": str(_ivy_settings(environment.cache)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        **options,
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.warehouse.dir": str(environment.cache / "warehouse"),
        # 2026-11-23: a week is small; these make its warm queries two to four times faster.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": JVM_OPTIONS,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }


def _ivy_settings(cache: Path) -> Path:
    """Resolve jars from Maven Central alone: a local Maven repository with POMs but no jars fails."""
    path = cache / "ivysettings.xml"
    cache.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<ivysettings><settings defaultResolver="central"/>'
        '<resolvers><ibiblio name="central" m2compatible="true"/></resolvers></ivysettings>\n'
    )
    return path
