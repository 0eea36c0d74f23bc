"""What `cloudflix doctor` prints: a line per finding, with its remedy where one is needed."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cloudflix_assets.cli.terminal import typed
from cloudflix_assets.doctor.examination import worst
from cloudflix_assets.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}
_NAME = len("lake from there")
_VERDICTS = {
    "ok": "Everything is well: `cloudflix run` can begin.",
    "warn": "Runs can begin; look at what is marked `warn`.",
    "fail": "Correct what is marked `fail`, then ask again.",
}


def print_findings(findings: Iterable[Finding], *, quiet: bool) -> Sequence[Finding]:
    """Print each finding on standard output as it comes; with `quiet`, only those that are not ok."""
    console = Console(highlight=False, emoji=False)
    seen = []
    for finding in findings:
        seen.append(finding)
        if not quiet or finding.state != "ok":
            console.print(_line(finding))
    if not quiet:
        console.print(typed(_VERDICTS[worst(seen)]))
    return seen


def _line(finding: Finding) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=max(map(len, _STYLES)))
    grid.add_column(width=_NAME)
    grid.add_column()
    grid.add_row(
        Text(finding.state, style=_STYLES[finding.state]),
        finding.check,
        Text(finding.seen, overflow="fold"),
    )
    if finding.remedy:
        grid.add_row("", "", Text(f"→ {typed(finding.remedy)}", style="bold", overflow="fold"))
    return grid
