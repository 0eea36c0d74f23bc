"""`cloudflix run`, from its first line on the terminal to its exit code."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from socket import create_connection
from urllib.parse import urlsplit

import typer
from rich.console import Console

from cloudflix_assets.cli.run_report import print_next, print_week
from cloudflix_assets.cli.terminal import exit_interrupted, print_error, print_json
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.lake.choice import lake_of
from cloudflix_assets.names import FORCE, REFRESH
from cloudflix_assets.runs import weeks
from cloudflix_assets.runs.interrupts import raise_swallowed_interrupt
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
        """The tags that tell a run's steps of `--refresh` and `--force`."""
        given = {REFRESH: self.refresh, FORCE: self.force}
        return {tag: "true" for tag, wanted in given.items() if wanted}


def run(request: Request, console: Console, watch: weeks.Watch, *, debug: bool, as_json: bool) -> None:
    """Run the weeks and print each when it has finished; the exit code is 1 unless every step succeeded."""
    finished: list[WeekResult] = []
    if len(request.weeks) > 1:
        console.print(f"{len(request.weeks)} weeks, {request.weeks[0]} to {request.weeks[-1]}", style="dim")
    try:
        raise_swallowed_interrupt()
        for result in _results(request, watch):
            finished.append(result)
            _tell(console, result, debug=debug)
        interrupted = bool(finished) and finished[-1].interrupted
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        print_json({"weeks": [result.as_json() for result in finished]})
    if interrupted:
        exit_interrupted(_interruption(finished))
    if request.stale and not finished:
        console.print("Nothing is stale.")
    if finished:
        web_ui = request.environment.web_ui
        shown = web_ui if _answers(web_ui) else None
        print_next(console, finished, lake_of(request.environment).place, shown)
    if not all(result.success for result in finished):
        raise typer.Exit(1)


def _answers(address: str) -> bool:
    """Whether somebody listens there: a link to a web UI that is not up is none."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    with suppress(OSError), create_connection((parts.hostname or "", port), timeout=0.3):
        return True
    return False


def _results(request: Request, watch: weeks.Watch) -> Iterator[WeekResult]:
    given = (request.environment, request.weeks, request.select, request.tags)
    if not request.stale:
        return weeks.run_weeks(*given, replace_source=request.replace_source, watch=watch)
    if request.replace_source:
        raise CloudflixError(
            "--replace-source empties the lake, which leaves nothing stale: drop one of the two."
        )
    return weeks.run_stale(*given, watch=watch)


def _tell(console: Console, result: WeekResult, *, debug: bool) -> None:
    print_week(console, result)
    if console.quiet:
        for step, sentence in result.failures.items():
            print_error(f"{result.week} {step}: {sentence}")
    if debug:
        for trace in result.traces:
            console.print(trace, markup=False, soft_wrap=True)


def _interruption(finished: Sequence[WeekResult]) -> str:
    done = [str(result.week) for result in finished if result.success]
    weeks = f"finished: {', '.join(done)}" if done else "no week was finished"
    return (
        f"Interrupted ({weeks}): what was committed stays, nothing is half-written; "
        "run the same command again, and only what is missing is committed."
    )
