"""What host and cluster hand each other for one attempt at a step."""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from dagster._core.definitions.step_launcher import StepRunRef
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.context.system import StepExecutionContext
from dagster._serdes import deserialize_value, serialize_value

from cloudflix_assets.databricks.package import Package
from cloudflix_assets.databricks.staging_area import Area
from cloudflix_assets.settings.environment import Environment

RUNS = "runs"
_RUN_ID = len("00000000-0000-0000-0000-000000000000")


@dataclass(frozen=True)
class Handover:
    """The files of an attempt, called by its run, step and number: a retry never meets an earlier one's."""

    area: Area
    name: str

    @classmethod
    def of(cls, area: Area, context: StepExecutionContext) -> "Handover":
        """Of the attempt that is about to start."""
        return cls(area, f"{context.run_id}-{context.step.key}-{context.previous_attempt_count}")

    @property
    def run_id(self) -> str:
        """Of the Dagster run."""
        return self.name[:_RUN_ID]

    @property
    def token(self) -> str:
        """Of at most 64 characters: submitted twice, it is one run."""
        return sha256(self.name.encode()).hexdigest()

    @property
    def _step(self) -> str:
        return f"{RUNS}/{self.name}.step"

    @property
    def _events(self) -> str:
        return f"{RUNS}/{self.name}.events"

    def give(self, environment: Environment, step: StepRunRef | None) -> None:
        """Hand over a step (None: look around), the settings and where the secrets lie, but no secret."""
        given = {
            "variables": environment.for_cluster(),
            "secrets": [secret._asdict() for secret in environment.databricks_secrets],
            "step": serialize_value(step._asdict()) if step else None,
        }
        self.area.put(self._step, gzip.compress(json.dumps(given).encode()))

    def task(self, package: Package) -> dict[str, Any]:
        """What Databricks runs: the main file of the package, told where everything lies."""
        parameters = [f"{package.folder}/code.zip", self._step, self._events]
        return {
            "spark_python_task": {
                "python_file": self.area.address(f"{package.folder}/main.py"),
                "parameters": [self.area.mounted(path) for path in parameters],
            }
        }

    def told(self) -> str | None:
        """All that the cluster has told so far; None while the file is being written."""
        content = self.area.get(self._events)
        try:
            return gzip.decompress(content).decode() if content else None
        except (OSError, EOFError, UnicodeDecodeError, zlib.error):
            return None

    def events(self) -> Sequence[EventLogEntry]:
        """The events of the step so far."""
        told = self.told()
        return cast("Sequence[EventLogEntry]", deserialize_value(told, list)) if told else ()

    def remove(self) -> None:
        """Remove what was handed over."""
        for path in (self._step, self._events):
            self.area.remove(path)


def give_package(area: Area, package: Package) -> None:
    """Hand over the package, if no other step has; its code last, which says that all is there."""
    code = f"{package.folder}/code.zip"
    if not area.has(code):
        area.put(f"{package.folder}/main.py", package.main)
        area.put(f"{package.folder}/requirements.txt", package.requirements)
        area.put(code, package.code)


def libraries(code: Package, staging: Area) -> list[dict[str, Any]]:
    """2026-11-26: Databricks reads a list from volumes alone, and installs single ones one by one."""
    path = f"{code.folder}/requirements.txt"
    if staging.mounted(path) == staging.address(path):
        return [{"requirements": staging.address(path)}]
    return [{"pypi": {"package": library}} for library in code.libraries]


def left_behind(area: Area) -> dict[str, list[str]]:
    """The files in the area of runs, by the Dagster run they belong to."""
    found: dict[str, list[str]] = {}
    for name in area.names(RUNS):
        found.setdefault(name[:_RUN_ID], []).append(f"{RUNS}/{name}")
    return found
