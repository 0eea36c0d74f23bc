"""Serve a workspace on this machine: `python -m cloudflix_assets_tests.loopback.databricks`."""

import contextlib
import shlex
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from cloudflix_assets_tests.loopback.databricks.emulator import Emulator
from cloudflix_assets_tests.loopback.databricks.sessions import Kind

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    port: int = 0,
    root: Annotated[Path | None, typer.Option(help="Folder of its files; default: a temporary one")] = None,
    kind: Annotated[str, typer.Option("--session", help="sail or jvm")] = "sail",
) -> None:
    """Serve a workspace until Ctrl-C or `kill`, and print what a run against it needs."""
    if kind not in {"sail", "jvm"}:
        raise typer.BadParameter(f"--session {kind} is neither sail nor jvm.")
    for ending in (signal.SIGINT, signal.SIGTERM):  # a shell's background jobs ignore SIGINT
        signal.signal(ending, signal.default_int_handler)
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        folder = root or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="databricks-")))
        chosen: Kind = "jvm" if kind == "jvm" else "sail"
        emulator = stack.enter_context(Emulator(folder.absolute(), kind=chosen, port=port))
        for name, value in emulator.variables.items():
            typer.echo(f"{name}={shlex.quote(value)}")
        signal.pause()


if __name__ == "__main__":
    app()
