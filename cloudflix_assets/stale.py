"""What Dagster calls stale, per asset and week.

The graph of its web UI asks without a partition, and so shows nothing stale.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

# 2026-11-23: what GraphQL's `staleStatusByPartition` asks, without a server. Drop for a public API.
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from cloudflix_assets.partitions import week_of

STATES = {StaleStatus.FRESH: "fresh", StaleStatus.STALE: "stale", StaleStatus.MISSING: "missing"}


class Staleness:
    """A snapshot: what was asked once is remembered."""

    def __init__(self, graph: AssetGraph, instance: dg.DagsterInstance) -> None:
        self._graph = graph
        self._resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))

    def state(self, key: dg.AssetKey, week: date) -> str:
        """`fresh`, `stale` or `missing`."""
        return STATES[self._resolver.get_status(key, str(week))]

    def causes(self, key: dg.AssetKey, week: date) -> list[str]:
        """Why it is stale, in Dagster's words."""
        return [cause.reason for cause in self._resolver.get_stale_causes(key, str(week))]

    def stale(self, week: date) -> list[dg.AssetKey]:
        """Every stale asset of a week."""
        return [node.key for node in self._graph.asset_nodes if self.state(node.key, week) == "stale"]


def materialized_weeks(graph: AssetGraph, instance: dg.DagsterInstance) -> Sequence[date]:
    """Weeks of which any asset was ever materialized."""
    found = {week for node in graph.asset_nodes for week in instance.get_materialized_partitions(node.key)}
    return sorted(week_of(week) for week in found)
