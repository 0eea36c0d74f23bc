"""A session on Sail, a Spark Connect server written in Rust, in this process."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from dagster_pyspark import LazyPySparkResource


class SailResource(LazyPySparkResource):
    """A session on Sail without reattachable execution, which keeps answers for clients that reconnect.

    2026-11-26: within a process no connection is lost. Keeping answers doubled the time of a small query,
    and once in thousands of queries Sail 0.7.2 failed on it ("task context not found for operation").
    """

    @property
    def spark_session(self) -> Any:
        """The session, opened when it is first used."""
        session = super().spark_session
        session.client.disable_reattachable_execute()
        return session


def start_sail(options: Mapping[str, str]) -> SailResource:
    """Start the one Sail server of this process, unless it runs, and return a session resource on it."""
    return SailResource(spark_config={"spark.remote": _start_server(), **options})


_SETTINGS = {
    "RUST_LOG": "error",
    # 2026-12-01: its allocator gives back at once what was freed, and takes no pages of 2 MB, of which
    # it used a part. A real week takes as long as with a delay (medians of 7: 5.84 s), and 27 MB less.
    "MIMALLOC_ALLOW_THP": "0",
    "MIMALLOC_ARENA_PURGE_MULT": "1",
    "MIMALLOC_PURGE_DELAY": "0",
    # 2026-11-30: what waits between the parts of a query is counted in batches, of 8,192 rows unless told.
    "SAIL_EXECUTION__BATCH_SIZE": "2048",
    # 2026-11-30: a join holds its left side. By its estimates, Sail took a small one to be the larger.
    "SAIL_OPTIMIZER__ENABLE_JOIN_SWAP": "false",
    # 2026-11-30: columns of a file are not written in parallel; the files are, one for each core.
    "SAIL_PARQUET__ALLOW_SINGLE_FILE_PARALLELISM": "false",
    # 2026-11-30: row groups are written from memory, and have a million rows unless told.
    "SAIL_PARQUET__MAX_ROW_GROUP_SIZE": "16384",
    # 2026-12-01: a session that does nothing for a quarter of an hour is ended unless told, and the next
    # step fails: publications may take longer to fetch. A week, in seconds.
    "SAIL_SPARK__SESSION_TIMEOUT_SECS": "604800",
}
"""Read by Sail 0.7.2 when it is imported; what a user has set stays."""


@cache
def _start_server() -> str:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import pyarrow as pa
    from pysail.spark import SparkConnectServer

    pa.set_memory_pool(pa.system_memory_pool())  # 2026-11-30: pyarrow's own keeps 100 MB of what was parsed
    # Its errors are raised; logged as well, users would read them twice.
    logging.getLogger("pyspark.sql.connect.logging").setLevel(logging.CRITICAL)
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    _, port = server.listening_address
    _SERVERS.append(server)
    return f"sc://127.0.0.1:{port}"


_SERVERS: list[Any] = []
"""Keeps the server alive: it stops when it is garbage-collected."""
