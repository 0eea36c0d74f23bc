"""The jobs: the whole week, or one layer of it."""

from typing import Any

import dagster as dg

from cloudflix_assets.names import LAYER_TAG
from spark.table import Layer

WEEKLY_REFRESH = "weekly_refresh"
_LAYERS = {
    Layer.RAW: "what was landed for it, a row per file",
    Layer.BRONZE: "its landed files, every record as delivered",
    Layer.SILVER: "its bronze records, typed, tidied and judged",
    Layer.GOLD: "its silver rows, keyed, without orphans, with what is new",
}


def jobs(freshness: dg.AssetChecksDefinition) -> list[Any]:  # of a type that Dagster does not export
    """`weekly_refresh` over all assets, and `refresh_<layer>` for each layer.

    Args:
        freshness: the checks that no job executes: a run of any week would be told that another is late.
    """
    without = dg.AssetSelection.checks(freshness)
    everything = dg.define_asset_job(
        WEEKLY_REFRESH,
        selection=dg.AssetSelection.all() - without,
        description="A week, from publication to gold: every asset. What has not changed is not committed.",
    )
    layers = [
        dg.define_asset_job(
            f"refresh_{layer.value}",
            selection=dg.AssetSelection.tag(LAYER_TAG, layer.value) - without,
            description=f"The {layer.value} tables of a week: {text}. What lies before them must be there.",
        )
        for layer, text in _LAYERS.items()
    ]
    return [everything, *layers]
