"""A step: build a week of a table, judge it, publish it; or keep the week that the lake holds.

Nothing is published that was not judged. The assets that run steps are in tables.py.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import dagster as dg
from pyspark.sql import DataFrame

from cloudflix_assets.assets import contract_check, inputs, receipts, refusals, refused_records
from cloudflix_assets.assets.context import Context
from cloudflix_assets.assets.description import quarantine_text, table_text
from cloudflix_assets.assets.receipts import Read, Receipt
from cloudflix_assets.delta import commit
from cloudflix_assets.delta.week import Judged, Kept, Publishable, WeekOfTable
from cloudflix_assets.lake.staging import Staging
from cloudflix_assets.names import quarantine_of, quarantine_path
from spark.bronze import evolved
from spark.delivery.headers import Drift
from spark.quality import digest, duplicates
from spark.quality import verdict as quality
from spark.quality.rules import described_fields, fields
from spark.table import PUBLICATION, Table

Event = dg.AssetCheckResult | dg.AssetObservation | dg.Output[Any]


@dataclass(frozen=True)
class Built:
    """A week as the table's function built it, before it is judged.

    Args:
        table: as of this week: records may have columns that the contract does not declare.
        frame: the rows.
        frames: the inputs, by parameter.
    """

    table: Table
    frame: DataFrame
    frames: Mapping[str, DataFrame]

    @property
    def given(self) -> DataFrame:
        """The input whose rows became the table's rows."""
        return self.frames[self.table.first.parameter]


@dataclass(frozen=True)
class Judgement:
    """A built week as its contract judged it.

    Args:
        staged: the rows, materialized, with the names of the rules that each broke.
        verdict: counts and digest.
        samples: the first addresses per broken rule.
        quarantined: the rows for the quarantine, None if there are none.
        failure: why the week must not be published, None if it may.
        evaluated: the result of the contract check.
    """

    staged: DataFrame
    verdict: quality.Verdict
    samples: Mapping[str, list[str]]
    quarantined: DataFrame | None
    failure: contract_check.WeekRefused | None
    evaluated: dg.AssetCheckResult


@dataclass(frozen=True)
class Step:
    """One attempt at a week of a table.

    Args:
        context: of the lakehouse.
        table: to build.
        week: to build.
        stage: the step's staging.
        read: if the week's receipt has the same key, the step need not judge again.
        attempt: `<run>-<retry>`, with which commits are marked.
        force: judge and commit even if nothing changed.
    """

    context: Context
    table: Table
    week: date
    stage: Staging
    read: Read
    attempt: str
    force: bool

    def run(self, loaded: Mapping[str, DataFrame]) -> Iterator[Event]:
        """Run the step; yield quarantine, table and contract check, or the check alone if it fails.

        Args:
            loaded: what the IO manager loaded, by table.

        Raises:
            WeekRefused: the contract does not let the week be published.
            RecordsLost: the table's function lost or invented records.
        """
        started = time.monotonic()
        receipt = receipts.receipt_of(self.stage.lake, self.table.path, self.week)
        if receipt and receipt.key == self.read.key and not self.force and (kept := self._kept(receipt)):
            yield from self._outputs(receipt, kept, started)
            yield contract_check.result(self.table, receipt.verdict, receipt.samples)
            receipt.write(self.stage.lake, self.table.path, self.week)
            return
        judgement = self._judge(built := self._build(loaded))
        if judgement.failure:
            yield judgement.evaluated
            raise judgement.failure
        yield from self._settle(built, judgement, started)

    def _build(self, loaded: Mapping[str, DataFrame]) -> Built:
        frames = inputs.prepare_frames(self.context, self.table, loaded, self.stage, self.week)
        evolves = self.context.mode.drift == Drift.EVOLVE
        table = self._evolved(frames[self.table.first.parameter].columns) if evolves else self.table
        return Built(table, table.build(*(frames[name] for name in table.parameters)), frames)

    def _judge(self, built: Built) -> Judgement:
        table = built.table
        staged = self._materialize(quality.judged(table, built.frame, built.frames))
        verdict = quality.verdict(table, staged)
        contract_check.refuse_lost_records(table, verdict, built.frames)
        broken = table.has_quarantine and any(verdict.broken.values())
        samples = quality.samples(table, staged) if broken else {}
        quarantined = quality.quarantined(table, staged, built.given) if verdict.refused else None
        stops = contract_check.stops(table, verdict) and table.has_quarantine
        refused = quality.refused(table, staged, built.given) if stops else None
        problems = contract_check.problems(table, verdict, values := _first_values(table, refused))
        where = refused_records.write(self.stage.lake, table, self.week, refused) if refused else None
        failure = contract_check.failure(table, problems, str(self.week), where, values)
        shown = refusals.examples(table, refused).in_place
        evaluated = contract_check.result(
            table, verdict, samples, problems=problems, examples=shown, where=where
        )
        return Judgement(staged, verdict, samples, quarantined, failure, evaluated)

    def _settle(self, built: Built, judgement: Judgement, started: float) -> Iterator[Event]:
        """Yield the week for the IO manager to commit, then its check, and store the receipt at last."""
        table, verdict = built.table, judgement.verdict
        accepted = quality.accepted(table, judgement.staged) if verdict.accepted else None
        week = self._week(table, verdict, accepted)
        if table.first.as_records and built.frame is built.given:
            week = replace(week, parquet=self.stage.records)
        quarantine = (
            self._stage_quarantine(week, verdict, judgement.quarantined) if table.has_quarantine else None
        )
        told = refusals.examples(table, quarantine.frame if quarantine else None)
        receipt = Receipt(
            **self.read._asdict(),
            columns=tuple(fields(table).names),
            verdict=verdict,
            samples=judgement.samples,
            quarantine=quarantine and quarantine.digest,
            examples=told.in_place,
            whole=told.whole,
        )
        judged: list[Publishable] = [week] if quarantine is None else [Judged(week, quarantine), quarantine]
        yield from self._outputs(receipt, judged, started)
        yield judgement.evaluated  # after the outputs, so that Dagster counts it for this materialization
        receipt.write(self.stage.lake, table.path, self.week)

    def _evolved(self, columns: Sequence[str]) -> Table:
        """The table as of this week: records may have columns that the contract does not declare."""
        return evolved(self.table, columns) if self.table.first.as_records else self.table

    def _materialize(self, judged: DataFrame) -> DataFrame:
        """The judged frame, written to staging once; those of raw and bronze are materialized already."""
        table = self.table
        if table.first.table == PUBLICATION or table.first.as_records:
            return judged
        staged = self.stage.materialize("judged", judged)
        if not table.has_quarantine or not table.key:
            return staged
        contested = self.stage.materialize("contested", duplicates.contested(table, staged))
        if not contested.take(1):
            return staged
        repeated = self.stage.materialize("duplicates", duplicates.duplicates(table, staged, contested))
        return duplicates.marked(table, staged, repeated)

    def _kept(self, receipt: Receipt) -> list[Kept] | None:
        """The week and its quarantine, if the lake holds exactly the digests of the receipt; else None."""
        weeks = [self._week(self._evolved(receipt.columns), receipt.verdict, None)]
        if receipt.quarantine is not None:
            weeks.append(self._quarantine_week(weeks[0], receipt.verdict, None, receipt.quarantine))
        with ThreadPoolExecutor() as pool:  # the engine can run both queries at once
            kept = list(pool.map(partial(commit.unchanged_week, self.stage.lake, self.stage.session), weeks))
        return None if None in kept else [week for week in kept if week]

    def _week(self, table: Table, verdict: quality.Verdict, frame: DataFrame | None) -> WeekOfTable:
        return WeekOfTable(
            path=table.path,
            fields=described_fields(table),
            week=self.week,
            frame=frame,
            rows=verdict.accepted,
            digest=verdict.digest,
            attempt=self.attempt,
            force=self.force,
            about=table_text(table),
        )

    def _stage_quarantine(
        self, week: WeekOfTable, verdict: quality.Verdict, quarantined: DataFrame | None
    ) -> WeekOfTable:
        """The quarantined rows as a week of the quarantine; most have none, and then no query is run."""
        if quarantined is None:
            return self._quarantine_week(week, verdict, None, digest.empty(quality.QUARANTINE))
        frame = self.stage.materialize("quarantine", quarantined)
        return self._quarantine_week(week, verdict, frame, digest.digest(frame, quality.QUARANTINE))

    def _quarantine_week(
        self, week: WeekOfTable, verdict: quality.Verdict, frame: DataFrame | None, digest: str
    ) -> WeekOfTable:
        week = replace(week, path=quarantine_path(self.table), about=quarantine_text(self.table))
        return replace(week, fields=quality.QUARANTINE, frame=frame, rows=verdict.refused, digest=digest)

    def _outputs(
        self, receipt: Receipt, values: Sequence[Publishable], started: float
    ) -> Iterator[dg.Output[Any]]:
        """Yield the quarantine, then the table, whose commit proves that both come from one step.

        The metadata `seconds` is the time from the loaded inputs to here: build and judgement.
        """
        seconds = {"seconds": round(time.monotonic() - started, 3)}
        name, version = self.table.identifier, dg.DataVersion(receipt.verdict.digest)
        week, *quarantine = values
        if quarantine and receipt.quarantine:
            told = {"samples": receipt.examples, "samples, whole": receipt.whole}
            samples = {key: dg.MetadataValue.md(text) for key, text in told.items() if text}
            yield dg.Output(
                quarantine[0],
                output_name=quarantine_of(name),
                data_version=dg.DataVersion(receipt.quarantine),
                metadata={**samples, **seconds},
            )
            seconds["quarantined"] = receipt.verdict.refused
        yield dg.Output(week, output_name=name, data_version=version, metadata=seconds)


def _first_values(table: Table, refused: DataFrame | None) -> Mapping[str, list[str]]:
    return {} if refused is None else refusals.first_values(table, refused)
