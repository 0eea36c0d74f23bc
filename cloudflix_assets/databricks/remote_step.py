"""The cluster's side of a launched step, once the code is unpacked: run the step and report its events.

It imports no other module of this package: a cluster lacks the libraries with which the host launches.
"""

import gzip
import threading
from pathlib import Path
from typing import Any

# 2026-11-30: a step is run by private parts of Dagster 1.13, as on the host. Drop once it exports them.
from dagster._core.definitions.step_launcher import StepRunRef
from dagster._core.execution.plan.external_step import external_instance_from_step_run_ref, run_step_from_ref
from dagster._serdes import deserialize_value, serialize_value

SECONDS = 1.0
"""Pause between two reports while a step runs."""


class Reports:
    """Writes every event so far into one file, and again whenever there are more, until the block ends."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.events: list[Any] = []
        self.written = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._write_regularly, daemon=True)

    def __enter__(self) -> "Reports":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()
        self._write()

    def _write_regularly(self) -> None:
        while not self.ended.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        events = list(self.events)
        if len(events) == self.written:
            return
        content = gzip.compress(serialize_value(events).encode())
        part = self.path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(self.path)
        self.written = len(events)


def run_step(given: str, events: str) -> None:
    """Run a step, and write its events as they come.

    Args:
        given: the step as JSON: loading a pickle would execute whatever lies in the staging area.
        events: path of the file to write the events to.
    """
    step = StepRunRef(**deserialize_value(given, dict))
    with Reports(events) as reports:
        instance = external_instance_from_step_run_ref(step, event_listener_fn=reports.events.append)
        for _ in run_step_from_ref(step, instance):
            pass
