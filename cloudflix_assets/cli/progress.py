"""The progress of a run: a live line per table on a terminal, otherwise one line per week."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.status import Status

if TYPE_CHECKING:  # importing Dagster takes seconds: see Progress.__enter__
    from cloudflix_assets.runs.runner import Seen

_REFRESHES_PER_SECOND = 5
_LINES_KEPT_FREE = 3
"""Lines for the title, the number of hidden steps, and the cursor."""


class Progress:
    """Shows runs on a console: live on a terminal, else a line per week, nothing if the console is quiet."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_live = console.is_terminal and not console.quiet
        self._starting: Status | None = None

    def __enter__(self) -> Self:
        """Show that the command is starting: imports, the instance and the engine take some seconds."""
        if self._is_live:
            self._starting = self._console.status("Starting Dagster and the engine")
            self._starting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_waiting()

    @contextmanager
    def watch(self, title: str) -> "Iterator[Seen]":
        """Show one run under a title; yield the callback for its events."""
        from cloudflix_assets.cli.progress_lines import Lines
        from cloudflix_assets.runs.runner import ignore_event

        self.stop_waiting()
        if not self._is_live:
            self._console.print(f"{title} runs")
            yield ignore_event
            return
        lines = Lines(title, self._console.height - _LINES_KEPT_FREE)
        with Live(
            get_renderable=lines.drawn,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ):
            yield lines.see

    def stop_waiting(self) -> None:
        """Take away what says that the command is starting, before something is asked or a run is shown."""
        if self._starting:
            self._starting.stop()
            self._starting = None
