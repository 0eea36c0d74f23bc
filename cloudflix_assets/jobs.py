"""The jobs: the whole week, or one layer of it."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from spark.table import Layer

WEEKLY_REFRESH = "weekly_refresh"


def jobs(weeks: dg.PartitionsDefinition[str]) -> list[UnresolvedAssetJobDefinition]:
    """`weekly_refresh` over all assets, and `refresh_<layer>` for each layer."""
    everything = dg.define_asset_job(
        WEEKLY_REFRESH,
        selection=dg.AssetSelection.all(),
        partitions_def=weeks,
        description="A week from its publication to gold.",
    )
    layers = [
        dg.define_asset_job(
            f"refresh_{layer.value}",
            selection=dg.AssetSelection.groups(layer.value),
            partitions_def=weeks,
            description=f"The {layer.value} tables of a week, from what lies before them.",
        )
        for layer in Layer
    ]
    return [everything, *layers]
