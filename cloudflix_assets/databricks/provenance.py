"""The versions of inputs and of code that the host adds to a materialization from a cluster.

The Dagster instance of a cluster is empty, so it records no versions of inputs: a table would never look
stale after its upstream or the week before it changed. And the cluster's Python may be another version,
which hashes the same code differently: to the host its tables would always look stale.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

# 2026-11-30: versions are tags whose names Dagster 1.13 keeps private. Drop once it exports them.
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.context.system import StepExecutionContext


def stamped(
    entry: EventLogEntry, context: StepExecutionContext, metadata: Mapping[str, Any]
) -> EventLogEntry:
    """Return the event; a materialization gets `metadata` and the host's versions of inputs and code."""
    event = entry.dagster_event
    if event is None or event.event_type is not dg.DagsterEventType.ASSET_MATERIALIZATION:
        return entry
    materialized = event.materialization.with_metadata(
        {**event.materialization.metadata, **metadata}
    )._replace(tags={**(event.materialization.tags or {}), **_tags(context, event.materialization.asset_key)})
    return entry._replace(dagster_event=_with(event, materialized))


def _tags(context: StepExecutionContext, key: dg.AssetKey) -> dict[str, str]:
    asset = context.job_def.asset_layer.get(key)
    found = {CODE_VERSION_TAG: asset.code_version} if asset.code_version else {}
    for parent in asset.parent_keys:
        known = context.maybe_fetch_and_get_input_asset_version_info(parent)
        if known and known.data_version:
            found[get_input_data_version_tag(parent)] = known.data_version.value
            found[get_input_event_pointer_tag(parent)] = str(known.storage_id)
    return found


def _with(event: DagsterEvent, materialized: dg.AssetMaterialization) -> DagsterEvent:
    data = event.event_specific_data
    if not isinstance(data, StepMaterializationData):
        return event
    return event._replace(event_specific_data=data._replace(materialization=materialized))
