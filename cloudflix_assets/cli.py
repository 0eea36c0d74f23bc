"""`cloudflix`: run weeks, see what the lake holds, open the web UI."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from cloudflix_assets.environment import Environment
from cloudflix_assets.environment import environment as settings
from cloudflix_assets.errors import TOLD, CloudflixError
from cloudflix_assets.partitions import WEEK, in_calendar, last_ended, span

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(stderr=True, highlight=False)

Home = Annotated[Path | None, typer.Option(help="Folder of the instance and the lake (CLOUDFLIX_HOME)")]
SourceOption = Annotated[
    str | None, typer.Option(help="sample, or a folder of five CSV files or of weeks (CLOUDFLIX_SOURCE)")
]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON on standard output")]


def main() -> None:
    """The command line's entry point."""
    app()


@app.command()
def run(
    week: Annotated[
        list[str] | None, typer.Option(help="A week, by its Monday: 2026-11-09 (repeatable)")
    ] = None,
    weeks: Annotated[int | None, typer.Option(min=1, help="The last N weeks that have ended")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First week of a span")] = None,
    to: Annotated[
        str | None, typer.Option(help="Last week of a span; default: the last that has ended")
    ] = None,
    source: SourceOption = None,
    select: Annotated[
        str | None, typer.Option(help="Assets: silver/titles, +gold/cast, group:gold, …")
    ] = None,
    stale: Annotated[
        bool, typer.Option("--stale", help="Only what is stale, in every week that was run")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the source again")] = False,
    force: Annotated[bool, typer.Option("--force", help="Commit even what is unchanged")] = False,
    replace_source: Annotated[bool, typer.Option("--replace-source", help="Empty the lake first")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Materialize weeks, from their publication to gold.

    Without a week: the last one that has ended. Exit code 0 when every step succeeded.
    """
    with _told():
        environment = _environment(home=home, source=source)
        chosen = _weeks(environment, week or [], weeks, from_, to)
        if stale and replace_source:
            raise CloudflixError(
                "--replace-source empties the lake, which leaves nothing stale: drop one of the two."
            )
        from cloudflix_assets.week_runs import run_stale, run_weeks

        tags = {"cloudflix/refresh": "true"} if refresh else {}
        tags |= {"cloudflix/force": "true"} if force else {}
        if stale:
            results = run_stale(environment, chosen, select, tags)
        else:
            default = chosen or [_last(environment)]
            results = run_weeks(environment, default, select, tags, replace_source=replace_source)
        from cloudflix_assets.report import LEGEND, print_week

        finished = []
        for result in results:
            print_week(console, result)
            finished.append(result)
        if stale and not finished:
            console.print("Nothing is stale.")
    if as_json:
        _print_json({"weeks": [result.as_json() for result in finished]})
    if not all(result.success for result in finished):
        raise typer.Exit(1)
    if finished:
        console.print(LEGEND, style="dim")
        console.print(f"Lake: {environment.lake_root}", soft_wrap=True)
        console.print("Next: [bold]cloudflix status[/], [bold]cloudflix dev[/]")


@app.command()
def status(home: Home = None, as_json: Json = False) -> None:
    """What the lake holds: rows per table and week, and what is stale."""
    with _told():
        environment = _environment(home=home)
        from cloudflix_assets.report import print_status
        from cloudflix_assets.week_runs import lake_status

        entries = lake_status(environment)
        if as_json:
            _print_json({"tables": [entry.as_json() for entry in entries]})
        else:
            print_status(Console(highlight=False), entries)


@app.command()
def dev(
    source: SourceOption = None,
    home: Home = None,
    port: Annotated[int, typer.Option(help="Port of the web UI")] = 3000,
) -> None:
    """Open Dagster's web UI, its schedules and its sensors on the same lake."""
    with _told():
        environment = _environment(home=home, source=source)
        from cloudflix_assets.instance import prepare
        from cloudflix_assets.running import DEFINITIONS

        prepare(environment)
    console.print(f"The web UI comes up on [bold]http://localhost:{port}[/]; Ctrl-C ends it.")
    command = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-m", DEFINITIONS, "-p", str(port)]
    # In place of this process, so that Ctrl-C reaches Dagster and nobody else.
    os.execve(sys.executable, command, environment.for_child())


def _environment(**options: Any) -> Environment:
    return settings(**{name: value for name, value in options.items() if value is not None})


def _weeks(
    environment: Environment, named: list[str], last: int | None, first: str | None, to: str | None
) -> list[date]:
    """The chosen weeks in calendar order; none if none was chosen."""
    now = datetime.now(UTC)
    ways = [bool(named), last is not None, first is not None or to is not None]
    if sum(ways) > 1:
        raise CloudflixError("choose weeks in one way: --week, or --weeks, or --from and --to.")
    if last is not None:
        newest = _last(environment)
        found = span(max(newest - WEEK * (last - 1), environment.first_week), newest)
    elif first is not None or to is not None:
        begin = _day(first) if first else environment.first_week
        end = _day(to) if to else _last(environment)
        found = span(
            in_calendar(begin, environment.first_week, now), in_calendar(end, environment.first_week, now)
        )
        if not found:
            raise CloudflixError(f"--from {begin} is after --to {end}: exchange them.")
    else:
        found = [in_calendar(_day(text), environment.first_week, now) for text in named]
    return sorted(set(found))


def _last(environment: Environment) -> date:
    """The last week that has ended, which a calendar that begins later does not have."""
    now = datetime.now(UTC)
    return in_calendar(last_ended(now), environment.first_week, now)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CloudflixError(
            f"{text!r} is no date: write a week as its Monday, such as 2026-11-09."
        ) from None


@contextmanager
def _told() -> Iterator[None]:
    """A user's mistake ends in one sentence and exit code 1."""
    try:
        yield
    except TOLD as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    console.print(sentence, style="red", soft_wrap=True, markup=False)
    raise typer.Exit(1)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
