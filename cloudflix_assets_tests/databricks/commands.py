"""`cloudflix` against a loopback Databricks, in a process of its own that knows no other settings."""

import os
import subprocess
import sys
from pathlib import Path

from cloudflix_assets_tests.cli.command import Told
from cloudflix_assets_tests.loopback.databricks.emulator import Emulator

FOREIGN = ("CLOUDFLIX_", "DATABRICKS_", "ARM_", "AZURE_", "DAGSTER_")
COMMAND = [sys.executable, "-c", "from cloudflix_assets.cli.commands import main; main()"]


def surroundings(emulator: Emulator | None, home: Path, **variables: str | None) -> dict[str, str]:
    """The whole environment of a run; without a workspace, of a run on this machine.

    `variables` win; None leaves one out.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    own = {
        "CLOUDFLIX_HOME": str(home),
        "CLOUDFLIX_FIRST_WEEK": "2026-01-05",
        "DATABRICKS_CONFIG_FILE": str(home / "no-profiles"),
    }
    told = {**clean, **own, **(emulator.variables if emulator else {}), **variables}
    return {name: value for name, value in told.items() if value is not None}


def cloudflix(emulator: Emulator | None, home: Path, *arguments: str, **variables: str | None) -> Told:
    """Run a command to its end."""
    result = subprocess.run(
        [*COMMAND, *arguments],
        env=surroundings(emulator, home, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    return Told(result.returncode, result.stdout, result.stderr)
