"""A session on a Spark Connect server that others run: Spark itself, or Sail.

It is opened through dagster-pyspark like every other; pyspark takes the address, in which a token may stand,
from this process' variables, so that no configuration holds it.
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
"""Seconds until a server must take a connection. pyspark itself would try for ten minutes."""

ARCHIVE = "cloudflix.zip"
"""Our code as the launcher's main file leaves it on a driver."""

RELIED_ON = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.ansi.enabled": "true",
    # Databricks: else the files of a Delta table are not read one by one.
    "spark.databricks.delta.formatCheck.enabled": "false",
}
"""What digests and stored types rest on, whatever the server's own defaults are."""


class ServerRefused(CloudflixError):
    """A server that does not answer, lets us not in, or is another Spark than this one can speak to."""


class ConnectResource(LazyPySparkResource):
    """A session that is checked when it is opened."""

    _endpoint: str = PrivateAttr(default="")

    @classmethod
    def of(cls, environment: Environment) -> Self:
        """The resource for the server of the settings.

        Raises:
            ServerRefused: its address is none.
        """
        address = environment.spark_remote.get_secret_value() if environment.spark_remote else ""
        # Its errors are raised, and told once.
        logging.getLogger("pyspark.sql.connect.logging").setLevel(logging.CRITICAL)
        resource = cls(spark_config=RELIED_ON)
        resource._endpoint = _channel_builder(address).endpoint
        os.environ["SPARK_REMOTE"] = address
        return resource

    @property
    def spark_session(self) -> Any:
        """The session, opened when it is first used.

        Raises:
            ServerRefused: there is none to be had.
        """
        if self._spark_session is None:
            _await_server(self._endpoint)
            try:
                _check(super().spark_session, f"the Spark Connect server {self._endpoint}")
            except PySparkException as error:
                self._spark_session = None
                raise ServerRefused(
                    f"the Spark Connect server {self._endpoint} refuses a session "
                    f"({first_line(error)}): check it, and the token in SPARK_REMOTE."
                ) from error
        return super().spark_session


class ClusterResource(LazyPySparkResource):
    """The session of the cluster that this process is a driver of; none on the host that launches steps."""

    _options: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def of(cls, options: dict[str, str]) -> Self:
        """The resource, with what the session must be told to reach the lake."""
        resource = cls(spark_config={})
        resource._options = options
        return resource

    @property
    def spark_session(self) -> Any:
        """The session that is there already.

        Raises:
            ServerRefused: it is another Spark than this version is for.
        """
        if self._spark_session is None:
            session = super().spark_session
            for name, value in {**RELIED_ON, **self._options}.items():
                session.conf.set(name, value)
            _check(session, "this cluster")
            if isinstance(session, SparkSession):
                _give_workers(session)
        return super().spark_session


def _give_workers(session: SparkSession) -> None:
    """Workers parse files too, with our code; a remote session has no stream that would ask them."""
    archive = Path(__file__).parents[2] / ARCHIVE
    if archive.is_file():
        session.sparkContext.addPyFile(str(archive))


def _channel_builder(address: str) -> Any:
    from pyspark.sql.connect.client import DefaultChannelBuilder

    try:
        return DefaultChannelBuilder(address)
    except (PySparkValueError, ValueError):  # its words repeat the address
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


def _check(session: SparkSession, server: str) -> None:
    if not isinstance(session, SparkSession):
        import delta.connect  # noqa: F401  # it makes Delta's conflicts known to the client

    if session.version.partition(".")[0] != pyspark.__version__.partition(".")[0]:
        raise ServerRefused(
            f"{server} is Spark {session.version}, and this client speaks to "
            f"{pyspark.__version__}: use a server of the same major version."
        )
    for name, wanted in RELIED_ON.items():
        if (found := session.conf.get(name)) != wanted:
            raise ServerRefused(
                f"{server} keeps {name} at {found}, and {wanted} is relied on: let sessions set it."
            )
    if not isinstance(session, SparkSession) and not engine_of(session).startswith(session.version):
        # 2026-11-26: Sail 0.7.2 fails on kept answers, once in thousands of queries.
        session.client.disable_reattachable_execute()


@cache
def engine_of(session: SparkSession) -> str:
    """What the server says that it is: `4.2.0 …` of Spark, Sail's own version of Sail."""
    (row,) = session.sql("select version() as told").collect()
    return str(row["told"])
