"""The command line as tests call it: in this process, or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cloudflix_assets.cli.commands import app


@dataclass(frozen=True)
class Told:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def sentence(self) -> str:
        """Standard error in one line."""
        return " ".join(self.stderr.split())

    @property
    def given(self) -> str:
        """Standard output in one line."""
        return " ".join(self.stdout.split())

    @property
    def json(self) -> Any:
        """The one line on standard output."""
        (line,) = self.stdout.splitlines()
        return json.loads(line)

    @property
    def weeks(self) -> list[dict[str, Any]]:
        """The weeks that `run --json` reports."""
        found: list[dict[str, Any]] = self.json["weeks"]
        return found


def cloudflix(home: Path, command: str, *options: str, env: Mapping[str, str] | None = None) -> Told:
    """Call the command line in this process, which shares its engine."""
    arguments = [command, *options, "--home", str(home)]
    result = CliRunner().invoke(app, arguments, env=dict(env or {}))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)


def cloudflix_process(home: Path, command: str, *options: str, **variables: str) -> Told:
    """Call the command line in a process of its own, as a shell does."""
    code = "from cloudflix_assets.cli.commands import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, command, *options, "--home", str(home)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Told(result.returncode, result.stdout, result.stderr)
