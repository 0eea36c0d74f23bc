"""Who computes: a Spark session on Sail (in process, no Java), on Spark itself (a local JVM), or elsewhere.

All are opened through dagster-pyspark's LazyPySparkResource; one server or JVM serves a process. What is
elsewhere is remote_engine.py's.
"""

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from functools import cache
from pathlib import Path
from typing import Any, Self

from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr

from cloudflix_assets.engines.java import java_home
from cloudflix_assets.engines.remote import ClusterResource, ConnectResource
from cloudflix_assets.settings.environment import Environment

JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC"
DELTA_JAR = "io.delta:delta-spark_4.2_2.13:4.4.0"
# 2026-11-26: of the Hadoop that Spark 4.2 brings along.
AZURE_JAR = "org.apache.hadoop:hadoop-azure:3.5.0"
_DATES = "org.apache.hadoop.fs.azurebfs.utils.DateTimeUtils"


_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    # Else every function call walks the stack for its call site.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
}


_REMOTE = ("SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_MODE_ENABLED")
"""Left by another tool or a parent process, they would turn a local session into a remote one."""


class SailResource(LazyPySparkResource):
    """A session on Sail, whose answers are not kept for a client that lost its connection.

    2026-11-26: within a process none is lost. To be ready for it doubled the time of a small query, and
    once in thousands of queries Sail 0.7.2 failed on it ("task context not found for operation").
    """

    @property
    def spark_session(self) -> Any:
        """The session, opened when it is first used."""
        session = super().spark_session
        session.client.disable_reattachable_execute()
        return session


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


def _quieten(session: Any) -> None:
    """2026-11-26: hadoop-azure 3.5.0 calls it an error that an emulator's folders have no date."""
    log4j = session.sparkContext._jvm.org.apache.logging.log4j  # noqa: SLF001  # Spark offers no other way
    log4j.core.config.Configurator.setLevel(_DATES, log4j.Level.OFF)


def spark_resource(environment: Environment) -> LazyPySparkResource:
    """The session of the chosen engine, opened when it is first used."""
    if environment.engine == "connect":
        return ConnectResource.of(environment)
    if environment.engine == "sail":
        return SailResource(spark_config={"spark.remote": _sail_url(), **_SESSION})
    if environment.engine == "databricks":
        return ClusterResource.of(_account_options(environment) if environment.on_cluster else {})
    account = _account_options(environment)
    jars = [DELTA_JAR, AZURE_JAR] if account else [DELTA_JAR]
    resource = JvmResource.of(_spark(environment, jars), account)
    with _output_on_stderr(), _one_at_a_time(environment.cache):
        _ = resource.spark_session
    return resource


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


@cache
def _sail_url() -> str:
    os.environ.setdefault("RUST_LOG", "error")
    from pysail.spark import SparkConnectServer

    # Its errors are raised, and told once.
    logging.getLogger("pyspark.sql.connect.logging").setLevel(logging.CRITICAL)
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    _SERVERS.append(server)
    return f"sc://127.0.0.1:{port}"


_SERVERS: list[Any] = []
"""A server stops when it is collected."""


def _account_options(environment: Environment) -> dict[str, str]:
    """How a JVM reaches the lake's account; Sail reads what the lake has told this process."""
    if not environment.has_account:
        return {}
    from cloudflix_assets.lake.adls.account import Account
    from cloudflix_assets.lake.adls.library_options import hadoop

    return hadoop(Account.of(environment))


def _spark(environment: Environment, jars: Sequence[str]) -> dict[str, Any]:
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
        **_SESSION,
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
