"""The live view of one run: a line per table, in the order in which they run."""

import time
from dataclasses import dataclass, field
from typing import Any

from dagster import DagsterEventType
from dagster._core.events import DagsterEvent
from rich.table import Table
from rich.text import Text

from spark.registry import TABLES

_SPINNER, _TURNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 8
_PATHS = {table.identifier: table.path for table in TABLES}


@dataclass
class Step:
    """What is known of a step that has begun."""

    name: str
    begun: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    rows: int | None = None
    refused: int = 0
    state: str = ""


class Lines:
    """A line per step that has begun, in the order in which they run."""

    def __init__(self, title: str, most: int) -> None:
        self.title, self.most = title, max(most, 1)
        self.steps: dict[str, Step] = {}
        self._begun = time.monotonic()

    def see(self, event: DagsterEvent) -> None:
        """Take in an event; drawing is another thread's, so this costs next to nothing."""
        if event.step_key is None:
            return
        if event.event_type is DagsterEventType.STEP_START:
            self.steps[event.step_key] = Step(_PATHS.get(event.step_key, event.step_key))
        elif step := self.steps.get(event.step_key):
            if event.is_step_materialization:
                _take_in(step, event)
            elif event.is_step_success or event.is_step_failure:
                step.seconds = time.monotonic() - step.begun
                step.state = "failed" if event.is_step_failure else step.state

    def drawn(self) -> Table:
        """The title and the newest lines."""
        steps = list(self.steps.values())
        hidden = max(len(steps) - self.most, 0)
        grid = Table.grid(padding=(0, 2))
        for justify in ("left", "right", "right", "left", "left"):
            grid.add_column(justify=justify, no_wrap=True)
        for step in steps[hidden:]:
            grid.add_row(*self._row(step))
        page = Table.grid()
        page.add_row(Text(f"{self.title}  {time.monotonic() - self._begun:.0f} s", style="bold"))
        if hidden:
            page.add_row(Text(f"  … {hidden} more are done", style="dim"))
        page.add_row(grid)
        return page

    def _row(self, step: Step) -> tuple[Any, ...]:
        mark = _SPINNER[int(time.monotonic() * _TURNS) % len(_SPINNER)] if step.seconds is None else " "
        seconds = time.monotonic() - step.begun if step.seconds is None else step.seconds
        style = {"failed": "red", "unchanged": "dim"}.get(step.state, "")
        return (
            Text(f"{mark} {step.name}", style=style),
            Text(f"{seconds:.1f} s", style="dim"),
            "" if step.rows is None else f"{step.rows:,}",
            Text(f"+{step.refused:,} quarantined" if step.refused else "", style="yellow"),
            Text(step.state, style=style),
        )


def _take_in(step: Step, event: DagsterEvent) -> None:
    metadata = event.materialization.metadata
    rows, committed = metadata.get("dagster/partition_row_count"), metadata.get("committed")
    if rows is None or committed is None:  # the publication, which is no table
        return
    if event.asset_key and event.asset_key.path[-1].endswith("_quarantine"):
        step.refused = int(str(rows.value))
    else:
        step.rows = int(str(rows.value))
    if step.state != "committed":
        step.state = "committed" if committed.value else "unchanged"
