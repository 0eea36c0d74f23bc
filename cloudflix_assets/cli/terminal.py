"""How a command speaks: one sentence per mistake, one line of JSON, a clean end on Ctrl-C.

What it has to say stands with the command; tables in report.py and status_report.py.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from cloudflix_assets.runs.interrupts import ignore_interrupts

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 + SIGINT, as shells count."""


@contextmanager
def speaking_console(*, debug: bool = False, quiet: bool = False) -> Iterator[Console]:
    """A console on standard error; an error ends in a sentence and exit code 1, without its trace.

    With `--debug` the trace is shown instead.
    """
    try:
        yield Console(stderr=True, highlight=False, quiet=quiet)
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        exit_interrupted("Interrupted: run the same command again.")
    except Exception as error:  # the last one before the user, who is shown no trace unasked
        if debug:
            raise
        print_error(_sentence(error))
        raise typer.Exit(1) from None


def print_error(sentence: str) -> None:
    """An error, also where a command is quiet."""
    Console(stderr=True, highlight=False).print(sentence, style="red", soft_wrap=True, markup=False)


def exit_interrupted(sentence: str) -> None:
    """End an interrupted command."""
    ignore_interrupts()
    print_error(sentence)
    raise typer.Exit(INTERRUPTED)


def print_json(value: object) -> None:
    """One line on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def _sentence(error: Exception) -> str:
    from cloudflix_assets.errors import TOLD, first_line  # brings Dagster along

    if isinstance(error, TOLD):
        return str(error)
    return (
        f"cloudflix failed unexpectedly ({type(error).__name__}: {first_line(error)}): "
        "run the same command with --debug to see where."
    )
