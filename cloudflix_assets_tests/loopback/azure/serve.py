"""`make azurite` and `make azurite-stop`: a storage account in the background, for runs by hand.

The account is in memory: its contents end with the process. `stop` removes the history of the runs on it too
(`CLOUDFLIX_HOME`), which would list tables that no longer exist.
"""

import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import psutil
import typer
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from cloudflix_assets_tests.loopback.azure.azurite import (
    Azurite,
    NoNode,
    NotStarted,
    command,
    is_installed,
    kill,
    wait_until_listening,
)

ROOT = Path(__file__).parents[3]
ENV, PID, LOG, HOME = ".azurite.env", ".azurite.pid", ".azurite.log", ".cloudflix-azurite"
USUAL_PORT = 10_000
CONTAINERS = ("raw", "bronze", "silver", "gold")

app = typer.Typer(add_completion=False)


@app.command()
def start(root: Path = ROOT, port: int = USUAL_PORT) -> None:
    """Start Azurite unless it runs, and write `.azurite.env`."""
    if find_process(root) and (root / ENV).exists():
        typer.echo(f"Azurite runs already. {_usage()}")
        return
    stop_if_running(root)
    if not is_installed() and shutil.which("npm"):
        typer.echo("Azurite comes from npm (a minute, 365 MB)")
    try:
        azurite = _start_process(root, port)
    except (NoNode, NotStarted) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    make_containers(azurite)
    (root / ENV).write_text(environment(root, azurite), encoding="utf-8")
    typer.echo(
        f"Azurite runs at {azurite.endpoint}, in memory: `make azurite-stop` ends it and what is in it."
    )
    typer.echo(_usage())


@app.command()
def stop(root: Path = ROOT) -> None:
    """Stop Azurite, and remove its files and the history of the runs on it."""
    if stop_if_running(root):
        typer.echo("Azurite has ended, with all that was in it and the history of the runs on it.")
    else:
        typer.echo("No Azurite of this clone is running.")


def find_process(root: Path) -> psutil.Process | None:
    """Return the process with the stored id; None if it has ended, or if another process has that id."""
    try:
        pid, born = (root / PID).read_text(encoding="utf-8").split()
        process = psutil.Process(int(pid))
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return process if alive and process.create_time() == float(born) else None


def stop_if_running(root: Path) -> bool:
    """Stop Azurite if it runs, remove its files, and return whether it ran."""
    process = find_process(root)
    if process:
        kill(process.pid)
        process.wait()
    for name in (ENV, PID, LOG):
        (root / name).unlink(missing_ok=True)
    shutil.rmtree(root / HOME, ignore_errors=True)
    return process is not None


def _start_process(root: Path, port: int) -> Azurite:
    started = command(port if _is_free(port) else 0)
    with (root / LOG).open("w+b") as log:
        process = subprocess.Popen(
            started, cwd=root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        born = psutil.Process(process.pid).create_time()
        (root / PID).write_text(f"{process.pid} {born!r}\n", encoding="utf-8")
        try:
            azurite = wait_until_listening(process, log)
        except BaseException:
            stop_if_running(root)
            raise
    process.returncode = 0  # keeps Popen from warning that Azurite outlives this process
    return azurite


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def make_containers(azurite: Azurite) -> None:
    """Create the containers that a run needs, one per layer."""
    with BlobServiceClient(azurite.endpoint, credential=azurite.key) as client:
        for name in CONTAINERS:
            try:
                client.create_container(name)
            except ResourceExistsError:
                continue


def environment(root: Path, azurite: Azurite) -> str:
    """Return the settings of a run on this account, as assignments of a shell."""
    settings = {
        "CLOUDFLIX_DEPLOYMENT": "azure",
        "CLOUDFLIX_HOME": str(root.resolve() / HOME),
        "AZURE_STORAGE_ACCOUNT": azurite.account,
        "AZURE_STORAGE_KEY": azurite.key,
        "CLOUDFLIX_AZURE_ENDPOINT": azurite.endpoint,
        "CLOUDFLIX_AZURE_FLAT_NAMESPACE": "true",
    }
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def _usage() -> str:
    return f"To run on it: `set -a; . ./{ENV}; set +a`, then `make run`."


if __name__ == "__main__":
    app()
