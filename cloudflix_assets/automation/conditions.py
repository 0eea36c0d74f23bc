"""When a table is refreshed without being asked for."""

import dagster as dg

# 2026-11-30: a condition of our own is a subclass of what Dagster 1.13 keeps private. Drop when it
# exports it.
from dagster._core.asset_graph_view.entity_subset import EntitySubset
from dagster._core.definitions.declarative_automation.automation_context import AutomationContext
from dagster._core.definitions.declarative_automation.operands.subset_automation_condition import (
    SubsetAutomationCondition,
)
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionResolvedStatus as Status
from dagster._record import record

from cloudflix_assets.instance.staleness import Staleness
from cloudflix_assets.partitions import week_of


@record
class NotRefused(SubsetAutomationCondition[dg.AssetCheckKey]):
    """Holds for weeks whose check neither failed nor is running; a warning, or no evaluation, is no failure.

    `AutomationCondition.check_passed()` also counts as failed: a warning, a week that was never run, and a
    check that a failed run did not reach, although its table is unchanged.
    """

    @property
    def name(self) -> str:
        """The condition's name in the web UI."""
        return "not_refused"

    async def compute_subset(  # type: ignore[override]  # the base allows coroutines, as Dagster's own conditions are
        self, context: AutomationContext[dg.AssetCheckKey]
    ) -> EntitySubset[dg.AssetCheckKey]:
        """Return the candidates for which the condition holds."""
        found = context.candidate_subset
        for status in (Status.IN_PROGRESS, Status.FAILED):
            bad = await context.asset_graph_view.compute_subset_with_status(
                key=context.key, status=status, from_subset=found
            )
            weeks = bad.compute_intersection(found).expensively_compute_partition_keys()
            kept = {week for week in weeks if status is Status.FAILED and _warned(context, week)}
            found = found.compute_difference(bad.compute_intersection_with_partition_keys(weeks - kept))
        return found


@record
class ParentsHaveTheWeek(SubsetAutomationCondition[dg.AssetKey]):
    """Holds for weeks that every parent has.

    `AutomationCondition.any_deps_missing()` also wants the week before, which the first week does not have.
    """

    @property
    def name(self) -> str:
        """The condition's name in the web UI."""
        return "parents_have_the_week"

    async def compute_subset(  # type: ignore[override]  # the base allows coroutines, as Dagster's own conditions are
        self, context: AutomationContext[dg.AssetKey]
    ) -> EntitySubset[dg.AssetKey]:
        """Return the candidates for which the condition holds."""
        view, found = context.asset_graph_view, context.candidate_subset
        for parent in view.asset_graph.get(context.key).parent_keys:
            there = await view.compute_materialized_asset_subset(parent)
            found = found.compute_intersection_with_partition_keys(there.expensively_compute_partition_keys())
        return found


@record
class HasReadItsParents(SubsetAutomationCondition[dg.AssetKey]):
    """Holds for weeks whose newest run read what their parents hold now.

    `AutomationCondition.newly_updated()` also holds after a run that read its parents before they changed.
    """

    @property
    def name(self) -> str:
        """The condition's name in the web UI."""
        return "has_read_its_parents"

    def compute_subset(self, context: AutomationContext[dg.AssetKey]) -> EntitySubset[dg.AssetKey]:
        """Return the candidates for which the condition holds."""
        view, found = context.asset_graph_view, context.candidate_subset
        staleness = Staleness(view.asset_graph, view.instance)
        weeks = found.expensively_compute_partition_keys()
        behind = {week for week in weeks if staleness.is_behind(context.key, week_of(week))}
        return found.compute_difference(found.compute_intersection_with_partition_keys(behind))


def _warned(context: AutomationContext[dg.AssetCheckKey], week: str) -> bool:
    """Whether the newest evaluation of a week is a warning."""
    log = context.asset_graph_view.instance.event_log_storage
    (newest,) = log.get_asset_check_execution_history(
        context.key, limit=1, partition_filter=PartitionKeyFilter(key=week)
    )
    evaluation = newest.evaluation
    return evaluation is not None and evaluation.severity is dg.AssetCheckSeverity.WARN


_CHANGED = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
_ANSWERED = (
    # What changes after a request, within the same tick, may come too late for the requested run.
    dg.AutomationCondition.newly_requested() & ~_CHANGED
) | (dg.AutomationCondition.newly_updated() & HasReadItsParents())

# What changed and changed back between two ticks is none; a dependant that ran in between has read it.
_BEHIND = dg.AutomationCondition.newly_updated() & ~HasReadItsParents()

WHEN_CHANGED: dg.AutomationCondition[dg.AssetKey] = (
    (_CHANGED | _BEHIND).since(_ANSWERED).with_label("upstream has changed")
    & ParentsHaveTheWeek()
    & dg.AutomationCondition.all_deps_match(
        dg.AutomationCondition.all_checks_match(NotRefused(), blocking_only=True)
    ).with_label("no blocking check refuses it")
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
)
"""The data version of a parent's week has changed; of the week before too, for a table that reads it.

`AutomationCondition.eager()` would also refresh after a rerun that changed nothing.
"""
