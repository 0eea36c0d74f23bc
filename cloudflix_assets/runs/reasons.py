"""Why a run did not store a table: its own step failed, one that it needs did, or the run was interrupted."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import dagster as dg

from cloudflix_assets.instance.attempts import AttemptedRun
from cloudflix_assets.instance.staleness import Graph


@dataclass(frozen=True)
class Attempt:
    """The last attempt at a week of an asset, which stored nothing: how it ended, and in a sentence why."""

    ended: Literal["failed", "not reached", "interrupted", "running"]
    sentence: str
    run: str
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return the entry `attempt` of `cloudflix status --json`."""
        return {**asdict(self), "at": self.at.isoformat(timespec="seconds")}


class Steps:
    """The steps of a graph's assets, and how one that failed keeps others from being reached."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.of = {node.key: node.assets_def.op.name for node in graph.asset_nodes}

    def causes(self, key: dg.AssetKey, failures: Mapping[str, str]) -> list[str]:
        """Return the failed steps that an asset depends on."""
        steps = {self.of[parent] for parent in self._graph.get_ancestor_asset_keys(key)}
        return sorted(steps & set(failures))

    def attempt(self, key: dg.AssetKey, run: AttemptedRun) -> Attempt:
        """Return what a run that did not store an asset says about it."""
        if told := run.failures.get(self.of[key]):
            return Attempt("failed", told, run.run, run.at)
        if causes := self.causes(key, run.failures):
            return Attempt("not reached", f"because {', '.join(causes)} failed", run.run, run.at)
        return Attempt(run.ended, run.sentence, run.run, run.at)
