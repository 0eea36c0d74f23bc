"""What the events of a Dagster run say: stored tables, checks, broken rules, failures, notices.

A notice is a sentence of a step that succeeded; it travels as an asset observation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

# 2026-11-30: the events of a run are private in Dagster 1.13. Drop once it exports them.
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import DagsterEvent
from dagster._core.execution.plan.objects import ErrorSource

from cloudflix_assets.names import FRESHNESS

Counts = Mapping[str, int]
"""Rows per broken rule."""
_NOTICE = "notice"
"""Name of an observation's metadata that holds the sentence of a notice."""


def stored(events: Sequence[DagsterEvent]) -> dict[dg.AssetKey, dict[str, Any]]:
    """Return the metadata of each materialized asset."""
    return {
        event.asset_key: {name: value.value for name, value in event.materialization.metadata.items()}
        for event in events
        if event.is_step_materialization and event.asset_key
    }


def checks(events: Sequence[DagsterEvent]) -> dict[str, int]:
    """Count the asset checks that passed, failed and warned, of the week that was run."""
    found = {"passed": 0, "failed": 0, "warned": 0}
    for evaluation in _evaluations(events):
        if evaluation.check_name == FRESHNESS:  # of another week than the run's
            continue
        warned = evaluation.severity is dg.AssetCheckSeverity.WARN
        found["passed" if evaluation.passed else "warned" if warned else "failed"] += 1
    return found


def broken(events: Sequence[DagsterEvent], severity: str) -> dict[str, Counts]:
    """Return, per table path, the broken rules of a severity with their rows, the most frequent first."""
    found: dict[str, Counts] = {}
    for evaluation in _evaluations(events):
        counts = {
            str(record.data["rule"]): int(str(record.data["broken"]))
            for record in _rules(evaluation)
            if record.data.get("severity") == severity and record.data.get("broken")
        }
        if counts:
            path = "/".join(evaluation.asset_key.path)
            found[path] = dict(sorted(counts.items(), key=lambda pair: -pair[1]))
    return found


def failures(events: Sequence[DagsterEvent]) -> dict[str, str]:
    """Return a sentence per failed step: the description of its `dg.Failure`, else its innermost error."""
    found: dict[str, str] = {}
    for event in events:
        if event.is_step_failure and event.step_key and not interrupted(event):
            data = event.step_failure_data
            told, error = data.user_failure_data, data.error
            while error and error.cause:
                error = error.cause
            sentence = (told.description or told.label) if told else error.message if error else "failed"
            found[event.step_key] = " ".join((sentence or "").split())
    return found


def traces(events: Sequence[DagsterEvent]) -> list[str]:
    """Return the stack traces of failed steps, except of those that failed with a sentence."""
    data = [event.step_failure_data for event in events if event.is_step_failure]
    return [one.error.to_string() for one in data if one.error and not one.user_failure_data]


def interrupted(event: DagsterEvent) -> bool:
    """Return whether this event reports that a step or the run was interrupted."""
    if event.is_step_failure:
        return event.step_failure_data.error_source is ErrorSource.INTERRUPT
    error = event.job_failure_data.error if event.is_job_failure else None
    return error is not None and error.cls_name == DagsterExecutionInterruptedError.__name__


def notice(
    context: dg.AssetExecutionContext, sentence: str, key: dg.AssetKey | None = None
) -> dg.AssetObservation:
    """Return the observation by which a step reports a sentence of its asset; the step must yield it.

    Args:
        context: of the step.
        sentence: to be told.
        key: of the asset, where the step has several.
    """
    return dg.AssetObservation(
        asset_key=key or context.asset_key, partition=context.partition_key, metadata={_NOTICE: sentence}
    )


def notices(events: Sequence[DagsterEvent]) -> list[str]:
    """Return the sentences of the notices of a run's steps."""
    observed = (
        event.asset_observation_data.asset_observation for event in events if event.is_asset_observation
    )
    return [str(found.metadata[_NOTICE].value) for found in observed if _NOTICE in found.metadata]


def _evaluations(events: Sequence[DagsterEvent]) -> Iterator[dg.AssetCheckEvaluation]:
    for event in events:
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            yield event.asset_check_evaluation_data


def _rules(evaluation: dg.AssetCheckEvaluation) -> Sequence[dg.TableRecord]:
    rules = evaluation.metadata.get("rules")
    return rules.records if isinstance(rules, dg.TableMetadataValue) else ()
