"""A session on Spark in a local JVM."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, Self

from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr

from cloudflix_assets.engines.java import ensure_java
from cloudflix_assets.settings.environment import Environment

JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
DELTA_JAR = "io.delta:delta-spark_4.2_2.13:4.4.0"
# 2026-11-26: the version of the Hadoop that Spark 4.2 brings.
AZURE_JAR = "org.apache.hadoop:hadoop-azure:3.5.0"
_DATES = "org.apache.hadoop.fs.azurebfs.utils.DateTimeUtils"
_REMOTE = ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED")
"""Variables that would make the session a remote one; another tool or a parent process may have set them."""


class JvmResource(LazyPySparkResource):
    """A session on Spark in a local JVM, which gets the account's credential once it has started.

    As an option of the start a key would stand in the list of processes, which all users can read.
    """

    _secrets: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, options: dict[str, Any], secrets: dict[str, str]) -> Self:
        """Return the resource; `options` are set at the start, `secrets` on the session."""
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
            self._secrets = {}  # set once: this property is read often
        return session


def start_jvm(
    environment: Environment, options: Mapping[str, str], account: Mapping[str, str]
) -> JvmResource:
    """Start the JVM of this process, unless it runs, and return its session resource.

    Args:
        environment: the cache for jars, and the Java.
        options: the options of the session.
        account: Hadoop's options for the lake's storage account; empty for a lake in a folder.

    Raises:
        NoJava: there is no Java to start it.
    """
    jars = [DELTA_JAR, AZURE_JAR] if account else [DELTA_JAR]
    resource = JvmResource.of(_prepare_start(environment, jars, options), dict(account))
    with _stdout_on_stderr(), _hold_start_lock(environment.cache):
        _ = resource.spark_session
    return resource


def _quieten(session: Any) -> None:
    """Silence a class of hadoop-azure 3.5.0 that logs an error for folders without a date (2026-11-26)."""
    log4j = session.sparkContext._jvm.org.apache.logging.log4j  # noqa: SLF001  # Spark offers no other way
    log4j.core.config.Configurator.setLevel(_DATES, log4j.Level.OFF)


@contextmanager
def _hold_start_lock(cache: Path) -> Iterator[None]:
    """Let one process start at a time: two would download the same jar into the same file."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "starting.lock").open("wb") as lock:
        flock(lock, LOCK_EX)
        yield


@contextmanager
def _stdout_on_stderr() -> Iterator[None]:
    """Have a JVM that starts in the block write to standard error: standard output is for results."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


def _prepare_start(
    environment: Environment, jars: Sequence[str], options: Mapping[str, str]
) -> dict[str, Any]:
    """Set the variables of this process that the start reads, and return its options."""
    os.environ["JAVA_HOME"] = str(ensure_java(environment))
    # By default Python workers run the `python3` on the path, which lacks our packages.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    for name in _REMOTE:
        os.environ.pop(name, None)
    return {
        "spark.master": "local[*]",
        "spark.jars.packages": ",".join(jars),
        "spark.jars.ivy": str(environment.cache / "ivy"),
        "spark.jars.ivySettings": str(_write_ivy_settings(environment.cache)),
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


def _write_ivy_settings(cache: Path) -> Path:
    """Write Ivy settings that resolve from Maven Central alone; a local repository may lack the jars."""
    path = cache / "ivysettings.xml"
    cache.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<ivysettings><settings defaultResolver="central"/>'
        '<resolvers><ibiblio name="central" m2compatible="true"/></resolvers></ivysettings>\n'
    )
    return path
