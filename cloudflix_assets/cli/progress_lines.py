"""The live view of one run: a line per table, in the order in which they run."""

import time
from dataclasses import dataclass, field

from dagster import DagsterEvent, DagsterEventType
from rich.text import Text

from cloudflix_assets.names import is_quarantine
from spark.registry import TABLES

_PATHS = {table.identifier: table.path for table in TABLES}
_NAME = max(map(len, _PATHS.values()))
_STYLES = {"failed": "red", "unchanged": "dim"}
_SPINNER, _TURNS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", 8


@dataclass
class Step:
    """The progress of a step that has begun."""

    name: str
    begun: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    rows: int | None = None
    quarantined: int = 0
    state: str = ""


class Lines:
    """A line per step that has begun, in the order in which they run."""

    def __init__(self, title: str, most: int) -> None:
        self.title, self.most = title, max(most, 1)
        self.steps: dict[str, Step] = {}
        self._begun = time.monotonic()

    def see(self, event: DagsterEvent) -> None:
        """Update the lines from an event; another thread draws them, so that the run is not slowed down."""
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

    def drawn(self) -> Text:
        """Return the title and the newest lines as text; a rich table takes ten times as long to draw."""
        steps = list(self.steps.values())
        hidden = max(len(steps) - self.most, 0)
        page = Text(f"{self.title}  {time.monotonic() - self._begun:.0f} s", style="bold", no_wrap=True)
        if hidden:
            page.append(f"\n  … {hidden} more are done", style="not bold dim")
        for step in steps[hidden:]:
            page.append("\n" + self._line(step), style=f"not bold {_STYLES.get(step.state, '')}")
        return page

    def _line(self, step: Step) -> str:
        mark = _SPINNER[int(time.monotonic() * _TURNS) % len(_SPINNER)] if step.seconds is None else " "
        seconds = time.monotonic() - step.begun if step.seconds is None else step.seconds
        rows = "" if step.rows is None else f"{step.rows:,}"
        quarantined = f"+{step.quarantined:,} quarantined" if step.quarantined else ""
        return f"{mark} {step.name:<{_NAME}}  {seconds:6.1f} s  {rows:>11}  {quarantined:<18}  {step.state}"


def _take_in(step: Step, event: DagsterEvent) -> None:
    metadata = event.materialization.metadata
    rows, committed = metadata.get("dagster/partition_row_count"), metadata.get("committed")
    if rows is None or committed is None:  # the publication, which is no table
        return
    if event.asset_key and is_quarantine(event.asset_key.path[-1]):
        step.quarantined = int(str(rows.value))
    else:
        step.rows = int(str(rows.value))
    if step.state != "committed":
        step.state = "committed" if committed.value else "unchanged"
