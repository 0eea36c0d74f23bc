"""`cloudflix run`, from its first line on the terminal to its exit code."""

import getpass
import os
import shlex
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

import typer
from rich.console import Console

from cloudflix_assets.cli.progress import Progress
from cloudflix_assets.cli.run_report import print_summary, print_to_do, print_week
from cloudflix_assets.cli.terminal import agreed, exit_interrupted, print_json, results_console
from cloudflix_assets.errors import CloudflixError, masked
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.names import COMMAND, FORCE, REFRESH, USER
from cloudflix_assets.runs import weeks
from cloudflix_assets.runs.interrupts import raise_swallowed_interrupt
from cloudflix_assets.runs.replacing import Agree, Removal
from cloudflix_assets.runs.runner import WeekResult
from cloudflix_assets.settings.environment import Environment


@dataclass(frozen=True)
class Request:
    """The parsed options of `cloudflix run`; `weeks` may be empty only with `stale`."""

    environment: Environment
    weeks: Sequence[date]
    select: str | None
    stale: bool
    replace_source: bool
    refresh: bool
    force: bool

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of a run: who typed which command, and for its steps `--refresh` and `--force`."""
        given = {REFRESH: self.refresh, FORCE: self.force}
        options = {tag: "true" for tag, wanted in given.items() if wanted}
        typed = masked(shlex.join(["cloudflix", *sys.argv[1:]]))
        return {USER: _user(), COMMAND: typed, **options}


def _user() -> str:
    """Who runs this, as the machine knows; a container's user may have no name."""
    with suppress(KeyError, OSError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return f"{os.getuid()}@{socket.gethostname()}"


def run(
    request: Request, console: Console, progress: Progress, *, debug: bool, as_json: bool, yes: bool
) -> None:
    """Run the weeks and print each when it has finished; the exit code is 1 unless every step succeeded."""
    finished: list[WeekResult] = []
    out = results_console(console, as_json=as_json)

    def agree(removal: Removal) -> None:
        progress.stop_waiting()
        agreed(removal.question, removal.refusal, yes=yes)

    try:
        raise_swallowed_interrupt()
        for result in _results(request, progress.watch, agree):
            finished.append(result)
            _tell(console, out, result, debug=debug)
        interrupted = bool(finished) and finished[-1].interrupted
    except KeyboardInterrupt:
        interrupted = True
    except Exception:
        _conclude(console, out, finished, request.environment)  # else nobody learns of weeks before it
        raise
    progress.stop_waiting()
    if as_json:
        print_json({"weeks": [result.as_json() for result in finished]})
    if request.stale and not finished and not interrupted:
        out.print("Nothing is stale.")
    _conclude(console, out, finished, request.environment)
    if interrupted:
        exit_interrupted(_interruption(finished))
    if not all(result.success for result in finished):
        raise typer.Exit(1)


def _conclude(
    console: Console, out: Console, finished: Sequence[WeekResult], environment: Environment
) -> None:
    """Print all weeks together, and last what has to be done."""
    if finished:
        print_summary(out, finished, lake_of(environment).place)
        shown = environment.web_ui if _answers(environment.web_ui) else None
        print_to_do(console, finished, shown)


def _answers(address: str) -> bool:
    """Whether somebody listens there: a link to a web UI that is not up is none."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    with suppress(OSError), socket.create_connection((parts.hostname or "", port), timeout=0.3):
        return True
    return False


def _results(request: Request, watch: weeks.Watch, agree: Agree) -> Iterator[WeekResult]:
    given = (request.environment, request.weeks, request.select, request.tags)
    if not request.stale:
        return weeks.run_weeks(*given, replace_source=request.replace_source, agree=agree, watch=watch)
    if request.replace_source:
        raise CloudflixError(
            "--replace-source empties the lake, which leaves nothing stale: drop one of the two."
        )
    return weeks.run_stale(*given, watch=watch)


def _tell(console: Console, out: Console, result: WeekResult, *, debug: bool) -> None:
    print_week(out, result)
    for trace in result.traces if debug else ():
        console.print(trace, markup=False, soft_wrap=True)


def _interruption(finished: Sequence[WeekResult]) -> str:
    done = [str(result.week) for result in finished if result.success]
    weeks = f"finished: {', '.join(done)}" if done else "no week was finished"
    return (
        f"Interrupted ({weeks}): what was committed stays, nothing is half-written; "
        "run the same command again, and only what is missing is committed."
    )
