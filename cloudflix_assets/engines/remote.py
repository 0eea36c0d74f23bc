"""A session elsewhere: on a Spark Connect server (Spark or Sail), or on the cluster that runs this process.

pyspark takes the server's address, which may hold a token, from the variables of this process, so that no
configuration holds it.
"""

import logging
import os
from functools import cache
from pathlib import Path
from typing import Any, Self

import pyspark
from dagster_pyspark import LazyPySparkResource
from pydantic import PrivateAttr
from pyspark.errors import PySparkException, PySparkValueError
from pyspark.sql import SparkSession

from cloudflix_assets.errors import CloudflixError, first_line
from cloudflix_assets.settings.environment import Environment

PATIENCE = 10.0
"""Seconds within which a server must accept a connection; pyspark itself tries for ten minutes."""

ARCHIVE = "cloudflix.zip"
"""The archive of our code, which databricks_task.py leaves on a driver."""

REQUIRED_OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.ansi.enabled": "true",
    # By default Databricks refuses to read single files of a Delta table.
    "spark.databricks.delta.formatCheck.enabled": "false",
}
"""Options on which digests and stored types depend, whatever the server's defaults are."""


class ServerRefused(CloudflixError):
    """A server does not answer, denies access, or is a Spark that this client cannot work with."""


class ConnectResource(LazyPySparkResource):
    """A session on a Spark Connect server, which is checked when it is opened."""

    _endpoint: str = PrivateAttr(default="")

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """Return the resource for the server in SPARK_REMOTE.

        Raises:
            ServerRefused: it is no address of a Spark Connect server.
        """
        address = environment.spark_remote.get_secret_value() if environment.spark_remote else ""
        # Its errors are raised; logged as well, users would read them twice.
        logging.getLogger("pyspark.sql.connect.logging").setLevel(logging.CRITICAL)
        resource = cls(spark_config=REQUIRED_OPTIONS)
        resource._endpoint = _channel_builder(address).endpoint
        os.environ["SPARK_REMOTE"] = address
        return resource

    @property
    def spark_session(self) -> Any:
        """The session, opened when it is first used.

        Raises:
            ServerRefused: the server does not answer, refuses a session, or does not suit.
        """
        if self._spark_session is None:
            _await_server(self._endpoint)
            try:
                _refuse_unsuitable(super().spark_session, f"the Spark Connect server {self._endpoint}")
            except PySparkException as error:
                self._spark_session = None
                raise ServerRefused(
                    f"the Spark Connect server {self._endpoint} refuses a session "
                    f"({first_line(error)}): check it, and the token in SPARK_REMOTE."
                ) from error
        return super().spark_session


class ClusterResource(LazyPySparkResource):
    """The session of the cluster whose driver this process is; the host that launches steps opens none."""

    _options: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, options: dict[str, str]) -> Self:
        """Return the resource; `options` are set on the session, so that it reaches the lake."""
        resource = cls(spark_config={})
        resource._options = options
        return resource

    @property
    def spark_session(self) -> Any:
        """The session that the cluster has already, checked when it is first used.

        Raises:
            ServerRefused: it is a Spark that this version cannot work with.
        """
        if self._spark_session is None:
            session = super().spark_session
            for name, value in {**REQUIRED_OPTIONS, **self._options}.items():
                session.conf.set(name, value)
            _refuse_unsuitable(session, "this cluster")
            if isinstance(session, SparkSession):
                _send_code_to_workers(session)
        return super().spark_session


def _send_code_to_workers(session: SparkSession) -> None:
    """Send our code to the workers, which parse files of a stream; a remote session has no streams."""
    archive = Path(__file__).parents[2] / ARCHIVE
    if archive.is_file():
        session.sparkContext.addPyFile(str(archive))


def _channel_builder(address: str) -> Any:
    from pyspark.sql.connect.client import DefaultChannelBuilder

    try:
        return DefaultChannelBuilder(address)
    except (PySparkValueError, ValueError):  # its message repeats the address, with the token
        raise ServerRefused(
            "SPARK_REMOTE is no address of a Spark Connect server: write it like "
            "sc://spark.example.com:15002, or sc://spark.example.com:443/;use_ssl=true;token=…"
        ) from None


def _await_server(endpoint: str) -> None:
    import grpc

    with _channel_builder(os.environ["SPARK_REMOTE"]).toChannel() as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)
        except grpc.FutureTimeoutError:
            raise ServerRefused(
                f"no Spark Connect server answers at {endpoint} within {PATIENCE:.0f} s: start it, or set "
                "SPARK_REMOTE to where it is (with ;use_ssl=true, if it wants TLS; a token means TLS too)."
            ) from None


def _refuse_unsuitable(session: SparkSession, server: str) -> None:
    if not isinstance(session, SparkSession):
        import delta.connect  # noqa: F401  # importing it makes Delta's conflicts known to the client

    if session.version.partition(".")[0] != pyspark.__version__.partition(".")[0]:
        raise ServerRefused(
            f"{server} is Spark {session.version}, and this client speaks to "
            f"{pyspark.__version__}: use a server of the same major version."
        )
    for name, wanted in REQUIRED_OPTIONS.items():
        if (found := session.conf.get(name)) != wanted:
            raise ServerRefused(
                f"{server} keeps {name} at {found}, and {wanted} is relied on: let sessions set it."
            )
    if not isinstance(session, SparkSession) and not engine_of(session).startswith(session.version):
        # 2026-11-26: reattachable execution fails on Sail 0.7.2, once in thousands of queries.
        session.client.disable_reattachable_execute()


@cache
def engine_of(session: SparkSession) -> str:
    """Return the engine's version: Spark answers `4.2.0 …`, Sail its own version."""
    (row,) = session.sql("select version() as version").collect()
    return str(row["version"])
