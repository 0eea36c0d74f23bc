"""The commands of `cloudflix` and their help; what each command does is in a module of its own."""

import gc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cloudflix_assets.cli import options as asked
from cloudflix_assets.cli.progress import Progress
from cloudflix_assets.cli.terminal import INTERRUPTED, print_json, speaking_console
from cloudflix_assets.runs.interrupts import leave_at_once, raise_interrupts

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COLLECT_AT = 500_000
"""New objects before a garbage collection.

Imports create a million lasting objects; scanning them again and again took 0.6 s of a start.
"""


def main() -> None:
    """Run the command line."""
    gc.set_threshold(COLLECT_AT)
    raise_interrupts()
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            leave_at_once(INTERRUPTED)
        raise
    finally:
        gc.freeze()  # else the interpreter collects garbage while it exits: 0.8 s after a run


@app.callback()
def cloudflix(
    debug: asked.Debug = False,
    version: Annotated[
        bool, typer.Option("--version", callback=asked.print_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    """Run weeks of the catalogue from files to gold tables, see what the lake holds, open the web UI.

    \b
    Begin with
      cloudflix run --weeks 3      three weeks of sample publications
      cloudflix status             what the lake holds now
      cloudflix dev                the web UI on http://localhost:3000
    """


@app.command()
def run(
    week: asked.Week = None,
    weeks: asked.Weeks = None,
    from_: asked.From = None,
    to: asked.To = None,
    select: asked.Select = None,
    stale: asked.Stale = False,
    refresh: asked.Refresh = False,
    force: asked.Force = False,
    source: asked.Source = None,
    replace_source: asked.ReplaceSource = False,
    yes: asked.Yes = False,
    home: asked.Home = None,
    as_json: asked.Json = False,
    quiet: asked.Quiet = False,
    debug: asked.Debug = False,
) -> None:
    """Run weeks: land their publication, then make every table from raw to gold.

    Without a week: the last one that has ended. What is unchanged is not committed again, so a command
    can be repeated at any time. The exit code is 0 if every step succeeded, else 1.

    \b
    Examples
      cloudflix run                                      the last week that has ended
      cloudflix run --weeks 3 --source path/to/folder    three weeks of your own files
      cloudflix run --week 2026-11-09 --select group:gold
      cloudflix run --stale                              only what is out of date
      cloudflix run --json --quiet > weeks.json
    """
    with speaking_console(debug=debug, quiet=quiet) as console, Progress(console) as progress:
        from cloudflix_assets.cli.weeks import told, weeks_to_run

        environment = _environment(home=home, source=source)
        chosen = weeks_to_run(environment.first_week, week or [], weeks, from_, to, stale=stale)
        console.print(told(chosen, stale=stale), end="", soft_wrap=True)
        from cloudflix_assets.cli import run

        request = run.Request(environment, chosen, select, stale, replace_source, refresh, force)
        run.run(request, console, progress, debug=debug, as_json=as_json, yes=yes)


@app.command()
def status(
    week: asked.StatusWeek = None,
    tables: asked.Tables = False,
    home: asked.Home = None,
    as_json: asked.Json = False,
    debug: asked.Debug = False,
) -> None:
    """Show what the lake holds, and what is not as it should be.

    A line per week: its rows in gold, what was quarantined, whether its tables are fresh. Then what is stale,
    what another tool removed or changed, what failed last. The exit code is 1 if anything has to be done
    beside bringing tables up to date.

    \b
    Examples
      cloudflix status                       the newest weeks that fit
      cloudflix status --week 2026-11-09     one week, table by table, with digests and last runs
      cloudflix status --tables              rows per table, a column for each week
      cloudflix status --json                every week and everything known of it
    """
    with speaking_console(debug=debug):
        from cloudflix_assets.cli.status import of_week, print_overview, print_week
        from cloudflix_assets.cli.weeks import day
        from cloudflix_assets.runs.status import lake_status

        environment = _environment(home=home)
        found = lake_status(environment)
        if week:
            found = replace(found, tables=of_week(found.tables, day(week)))
        if as_json:
            print_json({"tables": [entry.as_json() for entry in found.tables], "notices": found.notices})
        elif week:
            print_week(found)
        else:
            print_overview(found, environment.home, tables=tables)
        if not found.is_well:
            raise typer.Exit(1)


@app.command()
def doctor(
    source: asked.Source = None,
    home: asked.Home = None,
    fix: asked.Fix = False,
    launch: asked.Launch = False,
    as_json: asked.Json = False,
    quiet: asked.Quiet = False,
    debug: asked.Debug = False,
) -> None:
    """Check this installation: what was seen, and what to do about what is wrong.

    Changes nothing without --fix. The exit code is 1 if anything failed.

    \b
    Examples
      cloudflix doctor
      cloudflix doctor --source path/to/folder
      cloudflix doctor --fix
      cloudflix doctor --launch
      cloudflix doctor --json
    """
    with speaking_console(debug=debug, quiet=quiet):
        from cloudflix_assets.cli.doctor import print_findings
        from cloudflix_assets.doctor.examination import examine, worst
        from cloudflix_assets.doctor.finding import Finding

        found = examine(fix=fix, launch=launch, home=home, source=source)
        if as_json:
            findings: Sequence[Finding] = list(found)
            print_json({"checks": [finding.as_json() for finding in findings]})
        else:
            findings = print_findings(found, quiet=quiet)
        if worst(findings) == "fail":
            raise typer.Exit(1)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="Where to write; made if it is not there")],
    week: asked.Week = None,
    weeks: asked.Weeks = None,
    titles: Annotated[int, typer.Option(help="Titles in each week, from 1,000 to 4,000,000")] = 6_000,
    seed: Annotated[int, typer.Option(help="Another number, another catalogue")] = 0,
    layout: asked.SampleLayout = None,
    as_json: asked.Json = False,
    quiet: asked.Quiet = False,
    debug: asked.Debug = False,
) -> None:
    """Write synthetic publications of any size, with what the lake must make of them.

    A folder per week, which `cloudflix run --source` takes; without a week: the last three that have ended.
    The files hold the defects of real ones, change every week, and are the same for the same options.
    Beside them, truth/ holds the accepted rows and the quarantined records of each table as Parquet.

    \b
    Examples
      cloudflix sample my-sample
      cloudflix sample large --titles 1000000 --weeks 1
      cloudflix sample in-one --layout twelve_columns
      cloudflix sample other --seed 7 --week 2026-11-02 --week 2026-11-09
    """
    with speaking_console(debug=debug, quiet=quiet) as console:
        from cloudflix_assets.cli import sample
        from cloudflix_assets.cli.weeks import chosen_weeks

        last = 3 if weeks is None and not week else weeks
        chosen = chosen_weeks(_environment().first_week, week or [], last, None, None)
        written = sample.run(
            console, folder, chosen, titles=titles, seed=seed, as_json=as_json, in_one=layout is not None
        )
        if as_json:
            print_json({"weeks": [one.as_json() for one in written]})


@app.command()
def dev(
    source: asked.Source = None,
    home: asked.Home = None,
    port: Annotated[int, typer.Option(help="Port of the web UI", min=1, max=65535)] = 3000,
    debug: asked.Debug = False,
) -> None:
    """Open Dagster's web UI, its schedules and its sensors on the same lake. Ctrl-C ends it.

    \b
    Examples
      cloudflix dev
      cloudflix dev --port 8080 --source path/to/folder
    """
    with speaking_console(debug=debug) as console:
        environment = _environment(home=home, source=source)
        from cloudflix_assets.cli.dev import claim, refuse_other_source, serve, told, with_calendar
        from cloudflix_assets.instance.instance import prepare

        with claim(prepare(environment), port):
            refuse_other_source(environment)
            environment = with_calendar(environment)
            console.print(told(environment, port), soft_wrap=True)
            serve(environment.for_child(), port)


def _environment(**given: Any) -> Any:
    from cloudflix_assets.settings.environment import environment

    return environment(**{name: value for name, value in given.items() if value is not None})
