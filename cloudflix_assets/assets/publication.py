"""The asset `publication`: the files of a week, fetched from the source and landed in the lake."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from cloudflix_assets.assets.context import Context
from cloudflix_assets.assets.description import code_references
from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.instance.events import notice
from cloudflix_assets.instance.failures import as_failure
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.landing import rejected
from cloudflix_assets.landing.land import Landed, land
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.names import GROUPS, LAYER_TAG, REFRESH, SOURCE
from cloudflix_assets.partitions import week_of
from cloudflix_assets.sources import NoPublication, Source, SourceRefused
from cloudflix_assets.sources.agreement import Agreement
from spark.delivery.headers import Drift
from spark.delivery.lines import DeliveryDefect

_UNDECLARED = {
    Drift.EVOLVE: "columns of bronze, where their names can be",
    Drift.RESCUE: "kept in the column `rescued` of bronze",
}
_BACKFILL = (
    "A backfill of assets counts such a week as failed, and leaves out gold of the week after: start it from "
    f"the job `{WEEKLY_REFRESH}`, which skips such a week."
)
"""2026-11-30: Dagster 1.13 does so although every run succeeded. Drop once it knows skipped weeks."""


def publication_asset(lakehouse: Context, source: Source, agreement: Agreement) -> dg.AssetsDefinition:
    """Create the asset that fetches, verifies and stores the files of a week, all or none."""
    lake = lakehouse.lake

    @dg.asset(
        key="publication",
        partitions_def=lakehouse.weeks,
        io_manager_key="manifest_io_manager",
        group_name=GROUPS[SOURCE],
        kinds={"csv"},
        tags={LAYER_TAG: SOURCE},
        owners=["team:lakehouse"],
        metadata={"dagster/code_references": code_references(land, lakehouse.code_url)},
        description="The files of a week, verified and landed.\n\n"
        "The state of the source as of the end of the week. If one file is defective, all are rejected and "
        "nothing is landed. Grain: one manifest per week.",
        code_version="1",
        output_required=False,
    )
    def publication(context: dg.AssetExecutionContext) -> Iterator[dg.AssetObservation | dg.Output[Manifest]]:
        refresh = context.run.tags.get(REFRESH) == "true"
        with as_failure(context.instance, context.run.run_id), lake.storage_errors("raw/files"):
            try:
                landed = _landed(lake, source, week_of(context.partition_key), agreement, refresh=refresh)
            except NoPublication as none:  # no error: Dagster skips the assets that depend on it
                if _is_in_backfill_of_assets(context.run):
                    raise NoPublication(f"{str(none).removesuffix('.')}. {_BACKFILL}") from none
                yield notice(context, str(none))
                return
        for told in landed.notices:
            yield notice(context, told)
        if landed.moved:
            yield notice(context, landed.moved)
        if landed.undeclared:
            yield notice(context, f"{landed.undeclared}: {_UNDECLARED[agreement.drift]}")
        yield _output(lake, landed.manifest)

    return publication


def _landed(lake: Lake, source: Source, week: date, agreement: Agreement, *, refresh: bool) -> Landed:
    """Land a week; that it was not landed, the week after is told."""
    try:
        landed = land(lake, source, week, agreement, refresh=refresh)
    except (DeliveryDefect, SourceRefused) as error:
        if not isinstance(error, NoPublication) or lake.read(Manifest.path_of(week)) is not None:
            rejected.note(lake, week, str(error))
        raise
    rejected.forget(lake, week)
    return landed


def _is_in_backfill_of_assets(run: dg.DagsterRun) -> bool:
    return "dagster/backfill" in run.tags and run.job_name.startswith("__ASSET_JOB")


def _output(lake: Lake, manifest: Manifest) -> dg.Output[Manifest]:
    schema = dg.TableSchema([dg.TableColumn(name) for name in ("file", "records", "bytes", "path")])
    files = [
        dg.TableRecord({"file": f.file, "records": f.records, "bytes": f.bytes, "path": f.path})
        for f in manifest.files
    ]
    return dg.Output(
        manifest,
        data_version=dg.DataVersion(manifest.digest),
        metadata={
            "files": dg.MetadataValue.table(files, schema),
            "source": manifest.source,
            "digest": manifest.digest,
            "dagster/uri": lake.uri(manifest.path),
        },
    )
