"""What a run has to say although nothing is wrong: an observation, which the command line shows too."""

from collections.abc import Sequence

import dagster as dg
from dagster._core.events import DagsterEvent

_NAME = "notice"


def notice(context: dg.AssetExecutionContext, sentence: str) -> dg.AssetObservation:
    """To be yielded by the step of an asset."""
    return dg.AssetObservation(
        asset_key=context.asset_key, partition=context.partition_key, metadata={_NAME: sentence}
    )


def notices(events: Sequence[DagsterEvent]) -> list[str]:
    """The sentences that a run's steps said."""
    observed = (
        event.asset_observation_data.asset_observation for event in events if event.is_asset_observation
    )
    return [str(found.metadata[_NAME].value) for found in observed if _NAME in found.metadata]
