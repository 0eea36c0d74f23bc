"""Spark Connect servers in processes of their own: Spark itself, with Delta or without, and Sail.

`python -m` with this module and a kind prints the server's address, and serves until standard input closes:
at the latest when the process that started it dies.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloudflix_assets.engines import choice, jvm
from cloudflix_assets.settings.environment import Environment

TOKEN = "the-token-of-the-tests"
DELTA = {"spark.sql.extensions", "spark.sql.catalog.spark_catalog", "spark.jars.packages"}
PLUGIN = "org.apache.spark.sql.connect.SparkConnectPlugin"
SERVICE = "org.apache.spark.sql.connect.service.SparkConnectService$"
ADDRESS = "LISTENS "


@contextmanager
def serve(kind: str, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server until the block ends, and yield its address; `variables` are added to its environment."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(("CLOUDFLIX_E", "AZURE_", "SPARK_"))}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, kind],
            env={**own, **(variables or {})},
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield _read_address(process, log)
            finally:
                os.killpg(process.pid, signal.SIGKILL)


def _read_address(process: "subprocess.Popen[str]", log: Any) -> str:
    for line in process.stdout or ():
        if line.startswith(ADDRESS):
            return line.removeprefix(ADDRESS).strip()
    raise ChildProcessError(os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace"))


def main(kind: str) -> None:
    print(f"{ADDRESS}{_start_sail() if kind == 'sail' else _start_spark(kind)}", flush=True)  # noqa: T201  # the answer
    sys.stdin.read()


def _start_sail() -> str:
    from pysail.spark import SparkConnectServer  # noqa: PLC0415  # Sail reads its variables at the import

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    KEPT.append(server)
    return f"sc://127.0.0.1:{server.listening_address[1]}"


KEPT: list[Any] = []
"""Keeps the servers from garbage collection, which would stop them."""


def _start_spark(kind: str) -> str:
    """Start Spark, and return its address; the kind `guarded` requires a token, and has no Delta."""
    settings = Environment(engine="spark")
    options = jvm._prepare_start(settings, [jvm.DELTA_JAR], choice._SESSION_OPTIONS)
    # Wrong values, which the engine connect must set right by itself.
    options |= {"spark.sql.session.timeZone": "America/New_York", "spark.sql.ansi.enabled": "false"}
    del options["spark.sql.parquet.outputTimestampType"]
    options |= {"spark.plugins": PLUGIN, "spark.connect.grpc.binding.port": "0"}
    options["spark.connect.grpc.binding.address"] = "127.0.0.1"
    if kind == "guarded":
        options = {name: value for name, value in options.items() if name not in DELTA}
        options["spark.connect.authenticate.token"] = TOKEN
    session = jvm.JvmResource.of(options, {}).spark_session
    service = getattr(session.sparkContext._jvm, SERVICE)
    # With a token the client requires TLS, except for localhost.
    host = "localhost" if kind == "guarded" else "127.0.0.1"
    return f"sc://{host}:{getattr(service, 'MODULE$').localPort()}"


if __name__ == "__main__":
    main(*sys.argv[1:])
