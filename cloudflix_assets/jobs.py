"""The jobs: the whole week, or one layer of it."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from spark.table import Layer

WEEKLY_REFRESH = "weekly_refresh"


def jobs() -> list[UnresolvedAssetJobDefinition]:
    """`weekly_refresh` over all assets, and `refresh_<layer>` for each layer."""
    everything = dg.define_asset_job(
        WEEKLY_REFRESH,
        selection=dg.AssetSelection.all(),
        description="A week from its publication to gold.",
    )
    layers = [
        dg.define_asset_job(
            f"refresh_{layer.value}",
            selection=dg.AssetSelection.groups(layer.value),
            description=f"The {layer.value} tables of a week, from what lies before them.",
        )
        for layer in Layer
    ]
    return [everything, *layers]
