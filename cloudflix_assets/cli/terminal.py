"""Output that all commands share: a sentence per error, a line of JSON, a clean exit on Ctrl-C.

The texts of a command are in the module of the command.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import typer
from rich.console import Console

from cloudflix_assets.runs.interrupts import ignore_interrupts

_COMMAND = re.compile(r"\bcloudflix(?= (?:run|status|dev|doctor|sample)\b)")
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 + SIGINT, as shells count."""


@contextmanager
def speaking_console(*, debug: bool = False, quiet: bool = False) -> Iterator[Console]:
    """Yield a console on standard error; print an error of the block as a sentence and exit with code 1.

    With `debug` the error is raised, so that its stack trace is shown.
    """
    try:
        yield Console(stderr=True, highlight=False, emoji=False, quiet=quiet)
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        exit_interrupted("Interrupted: run the same command again.")
    except Exception as error:  # the last one before the user, who is shown no trace unasked
        if debug:
            raise
        print_error(_sentence(error))
        raise typer.Exit(1) from None


def typed(text: str) -> str:
    """Return a text whose commands begin with what the shell that began this one finds."""
    name = sys.argv[0]
    known = Path(name).name != "cloudflix" or which("cloudflix") == str(Path(name).absolute())
    return text if known else _COMMAND.sub(shlex.quote(name), text)


def print_error(sentence: str) -> None:
    """Print an error on standard error, even with `--quiet`."""
    from cloudflix_assets.settings.values import masked
    from spark.delivery.lines import printable

    console = Console(stderr=True, highlight=False, emoji=False)
    console.print(typed(masked(printable(sentence))), style="red", soft_wrap=True, markup=False)


def exit_interrupted(sentence: str) -> None:
    """Print a sentence and exit with the code of an interrupted command."""
    ignore_interrupts()
    print_error(sentence)
    raise typer.Exit(INTERRUPTED)


def print_json(value: object) -> None:
    """Print a value as one line of JSON on standard output."""
    text = json.dumps(value, ensure_ascii=False)
    typer.echo(text.encode(errors="backslashreplace").decode())  # names of files may not be UTF-8


def _sentence(error: Exception) -> str:
    from cloudflix_assets.errors import TOLD, first_line  # brings Dagster along

    if isinstance(error, TOLD):
        return str(error)
    return (
        f"cloudflix failed unexpectedly ({type(error).__name__}: {first_line(error)}): "
        "run the same command with --debug to see where."
    )
