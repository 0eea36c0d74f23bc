"""A process of its own that loads the corpus and is killed at a moment, with its JVM, without clean-up."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake import staging
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.landing import stream
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.landing.stream_cases import CORPUS, Loading

KILLED = 9
MOMENTS = {
    "sail": ("while records are staged",),
    "spark": ("between two batches", "before the checkpoint knows of a staged batch"),
}


def killed(root: Path, moment: str) -> int:
    """Load in another process; its exit code."""
    command = [sys.executable, "-m", __name__, str(root), moment]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
    )
    sys.stdout.write(done.stderr)
    return done.returncode


def main(root: str, moment: str) -> None:
    session = start_engine(Environment()).spark_session
    patches = pytest.MonkeyPatch()
    patches.setattr(stream, "FILES_PER_BATCH", 2)
    if moment == "while records are staged":
        patches.setattr(staging, "_ahead", lambda batches: die(session))
    else:
        patches.setattr(stream.Arrivals, "_parse_batch", dying(session, moment))
    Loading(LocalLake(Path(root)), session).loaded(CORPUS)


def dying(session: SparkSession, moment: str) -> Any:
    """What parses a batch, until the second."""
    original = stream.Arrivals._parse_batch

    def parsed(arrivals: stream.Arrivals, batch: Any, number: int) -> None:
        if number == 0:
            original(arrivals, batch, number)
            return
        if moment != "between two batches":
            original(arrivals, batch, number)
            whole = next((Path(arrivals.lake.uri(arrivals._records)) / "1").glob("*.parquet"))
            whole.with_name("torn.parquet").write_bytes(whole.read_bytes()[:-9])
        die(session)

    return parsed


def die(session: SparkSession) -> None:
    if Environment().engine == "spark":
        session.sparkContext._gateway.proc.kill()  # type: ignore[union-attr]  # py4j, untyped: the JVM itself
    os._exit(KILLED)


if __name__ == "__main__":
    main(*sys.argv[1:])
