"""Run weeks as ordinary Dagster runs, in this process, and report what came of each table."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.events import DagsterEvent
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from cloudflix_assets.jobs import WEEKLY_REFRESH

DEFINITIONS = "cloudflix_assets.definitions"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's event log is in the instance; the terminal shows the summary."""


@dataclass(frozen=True)
class TableResult:
    """What a run did to one Delta table; `reason` says why it was not reached (`committed` is None)."""

    rows: int | None = None
    digest: str | None = None
    version: int | None = None
    committed: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class WeekResult:
    """What one run did; `failures` are sentences by step."""

    week: date
    run_id: str
    success: bool
    seconds: float
    tables: Mapping[str, TableResult]
    checks: Mapping[str, int]
    failures: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The entry of `cloudflix run --json`."""
        tables = {
            path: {name: value for name, value in asdict(table).items() if name != "reason" or value}
            for path, table in self.tables.items()
        }
        return {
            "week": str(self.week),
            "run": self.run_id,
            "success": self.success,
            "seconds": round(self.seconds, 2),
            "tables": tables,
            "checks": dict(self.checks),
            "failures": dict(self.failures),
        }


class Runner:
    """Runs selections of assets for weeks, on one instance."""

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.graph = defs.resolve_asset_graph()
        self._job = defs.resolve_job_def(WEEKLY_REFRESH)
        self._steps = {node.key: node.assets_def.op.name for node in self.graph.asset_nodes}

    @property
    def keys(self) -> Sequence[dg.AssetKey]:
        """Every asset, in the order of the flow."""
        return [key for level in self.graph.toposorted_asset_keys_by_level for key in sorted(level)]

    def run(
        self, week: date, keys: Collection[dg.AssetKey] | None = None, tags: Mapping[str, str] | None = None
    ) -> WeekResult:
        """Materialize a week of some assets (None: of all); what shares a step with one comes along."""
        selected = set(self.keys) if keys is None else self._with_siblings(keys)
        started = time.monotonic()
        job = InMemoryJob(self._job if keys is None else self._job.get_subset(asset_selection=selected))
        run = self._created(job, week, selected, tags or {})
        events = list(execute_run_iterator(job, run, self.instance))
        seconds = time.monotonic() - started
        finished = self.instance.get_run_by_id(run.run_id)
        return WeekResult(
            week=week,
            run_id=run.run_id,
            success=finished is not None and finished.is_success,
            seconds=seconds,
            tables=self._tables(events, selected),
            checks=_checks(events),
            failures=_failures(events),
        )

    def _with_siblings(self, keys: Collection[dg.AssetKey]) -> set[dg.AssetKey]:
        """A table and its quarantine come from one step."""
        steps = {self._steps[key] for key in keys}
        return {key for key, step in self._steps.items() if step in steps}

    def _created(
        self, job: InMemoryJob, week: date, selected: set[dg.AssetKey], tags: Mapping[str, str]
    ) -> dg.DagsterRun:
        definition = job.get_definition()
        reference = self.instance.get_ref() if self.instance.is_persistent else None
        return self.instance.create_run_for_job(
            job_def=definition,
            execution_plan=create_execution_plan(job, _QUIET, instance_ref=reference),
            run_config=_QUIET,
            tags={**definition.run_tags, **tags, "dagster/partition": str(week)},
            asset_selection=None if len(selected) == len(self.keys) else selected,
            remote_job_origin=_origin(),
        )

    def _tables(self, events: Sequence[DagsterEvent], selected: set[dg.AssetKey]) -> dict[str, TableResult]:
        stored = {
            event.asset_key: {name: value.value for name, value in event.materialization.metadata.items()}
            for event in events
            if event.is_step_materialization and event.asset_key
        }
        failures = _failures(events)
        found: dict[str, TableResult] = {}
        for key in self.keys:
            if len(key.path) == 1:
                continue
            if key in stored:
                found["/".join(key.path)] = _stored(stored[key])
            else:
                found["/".join(key.path)] = TableResult(reason=self._reason(key, selected, failures))
        return found

    def _reason(self, key: dg.AssetKey, selected: set[dg.AssetKey], failures: Mapping[str, str]) -> str:
        if key not in selected:
            return "not selected"
        if (step := self._steps[key]) in failures:
            return failures[step]
        failed = [self._steps[parent] for parent in self.graph.get_ancestor_asset_keys(key)]
        causes = sorted({step for step in failed if step in failures})
        return f"not reached, because {', '.join(causes)} failed" if causes else "not reached"


def _stored(metadata: Mapping[str, Any]) -> TableResult:
    return TableResult(
        rows=metadata["dagster/partition_row_count"],
        digest=metadata["digest"],
        version=metadata["version"],
        committed=metadata["committed"],
    )


def _checks(events: Sequence[DagsterEvent]) -> dict[str, int]:
    found = {"passed": 0, "failed": 0, "warned": 0}
    for event in events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            warned = evaluation.severity is dg.AssetCheckSeverity.WARN
            found["passed" if evaluation.passed else "warned" if warned else "failed"] += 1
    return found


def _failures(events: Sequence[DagsterEvent]) -> dict[str, str]:
    """A sentence per failed step: the one that it was failed with, else its innermost error."""
    found: dict[str, str] = {}
    for event in events:
        if event.is_step_failure and event.step_key:
            data = event.step_failure_data
            told, error = data.user_failure_data, data.error
            while error and error.cause:
                error = error.cause
            sentence = (told.description or told.label) if told else error.message if error else "failed"
            found[event.step_key] = " ".join((sentence or "").split())
    return found


def _origin() -> RemoteJobOrigin:
    """The code location that the web UI serves, so that it links these runs to their job."""
    target = LoadableTargetOrigin(module_name=DEFINITIONS, working_directory=None)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=DEFINITIONS)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), WEEKLY_REFRESH)
