"""Lakes in an account, each in four new containers, and what tests ask of their tables."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psutil
from azure.storage.blob import BlobServiceClient

from cloudflix_assets.cli.commands import main
from cloudflix_assets.lake.adls.lake import AdlsLake
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.lake.local import LocalLake
from cloudflix_assets.landing import stream
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import PATHS
from cloudflix_assets_tests.loopback.azure.azurite import ACCOUNT, KEY
from spark.table import Layer

Settings = dict[str, Any]
PATIENCE = 180.0
_IMPORTED_BY_A_RUN = (
    "cloudflix_assets.cli.run",
    "cloudflix_assets.cli.progress",
    "cloudflix_assets.lake.adls.lake",
)


class Server(Protocol):
    """An account that answers: Azurite, a proxy before it, one with a hierarchy."""

    @property
    def endpoint(self) -> str:
        """Of its Blob service."""
        ...


def new_containers(server: Server) -> tuple[str, ...]:
    """One per layer. Sail reads the endpoint once per container: a new name takes that of this test."""
    name = uuid4().hex[:12]
    names = tuple(f"{name}-{layer.value}" for layer in Layer)
    with BlobServiceClient(server.endpoint, credential=KEY) as service:
        for container in names:
            service.create_container(container)
    return names


def settings(server: Server, home: Path, *, flat: bool = True, **others: Any) -> Environment:
    """Of a run on new containers of an account; `others` win."""
    told: Settings = {
        "home": home,
        "deployment": "azure",
        "azure_account": ACCOUNT,
        "azure_key": KEY,
        "azure_endpoint": server.endpoint,
        "azure_flat_namespace": flat,
        "first_week": "2026-01-05",
    }
    if "azure_containers" not in others:
        told["azure_containers"] = new_containers(server)
    return Environment(**{**told, **others})


def variables(environment: Environment) -> dict[str, str]:
    """The same for a process of its own."""
    told = {
        "CLOUDFLIX_HOME": str(environment.home),
        "CLOUDFLIX_ENGINE": environment.engine,
        "CLOUDFLIX_SOURCE": environment.source,
        "CLOUDFLIX_CACHE": str(environment.cache),
    }
    if environment.deployment == "local":
        return told
    return {
        **told,
        "CLOUDFLIX_DEPLOYMENT": "azure",
        "CLOUDFLIX_AZURE_ENDPOINT": str(environment.azure_endpoint),
        "CLOUDFLIX_AZURE_CONTAINERS": ",".join(environment.azure_containers),
        "CLOUDFLIX_AZURE_FLAT_NAMESPACE": str(environment.azure_flat_namespace),
        "AZURE_STORAGE_ACCOUNT": ACCOUNT,
        "AZURE_STORAGE_KEY": KEY,
    }


def started(environment: Environment, *arguments: object, large_bytes: int | None = None) -> BaseProcess:
    """`cloudflix` in a process of its own, forked from one that has imported all and started nothing.

    `large_bytes` in place of `incremental.LARGE_BYTES`.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *_IMPORTED_BY_A_RUN])
    told = [str(argument) for argument in arguments]
    process = context.Process(target=_run, args=(variables(environment), told, large_bytes), daemon=True)
    process.start()
    return process


def _run(told: Mapping[str, str], arguments: Sequence[str], large_bytes: int | None) -> None:
    for name in [name for name in os.environ if name.startswith(("CLOUDFLIX_", "AZURE_"))]:
        del os.environ[name]
    os.environ.update(told)
    stream.LARGE_BYTES = large_bytes or stream.LARGE_BYTES
    sys.argv = ["cloudflix", *arguments]
    main()


def killed(process: BaseProcess) -> None:
    """End it now, without any clean-up; from another thread than the one that awaits its end."""
    os.kill(process.pid or 0, signal.SIGKILL)
    while psutil.pid_exists(process.pid):
        time.sleep(0.002)


def ended(process: BaseProcess) -> int:
    """Its exit code."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode or 0


def version(lake: Lake, path: str) -> int | None:
    """The newest version of a table, by its log; None where there is no table."""
    entries = [name for name in lake.names(f"{path}/_delta_log") if name.endswith(".json")]
    return int(entries[-1].partition(".")[0]) if entries else None


def everything(lake: Lake) -> set[str]:
    """The path of every file in a lake, whoever put it there; listed without our code."""
    if isinstance(lake, LocalLake):
        return {path.relative_to(lake.root).as_posix() for path in lake.root.rglob("*") if path.is_file()}
    assert isinstance(lake, AdlsLake)
    with BlobServiceClient(lake.account.endpoint, credential=KEY) as service:
        return {
            f"{layer.value}/{blob.name}"
            for layer in Layer
            for blob in service.get_container_client(lake.account.container(layer)).list_blobs(
                include=["metadata"]
            )
            if (blob.metadata or {}).get("hdi_isfolder") != "true"
        }


def versions(lake: Lake, *paths: str) -> dict[str, int | None]:
    """Of some tables, or of all that there can be."""
    return {path: version(lake, path) for path in paths or PATHS}


def committed(lake: Lake, path: str) -> set[str]:
    """Every data file that some commit of a table ever named, relative to the lake."""
    found = set()
    for name in lake.names(f"{path}/_delta_log"):
        for line in (lake.read(f"{path}/_delta_log/{name}") or b"").splitlines():
            if add := json.loads(line).get("add"):
                found.add(f"{path}/{add['path']}")
    return found


def leftovers(lake: Lake, *paths: str) -> set[str]:
    """What lies in the folders of tables and is neither their log nor named by it."""
    found: set[str] = set()
    for path in paths or PATHS:
        lying = {stored.path for stored in lake.files_below(path) if "/_delta_log/" not in stored.path}
        found |= lying - committed(lake, path)
        found |= {
            s.path for s in lake.files_below(f"{path}/_delta_log") if ".tmp" in s.path or "/." in s.path
        }
    return found


def steps(lake: Lake, path: str) -> list[str]:
    """Whose commits a table's log holds, oldest first."""
    names = lake.names(f"{path}/_delta_log")
    lines = (line for name in names for line in (lake.read(f"{path}/_delta_log/{name}") or b"").splitlines())
    told = (json.loads(line).get("commitInfo", {}).get("userMetadata") for line in lines)
    return [json.loads(metadata)["step"] for metadata in told if metadata]
