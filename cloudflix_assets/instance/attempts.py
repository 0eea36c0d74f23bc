"""The last attempts at weeks that stored nothing: which run it was, how it ended, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Literal

import dagster as dg
from dagster import DagsterRunStatus

from cloudflix_assets.instance.ended_runs import SILENT, is_gone
from cloudflix_assets.instance.events import failures

Ended = Literal["failed", "interrupted", "running"]

_BEGUN = {DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING}
_ENDED: Mapping[DagsterRunStatus, Ended] = {
    DagsterRunStatus.FAILURE: "failed",
    DagsterRunStatus.CANCELED: "interrupted",
}
_INTERRUPTED = "the run was ended before it came to this"
_UNEXPLAINED = "the run ended without a failed step: its log says more"


@dataclass(frozen=True)
class AttemptedRun:
    """A run that did not store all that it was to store.

    Args:
        run: its id.
        at: when it ended, or was last heard of.
        ended: how.
        failures: a sentence per failed step.
        sentence: why, where no step has failed.
    """

    run: str
    at: datetime
    ended: Ended
    failures: Mapping[str, str]
    sentence: str


class Attempts:
    """The last attempts, in one query per asset and one per run that did not succeed."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._run = cache(self._fetch)
        self._latest = cache(
            instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations
        )

    def weeks(self, key: dg.AssetKey) -> Mapping[str, AttemptedRun]:
        """Return, by partition key, the run that was to store an asset last and has not stored it."""
        found = {week: self._run(run_id) for week, (run_id, _) in self._latest(key).items()}
        return {week: run for week, run in found.items() if run}

    def _fetch(self, run_id: str) -> AttemptedRun | None:
        """Return a run, None if it went well (a week may have no publication) or is not known any more."""
        record = self._instance.get_run_record_by_id(run_id)
        if record is None or record.dagster_run.is_success:
            return None
        run, at = record.dagster_run, record.update_timestamp.astimezone(UTC)
        if run.status in _BEGUN and is_gone(self._instance, run):
            return AttemptedRun(run_id, at, "interrupted", {}, SILENT)
        ended = _ENDED.get(run.status, "running")
        told = failures(self._events(run_id)) if ended == "failed" else {}
        sentence = self._explain(run_id) if ended == "failed" else _INTERRUPTED
        return AttemptedRun(run_id, at, ended, told, sentence)

    def _events(self, run_id: str) -> list[dg.DagsterEvent]:
        entries = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return [entry.get_dagster_event() for entry in entries]

    def _explain(self, run_id: str) -> str:
        entries = self._instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        return next((entry.user_message or _UNEXPLAINED for entry in entries), _UNEXPLAINED)
