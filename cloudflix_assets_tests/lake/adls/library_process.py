"""A process of its own in which each library reaches the same blobs, for each credential in turn.

Certificates and variables are read when a process starts, and a JVM keeps what it was told of a container.
Started as `dialect_process FILE`, where FILE holds the variables of each case; prints what came of each.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake
from deltalake.fs import DeltaStorageHandler
from pyspark.sql import SparkSession

from cloudflix_assets.engines.choice import start_engine
from cloudflix_assets.lake.adls.client import blob_service
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.settings.environment import environment
from cloudflix_assets_tests.lake.adls.credential_cases import variables
from cloudflix_assets_tests.loopback.azure.authority import Authority

WRITERS = ("sdk", "delta-rs", "engine")
TABLE = pa.table({"week": ["one"], "id": [1]})
LINE = "RESULT "


def results(
    cases: Mapping[str, Mapping[str, str]], file: Path, authority: Authority, **more: str
) -> dict[str, dict[str, Any]]:
    """Run the cases in a process of their own that trusts the authority; who read what by case."""
    file.write_text(json.dumps(cases))
    trust = {"SSL_CERT_FILE": str(authority.ca), "REQUESTS_CA_BUNDLE": str(authority.ca)}
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(file)],
        env={**os.environ, **trust, "JAVA_TOOL_OPTIONS": authority.java_options, **more},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    sys.stdout.write(done.stderr[-4000:])  # shown when a test fails
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith(LINE)]
    found: dict[str, dict[str, Any]] = json.loads(line.removeprefix(LINE))
    return found


def main(file: str) -> None:
    cases = json.loads(Path(file).read_text())
    found = {name: _case(told) for name, told in cases.items()}
    found["processes"] = _processes()
    print(LINE + json.dumps(found))  # noqa: T201  # the answer


def _processes() -> dict[str, str]:
    """The command lines that every user of the machine can read: of this process and of its JVM."""
    own, found = psutil.Process(), {}
    for process in (own, *own.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # a worker that has just ended
            found[process.name()] = " ".join(process.cmdline())
    return found


def _case(told: Mapping[str, str]) -> dict[str, Any]:
    with variables(told):
        settings = environment()
        lake, session = AdlsLake.of(settings), start_engine(settings).spark_session
        for container in lake.account.containers:
            blob_service(lake.account).create_container(container)
        moved = _tried(partial(_moved, lake))
        return {"moved": moved, **_read(lake, session, _written(lake, session))}


def _moved(lake: AdlsLake) -> object:
    """A copy within the account, whose source must be allowed too."""
    lake.write("raw/landing/a", b"dropped")
    lake.move("raw/landing/a", "raw/refused/a")
    return lake.names("raw"), (lake.read("raw/refused/a") or b"").decode()


def _written(lake: AdlsLake, session: SparkSession) -> dict[str, str]:
    """Each writes; what went wrong, in words."""
    parquet = io.BytesIO()
    pq.write_table(TABLE, parquet)
    options = dict(lake.storage_options or {})
    writes: dict[str, Callable[[], object]] = {
        "sdk": lambda: lake.write("bronze/sdk/part.parquet", parquet.getvalue()),
        "delta-rs": lambda: write_deltalake(
            lake.delta_uri("bronze/delta-rs"), TABLE, storage_options=options
        ),
        "engine": lambda: (
            session.createDataFrame([("one", 1)], "week string, id bigint")
            .coalesce(1)
            .write.mode("append")
            .parquet(lake.uri("bronze/engine"))
        ),
    }
    return {writer: str(_tried(write)) for writer, write in writes.items()}


def _read(lake: AdlsLake, session: SparkSession, written: Mapping[str, str]) -> dict[str, Any]:
    """Each reads what each wrote."""
    reads = {"sdk": _by_sdk, "delta-rs": _by_delta_rs, "engine": _by_engine}
    found = {
        f"{writer} → {reader}": _tried(partial(read, lake, session, writer))
        for writer in written
        for reader, read in reads.items()
    }
    return {"credential": type(lake.account.credential).__name__, **written, **found}


def _tried(call: Callable[[], object]) -> object:
    try:
        return call()
    except Exception as error:  # noqa: BLE001  # it is the result
        return f"{type(error).__name__}: {error}"


def _by_sdk(lake: AdlsLake, _: SparkSession, writer: str) -> object:
    return pq.read_table(io.BytesIO(lake.read(_parquet(lake, writer)) or b"")).to_pylist()


def _by_delta_rs(lake: AdlsLake, _: SparkSession, writer: str) -> object:
    if writer == "delta-rs":
        table = DeltaTable(lake.delta_uri("bronze/delta-rs"), None, dict(lake.storage_options or {}))
        return pa.table(table.to_pyarrow_table()).to_pylist()
    container = DeltaStorageHandler(lake.delta_uri("bronze/"), dict(lake.storage_options))
    with container.open_input_file(_parquet(lake, writer).partition("/")[2]) as source:
        return pq.read_table(source).to_pylist()


def _by_engine(lake: AdlsLake, session: SparkSession, writer: str) -> object:
    frame = session.read.schema("week string, id bigint").parquet(lake.uri(_parquet(lake, writer)))
    return [row.asDict() for row in frame.collect()]


def _parquet(lake: AdlsLake, writer: str) -> str:
    (file,) = [
        stored.path for stored in lake.files_below(f"bronze/{writer}") if stored.path.endswith(".parquet")
    ]
    return file


if __name__ == "__main__":
    main(sys.argv[1])
