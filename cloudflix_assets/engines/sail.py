"""A session on Sail: Spark Connect in Rust, in this process."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from dagster_pyspark import LazyPySparkResource


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


def sail_resource(options: Mapping[str, str]) -> SailResource:
    """A session, with these options of Spark, on the one Sail server of this process."""
    return SailResource(spark_config={"spark.remote": _server_url(), **options})


@cache
def _server_url() -> str:
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
