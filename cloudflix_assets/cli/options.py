"""The options of the commands, each declared once, in the groups that `--help` shows."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer

_WHICH, _WHAT, _WHERE, _OUTPUT = "Which weeks", "Which tables, and how", "Where", "What is printed"


def print_version(wanted: bool) -> None:  # noqa: FBT001  # typer's callback
    """Print the version and exit."""
    if wanted:
        typer.echo(version("cloudflix"))
        raise typer.Exit


def _or_before_the_command(context: typer.Context, given: bool) -> bool:  # noqa: FBT001  # typer's callback
    """Accept `cloudflix --debug run` as `cloudflix run --debug`."""
    return given or bool(context.find_root().params.get("debug"))


Week = Annotated[
    list[str] | None,
    typer.Option(help="A week, by its Monday: 2026-11-09 (repeatable)", rich_help_panel=_WHICH),
]
SampleLayout = Annotated[
    Literal["twelve_columns"] | None,
    typer.Option(help="As one file in this layout, with what can go wrong in one"),
]
Weeks = Annotated[
    int | None, typer.Option(min=1, help="The last N weeks that have ended", rich_help_panel=_WHICH)
]
From = Annotated[str | None, typer.Option("--from", help="First week of a span", rich_help_panel=_WHICH)]
To = Annotated[
    str | None,
    typer.Option(help="Last week of a span; default: the last that has ended", rich_help_panel=_WHICH),
]
StatusWeek = Annotated[str | None, typer.Option(help="One week in detail, by its Monday: 2026-11-09")]
Tables = Annotated[bool, typer.Option("--tables", help="A line per table, a column per week")]

Select = Annotated[
    str | None,
    typer.Option(help="Assets: silver/titles, +gold/cast, group:gold, …", rich_help_panel=_WHAT),
]
Stale = Annotated[
    bool,
    typer.Option("--stale", help="Only what is stale, in every week that was run", rich_help_panel=_WHAT),
]
Refresh = Annotated[bool, typer.Option("--refresh", help="Ask the source again", rich_help_panel=_WHAT)]
Fix = Annotated[bool, typer.Option("--fix", help="Make what is missing of the lake in an account")]
Launch = Annotated[bool, typer.Option("--launch", help="Also look from the cluster, which may have to start")]
Force = Annotated[bool, typer.Option("--force", help="Commit even what is unchanged", rich_help_panel=_WHAT)]

Source = Annotated[
    str | None,
    typer.Option(
        help="sample, landing, a folder of CSV files or of weeks, or "
        "github:owner/repo\\[@branch]\\[:folder] (CLOUDFLIX_SOURCE)",
        rich_help_panel=_WHERE,
    ),
]
ReplaceSource = Annotated[
    bool,
    typer.Option(
        "--replace-source", help="Empty the lake, then give it to this source", rich_help_panel=_WHERE
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Remove what --replace-source removes unasked", rich_help_panel=_WHERE)
]
Home = Annotated[
    Path | None,
    typer.Option(help="Folder of the instance and the lake (CLOUDFLIX_HOME)", rich_help_panel=_WHERE),
]

Json = Annotated[
    bool,
    typer.Option("--json", help="Print one line of JSON on standard output", rich_help_panel=_OUTPUT),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only what went wrong", rich_help_panel=_OUTPUT)]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show the stack trace of an error",
        callback=_or_before_the_command,
        rich_help_panel=_OUTPUT,
    ),
]
