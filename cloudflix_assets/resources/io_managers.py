"""IO managers: weeks of Delta tables, and the manifests that raw tables start from."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import dagster as dg
from dagster_pyspark import LazyPySparkResource
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from cloudflix_assets.delta import commit, read
from cloudflix_assets.delta.committer import commits_natively
from cloudflix_assets.delta.preview import first_rows
from cloudflix_assets.delta.week import Judged, Kept, Outcome, Publishable, WeekOfTable
from cloudflix_assets.errors import CloudflixError
from cloudflix_assets.instance.failures import as_failure
from cloudflix_assets.lake.base import Lake, LakeRefused
from cloudflix_assets.lake.staging import remove_on_failure
from cloudflix_assets.landing.manifest import Manifest
from cloudflix_assets.partitions import week_of

LINEAGE = "dagster/column_lineage"


class NotJudged(CloudflixError):
    """A user's own asset returned a value that no contract has judged."""


class DeltaIOManager(dg.IOManager):
    """Reads weeks of a Delta table as one frame with a `week` column; replaces exactly one week of it.

    Args:
        lake: where the tables are.
        stored: columns of each table by its path; a table without an entry is read as it is.
        spark: the session.
        engine: `sail`, `spark`, `connect` or `databricks`.
    """

    def __init__(
        self, lake: Lake, stored: Mapping[str, StructType], spark: LazyPySparkResource, engine: str
    ) -> None:
        self.lake, self.stored, self.spark, self.engine = lake, stored, spark, engine
        self._claim: str | None = None

    def handle_output(self, context: dg.OutputContext, obj: Publishable) -> None:
        """Commit a judged week, with metadata about what was stored.

        A `Judged` also settles the quarantine that was stored before it. A `Kept` is in the lake already.

        Raises:
            NotJudged: the value is no week that a step has judged.
            LakeRefused: the lake was emptied and claimed anew since this run began.
        """
        started = time.monotonic()
        with _as_failure(context), self.lake.storage_errors("/".join(context.asset_key.path)):
            if not isinstance(obj, Publishable):
                raise NotJudged(
                    f"{'/'.join(context.asset_key.path)} returned a {type(obj).__name__} that nobody judged: "
                    "declare it as a Table in spark/registry.py, or give the asset an IO manager of its own."
                )
            week = obj if isinstance(obj, WeekOfTable) else obj.week
            with remove_on_failure(self.lake, week.path, week.attempt):
                self._refuse_other_claim(f"{week} was not committed")
                try:
                    outcome = self._commit(obj)
                finally:
                    self._refuse_other_claim(f"{week} was being committed and may be there")
            rows = first_rows(self.lake, week.path, week.week)
        # The web UI reads the lineage of columns from materializations alone.
        lineage = {n: v for n, v in (context.definition_metadata or {}).items() if n == LINEAGE}
        context.add_output_metadata(
            {
                **lineage,
                "dagster/partition_row_count": week.rows,
                "dagster/uri": self.lake.uri(week.path),
                "digest": week.digest,
                "version": outcome.version,
                "committed": outcome.committed,
                "stored": outcome.stored,
                "bytes": outcome.bytes,
                "commit_seconds": round(time.monotonic() - started, 3),
                **_preview(rows),
            }
        )

    def load_input(self, context: dg.InputContext) -> DataFrame:
        """Read the weeks that the partition mapping names; earlier ones may be absent, the step's own not.

        Raises:
            WeekAbsent: the table does not have the step's own week.
        """
        path = "/".join(context.asset_key.path)
        weeks = sorted(week_of(key) for key in context.asset_partition_keys)
        with _as_failure(context), self.lake.storage_errors(path):
            own = week_of(context.partition_key) if context.has_partition_key else weeks[-1]
            required = own if own in weeks else None
            self._refuse_other_claim(f"{path} was not read")
            self._commits_natively()  # fails early for an engine that does not see the lake
            return read.read(
                self.lake, self.spark.spark_session, path, self.stored.get(path), weeks, required=required
            )

    def _commit(self, obj: Publishable) -> Outcome:
        native = self._commits_natively()
        if isinstance(obj, Kept):
            return Outcome(obj.version, committed=False, stored=obj.stored)
        if isinstance(obj, Judged):
            return commit.replace_beside(self.lake, self.spark.spark_session, obj, native=native)
        return commit.replace(self.lake, self.spark.spark_session, obj, native=native)

    def _refuse_other_claim(self, outcome: str) -> None:
        """Refuse a lake that is not claimed as it was when this run (elsewhere, its step) was first here."""
        claim = self.lake.claimed_as()
        self._claim = self._claim or claim
        if claim != self._claim:
            raise LakeRefused(
                f"the lake {self.lake.place} was emptied with --replace-source while this run went on: "
                f"{outcome}; run the week that is wanted again."
            )

    def _commits_natively(self) -> bool:
        return commits_natively(self.engine, self.lake, self.spark.spark_session)


def _preview(rows: Sequence[Mapping[str, str | None]]) -> dict[str, dg.TableMetadataValue]:
    """The first rows as a table, which has columns only if there is a row."""
    if not rows:
        return {}
    schema = dg.TableSchema([dg.TableColumn(name) for name in rows[0]])
    return {"first rows": dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)}


def _as_failure(context: dg.InputContext | dg.OutputContext) -> AbstractContextManager[None]:
    step = context.step_context
    return as_failure(step.instance, step.run_id)


class ManifestIOManager(dg.IOManager):
    """Stores the manifest of a week's publication, and loads it for raw tables with one row per file."""

    def __init__(self, lake: Lake, spark: LazyPySparkResource) -> None:
        self.lake, self.spark = lake, spark

    def handle_output(self, context: dg.OutputContext, obj: Manifest) -> None:
        """Store the manifest of a week."""
        with _as_failure(context), self.lake.storage_errors(obj.path):
            self.lake.write(obj.path, obj.content)

    def load_input(self, context: dg.InputContext) -> DataFrame:
        """Read the manifest: one row per landed file of the week.

        Raises:
            WeekAbsent: nothing was landed for the week.
        """
        week = week_of(context.partition_key)
        with _as_failure(context), self.lake.storage_errors(Manifest.path_of(week)):
            manifest = Manifest.of(self.lake, week)
            if manifest is None:
                raise read.WeekAbsent(
                    f"nothing was landed for the week {week}: "
                    f"run `cloudflix run --week {week} --select publication` first."
                )
            return manifest.rows(self.spark.spark_session)
