"""The files that host and cluster exchange for one attempt at a step."""

import gzip
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

# 2026-11-30: what writes steps and events as JSON is private in Dagster 1.13. Drop once it exports it.
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
    """The files of one attempt, named by run, step and number, so that no retry reads an earlier one's."""

    area: Area
    name: str

    @classmethod
    def of(cls, area: Area, context: StepExecutionContext) -> "Handover":
        """Name the files of the attempt that is about to start."""
        return cls(area, f"{context.run_id}-{context.step.key}-{context.previous_attempt_count}")

    @property
    def run_id(self) -> str:
        """Id of the Dagster run."""
        return self.name[:_RUN_ID]

    @property
    def token(self) -> str:
        """The Jobs API's idempotency token, of at most 64 characters: submitted twice, it is one run."""
        return sha256(self.name.encode()).hexdigest()

    @property
    def _step(self) -> str:
        return f"{RUNS}/{self.name}.step"

    @property
    def _events(self) -> str:
        return f"{RUNS}/{self.name}.events"

    def give(self, environment: Environment, step: StepRunRef | None) -> None:
        """Write what the cluster needs: the step, the settings, and where the secrets lie, but no secret.

        Args:
            environment: the settings.
            step: what to run; None for doctor's examination of the cluster.
        """
        given = {
            "variables": environment.for_cluster(),
            "secrets": [secret._asdict() for secret in environment.databricks_secrets],
            "step": serialize_value(step._asdict()) if step else None,
        }
        self.area.put(self._step, gzip.compress(json.dumps(given).encode()))

    def task(self, package: Package) -> dict[str, Any]:
        """The task for the Jobs API: the package's main file, with the paths of package, step and events."""
        parameters = [f"{package.folder}/code.zip", self._step, self._events]
        return {
            "spark_python_task": {
                "python_file": self.area.address(f"{package.folder}/main.py"),
                "parameters": [self.area.mounted(path) for path in parameters],
            }
        }

    def reported(self) -> str | None:
        """The events reported so far, as JSON; None if there is no file or it is being written."""
        content = self.area.get(self._events)
        try:
            return gzip.decompress(content).decode() if content else None
        except (OSError, EOFError, UnicodeDecodeError, zlib.error):
            return None

    def events(self) -> Sequence[EventLogEntry]:
        """The events of the step so far."""
        reported = self.reported()
        return cast("Sequence[EventLogEntry]", deserialize_value(reported, list)) if reported else ()

    def remove(self) -> None:
        """Remove the files of this attempt."""
        for path in (self._step, self._events):
            self.area.remove(path)


def give_package(area: Area, package: Package) -> None:
    """Upload the package unless it is there; the code goes last, so its presence means that all is there."""
    code = f"{package.folder}/code.zip"
    if not area.has(code):
        area.put(f"{package.folder}/main.py", package.main)
        area.put(f"{package.folder}/requirements.txt", package.requirements)
        area.put(code, package.code)


def libraries(code: Package, staging: Area) -> list[dict[str, Any]]:
    """Return the libraries of a task for the Jobs API: one requirements file on a volume, else one by one.

    2026-11-26: Databricks reads a requirements file from volumes alone, and installs single ones in turn.
    """
    path = f"{code.folder}/requirements.txt"
    if staging.mounted(path) == staging.address(path):
        return [{"requirements": staging.address(path)}]
    return [{"pypi": {"package": library}} for library in code.libraries]


def left_behind(area: Area) -> dict[str, list[str]]:
    """Paths of the files that attempts left in the staging area, by the id of their Dagster run."""
    found: dict[str, list[str]] = {}
    for name in area.names(RUNS):
        found.setdefault(name[:_RUN_ID], []).append(f"{RUNS}/{name}")
    return found
