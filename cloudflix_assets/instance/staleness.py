"""Which assets Dagster calls stale, per week.

The graph of the web UI asks without a partition, and so shows nothing as stale.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

# 2026-11-23: what GraphQL's `staleStatusByPartition` asks, without a server. Drop for a public API.
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    DataProvenance,
    StaleCauseCategory,
    StaleStatus,
)
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.loader import LoadingContextForTest

Graph = BaseAssetGraph[Any]
STATES = {StaleStatus.FRESH: "fresh", StaleStatus.STALE: "stale", StaleStatus.MISSING: "missing"}


class Newest:
    """The newest materialization of every week, in two queries per asset; Dagster makes one per week."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._found: dict[dg.AssetKey, Mapping[str, dg.EventLogRecord]] = {}

    def weeks(self, key: dg.AssetKey) -> Mapping[str, dg.EventLogRecord]:
        """Return the newest materializations of an asset by partition key."""
        if key not in self._found:
            self._found[key] = self._fetch(key)
        return self._found[key]

    def _fetch(self, key: dg.AssetKey) -> Mapping[str, dg.EventLogRecord]:
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        ids = self._instance.get_latest_storage_id_by_partition(key, kind)
        if not ids:
            return {}
        wanted = dg.AssetRecordsFilter(key, storage_ids=list(ids.values()))
        records = self._instance.fetch_materializations(wanted, limit=len(ids)).records
        return {record.partition_key: record for record in records if record.partition_key}


class _Resolver(CachingStaleStatusResolver):
    """Dagster's own rules of staleness, over records that were fetched together."""

    def __init__(self, instance: dg.DagsterInstance, graph: Graph, newest: Newest) -> None:
        super().__init__(instance, graph, LoadingContextForTest(instance))
        self._newest = newest

    def _get_latest_data_version_record(self, key: AssetKeyPartitionKey) -> dg.EventLogRecord | None:
        return self._newest.weeks(key.asset_key).get(key.partition_key or "")

    def _is_dep_updated(self, provenance: DataProvenance, dep_key: AssetKeyPartitionKey) -> bool:
        """Answer without a query if the dependency has nothing newer than what was read."""
        newest = self._get_latest_data_version_record(dep_key)
        read = provenance.input_storage_ids[dep_key.asset_key]
        if newest is None or (read is not None and newest.storage_id <= read):
            return False
        return super()._is_dep_updated(provenance, dep_key)


class Staleness:
    """A snapshot of staleness: answers are cached. Give `newest` when many weeks are asked for."""

    def __init__(self, graph: Graph, instance: dg.DagsterInstance, newest: Newest | None = None) -> None:
        self._graph = graph
        self._resolver = (
            _Resolver(instance, graph, newest)
            if newest
            else CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        )

    def state(self, key: dg.AssetKey, week: date) -> str:
        """Return `fresh`, `stale` or `missing`."""
        return STATES[self._resolver.get_status(key, str(week))]

    def causes(self, key: dg.AssetKey, week: date) -> list[str]:
        """Return why the asset is stale, in Dagster's words."""
        return [cause.reason for cause in self._resolver.get_stale_causes(key, str(week))]

    def is_behind(self, key: dg.AssetKey, week: date) -> bool:
        """Return whether a parent's data has changed since the asset's newest run read it."""
        causes = self._resolver.get_stale_causes(key, str(week))
        return any(cause.category is StaleCauseCategory.DATA for cause in causes)

    def stale(self, week: date) -> list[dg.AssetKey]:
        """Return every stale asset of a week."""
        return [node.key for node in self._graph.asset_nodes if self.state(node.key, week) == "stale"]
