"""Output that all commands share: a sentence per error, a line of JSON, a clean exit on Ctrl-C.

The texts of a command are in the module of the command.
"""

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from shutil import which

import typer
from rich.console import Console
from rich.text import Text

from cloudflix_assets.cli.patience import told_who_is_waited_for
from cloudflix_assets.runs.interrupts import ignore_interrupts

_COMMAND = re.compile(r"\bcloudflix (run|status|dev|doctor|sample)\b(?=([^`;\n]*))")
_CARRIED = dict.fromkeys(("run", "dev", "doctor"), ("--home", "--source")) | {"status": ("--home",)}
"""Options of the command that was typed, without which one that is named would mean another lake."""
INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended: 128 + SIGINT, as shells count."""


@contextmanager
def speaking_console(*, debug: bool = False, quiet: bool = False) -> Iterator[Console]:
    """Yield a console on standard error; print an error of the block as a sentence and exit with code 1.

    On a terminal it also tells of a host that is silent. With `debug` the error is raised, so that its stack
    trace is shown.
    """
    try:
        with _standard_error(quiet=quiet) as console, told_who_is_waited_for(console):
            yield console
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        exit_interrupted("Interrupted: run the same command again.")
    except Exception as error:  # the last one before the user, who is shown no trace unasked
        if debug:
            raise
        print_error(_sentence(error))
        raise typer.Exit(1) from None


@contextmanager
def _standard_error(*, quiet: bool) -> Iterator[Console]:
    """Yield a console on standard error; on a terminal, under a new file descriptor.

    Dagster redirects 1 and 2 to files while steps run.
    """
    with ExitStack() as stack:
        file = None
        if sys.stderr.isatty():
            descriptor = os.dup(sys.stderr.fileno())
            opened = os.fdopen(descriptor, "w", encoding=sys.stderr.encoding, errors="backslashreplace")
            file = stack.enter_context(opened)
        yield Console(file=file, stderr=True, highlight=False, emoji=False, quiet=quiet)


def results_console(console: Console, *, as_json: bool) -> Console:
    """Return the console for what a command gives: standard output, unless JSON goes there."""
    return console if as_json else Console(highlight=False, emoji=False, quiet=console.quiet)


def print_line(console: Console, line: Text) -> None:
    """Print a line: cut off at the edge of a terminal, whole elsewhere."""
    if console.is_terminal:
        console.print(line, no_wrap=True, overflow="ellipsis")
    else:
        console.print(line, soft_wrap=True)


def typed(text: str) -> str:
    """Return a text whose commands can be typed as they are, and mean the home and source of this one."""
    name, *words = sys.argv
    known = Path(name).name != "cloudflix" or which("cloudflix") == str(Path(name).absolute())
    called, options = "cloudflix" if known else shlex.quote(name), _options(words)

    def whole(found: re.Match[str]) -> str:
        command, rest = found.groups()
        own = [option for option in _CARRIED.get(command, ()) if option in options and option not in rest]
        return " ".join([called, command, *(f"{option} {options[option]}" for option in own)])

    return _COMMAND.sub(whole, text)


def _options(words: Sequence[str]) -> Mapping[str, str]:
    """The options that were typed with a value, as a shell reads them."""
    from cloudflix_assets.errors import masked

    split = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    return {
        option: shlex.quote(masked(value)) for option, value in pairwise(split) if option.startswith("--")
    }


def print_error(sentence: str) -> None:
    """Print an error on standard error, even with `--quiet`."""
    from cloudflix_assets.errors import masked
    from spark.delivery.lines import printable

    console = Console(stderr=True, highlight=False, emoji=False)
    console.print(typed(masked(printable(sentence))), style="red", soft_wrap=True, markup=False)


def agreed(question: str, refusal: str, *, yes: bool) -> None:
    """Ask a question on a terminal, unless it is answered already.

    Raises:
        CloudflixError: the answer is no, or nobody can be asked (`refusal`).
    """
    from cloudflix_assets.errors import CloudflixError

    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise CloudflixError(refusal)
    try:
        answer = typer.confirm(question, err=True)
    except typer.Abort:
        answer = False
    if not answer:
        raise CloudflixError("Nothing was removed, nothing was run.")


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
