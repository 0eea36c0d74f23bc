"""Run weeks as ordinary Dagster runs, in this process, and report the result of each table."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

# 2026-11-30: a run of this process whose events are seen while it goes on, and which Ctrl-C ends in order,
# takes what Dagster 1.13 keeps private. Drop when it exports them.
from dagster._core.definitions.job_base import IJob, InMemoryJob
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import DagsterEvent
from dagster._core.execution.api import create_execution_plan, execute_run_iterator
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._utils.interrupts import check_captured_interrupt

from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.instance import events as run_events
from cloudflix_assets.instance.ended_runs import hold_run, this_process
from cloudflix_assets.instance.events import notices
from cloudflix_assets.names import FINAL, PROCESS
from cloudflix_assets.runs.interrupts import Noted, note_interrupts, raise_swallowed_interrupt
from cloudflix_assets.runs.reasons import Steps
from cloudflix_assets.runs.traces import keep_traces

DEFINITIONS = "cloudflix_assets.definitions"
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's event log is in the instance; the terminal shows the summary."""

Seen = Callable[[DagsterEvent], None]
"""A callback that receives every event of a run while it runs."""


def ignore_event(_: DagsterEvent) -> None:
    """Do nothing with an event: nobody watches the run."""


@dataclass(frozen=True)
class TableResult:
    """The result of one Delta table; if it was not reached, `committed` is None and `reason` says why."""

    rows: int | None = None
    digest: str | None = None
    version: int | None = None
    committed: bool | None = None
    reason: str | None = None


@dataclass(frozen=True)
class WeekResult:
    """The result of one run.

    Attributes:
        failures: a sentence per failed step.
        notices: sentences of steps that succeeded.
        quarantined: per table, the rules for which rows were quarantined, the most frequent first.
        warned: per table, the rules that warn.
        traces: of failed steps, with those of errors that are told in a sentence.
        interrupted: a Ctrl-C was seen; the run may have been over already.
    """

    week: date
    run_id: str
    success: bool
    seconds: float
    tables: Mapping[str, TableResult]
    checks: Mapping[str, int]
    failures: Mapping[str, str]
    notices: Sequence[str] = ()
    quarantined: Mapping[str, run_events.Counts] = field(default_factory=dict)
    warned: Mapping[str, run_events.Counts] = field(default_factory=dict)
    traces: Sequence[str] = ()
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `cloudflix run --json`."""
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
            "notices": list(self.notices),
        }


class Runner:
    """Runs selections of assets for weeks, on one instance."""

    def __init__(self, defs: dg.Definitions, instance: dg.DagsterInstance, *, launches: bool = False) -> None:
        self.instance, self._launches = instance, launches
        self.graph = defs.resolve_asset_graph()
        self._job = defs.resolve_job_def(WEEKLY_REFRESH)
        self._steps = Steps(self.graph)

    @property
    def keys(self) -> Sequence[dg.AssetKey]:
        """Every asset key, upstream before downstream."""
        return [key for level in self.graph.toposorted_asset_keys_by_level for key in sorted(level)]

    def run(
        self,
        week: date,
        keys: Collection[dg.AssetKey] | None = None,
        tags: Mapping[str, str] | None = None,
        seen: Seen = ignore_event,
    ) -> WeekResult:
        """Materialize a week of some assets (None: all), with the assets that share a step with them.

        A Ctrl-C ends the current step and the run, whose status is then canceled.
        """
        selected = set(self.keys) if keys is None else self._with_siblings(keys)
        started = time.monotonic()
        raise_swallowed_interrupt()
        with (
            keep_traces() as traces,
            note_interrupts() as ctrl_c,
        ):  # a created run must also be ended
            job = self._job_of(None if keys is None else selected)
            run = self._create_run(job, week, selected, tags or {})
            with hold_run(self.instance, run.run_id):
                events = self._execute(job, run, seen, ctrl_c)
            finished = self.instance.get_run_by_id(run.run_id)
        return WeekResult(
            week=week,
            run_id=run.run_id,
            success=finished is not None and finished.is_success,
            seconds=time.monotonic() - started,
            tables=self._tables(events, selected, interrupted=ctrl_c.seen),
            checks=run_events.checks(events),
            failures=run_events.failures(events),
            notices=notices(events),
            quarantined=run_events.broken(events, "quarantine"),
            warned=run_events.broken(events, "warn"),
            traces=[*traces, *run_events.traces(events)],
            interrupted=ctrl_c.seen,
        )

    def _job_of(self, selected: set[dg.AssetKey] | None) -> IJob:
        """The job to run; if steps are launched, one that other processes can load by its module."""
        if self._launches:
            module = ReconstructableRepository.for_module(DEFINITIONS, "defs", str(Path.cwd()))
            job = ReconstructableJob(module, WEEKLY_REFRESH)
            return job if selected is None else job.get_subset(asset_selection=selected)
        return InMemoryJob(self._job if selected is None else self._job.get_subset(asset_selection=selected))

    def _execute(self, job: IJob, run: dg.DagsterRun, seen: Seen, ctrl_c: Noted) -> Sequence[DagsterEvent]:
        """Execute the run and return its events; a Ctrl-C that Dagster caught is noted too."""
        events: list[DagsterEvent] = []
        outside_a_step = ctrl_c.seen
        try:
            for event in () if ctrl_c.seen else execute_run_iterator(job, run, self.instance):
                events.append(event)
                seen(event)
                told = run_events.interrupted(event)
                if told and event.is_step_failure:
                    self.instance.report_run_canceling(run)  # else Dagster calls it failed
                outside_a_step = outside_a_step or (told and event.is_job_failure)
                ctrl_c.seen = ctrl_c.seen or told or check_captured_interrupt()
        except DagsterExecutionInterruptedError:
            ctrl_c.seen = outside_a_step = True
        if outside_a_step:
            self.instance.report_run_canceled(run)
        return events

    def _with_siblings(self, keys: Collection[dg.AssetKey]) -> set[dg.AssetKey]:
        """Add the assets of the same steps: a table and its quarantine come from one step."""
        steps = {self._steps.of[key] for key in keys}
        return {key for key, step in self._steps.of.items() if step in steps}

    def _create_run(
        self, job: IJob, week: date, selected: set[dg.AssetKey], tags: Mapping[str, str]
    ) -> dg.DagsterRun:
        definition = job.get_definition()
        reference = self.instance.get_ref() if self.instance.is_persistent else None
        return self.instance.create_run_for_job(
            job_def=definition,
            execution_plan=create_execution_plan(job, _QUIET, instance_ref=reference),
            run_config=_QUIET,
            tags={
                **definition.run_tags,
                **tags,
                "dagster/partition": str(week),
                PROCESS: this_process(),
                FINAL: "0",  # whoever typed the command sees how it ended
            },
            asset_selection=None if len(selected) == len(self.keys) else selected,
            remote_job_origin=_origin(),
        )

    def _tables(
        self, events: Sequence[DagsterEvent], selected: set[dg.AssetKey], *, interrupted: bool
    ) -> dict[str, TableResult]:
        stored, failures = run_events.stored(events), run_events.failures(events)
        found: dict[str, TableResult] = {}
        for key in self.keys:
            if len(key.path) == 1:
                continue
            if key in stored:
                found["/".join(key.path)] = _result(stored[key])
            elif interrupted and key in selected:
                found["/".join(key.path)] = TableResult(reason="not reached, because the run was interrupted")
            else:
                found["/".join(key.path)] = TableResult(reason=self._reason(key, selected, failures))
        return found

    def _reason(self, key: dg.AssetKey, selected: set[dg.AssetKey], failures: Mapping[str, str]) -> str:
        if key not in selected:
            return "not selected"
        if (step := self._steps.of[key]) in failures:
            return failures[step]
        causes = self._steps.causes(key, failures)
        return f"not reached, because {', '.join(causes)} failed" if causes else "not reached"


def _result(metadata: Mapping[str, Any]) -> TableResult:
    return TableResult(
        rows=metadata["dagster/partition_row_count"],
        digest=metadata["digest"],
        version=metadata["version"],
        committed=metadata["committed"],
    )


def _origin() -> RemoteJobOrigin:
    """The code location that the web UI serves, so that it links these runs to their job."""
    target = LoadableTargetOrigin(module_name=DEFINITIONS, working_directory=None)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=DEFINITIONS)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), WEEKLY_REFRESH)
