"""Whether gold holds the last week that has ended, in time: a check at each gold table, and its sensor.

Dagster's freshness policies look at the newest run of an asset, of whatever week: a rerun of an old week
satisfies them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import dagster as dg

from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.automation.switches import WEEKLY, sensor_status
from cloudflix_assets.names import FRESHNESS, asset_key
from cloudflix_assets.partitions import WEEK, last_ended
from spark.table import PUBLICATION

GRACE = timedelta(hours=12)
"""From the end of a week to its deadline, Monday 12:00 UTC; the schedule starts at 06:00."""
LOOK_SECONDS = 60


class Freshness(NamedTuple):
    """Whether a table holds the last week that was due, and a sentence that says so."""

    fresh: bool
    sentence: str


@dataclass(frozen=True)
class Deadlines:
    """The tables that must run each week after its end and before its deadline, changed or not.

    Args:
        keys: of the tables.
        first_week: of the calendar; no week before it is due.
    """

    keys: Sequence[dg.AssetKey]
    first_week: date

    def judge(self, instance: dg.DagsterInstance) -> Mapping[dg.AssetKey, Freshness]:
        """Judge each table by the runs that the instance knows of the last week that was due."""
        week = last_ended(datetime.now(UTC) - GRACE)
        if week < self.first_week:
            return dict.fromkeys(self.keys, Freshness(True, f"No week before {self.first_week} is due."))
        landed = _judge(week, _last_run(instance, asset_key(PUBLICATION), week), "'s publication")
        if not landed.fresh:
            return dict.fromkeys(self.keys, landed)
        return {key: _judge(week, _last_run(instance, key, week)) for key in self.keys}


def check(deadlines: Deadlines) -> dg.AssetChecksDefinition:
    """Create the check of each table, which the web UI shows there and can execute."""

    @dg.multi_asset_check(
        name=FRESHNESS,
        specs=[dg.AssetCheckSpec(FRESHNESS, asset=key, description=_DESCRIPTION) for key in deadlines.keys],
        can_subset=True,
    )
    def freshness(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        judged = deadlines.judge(context.instance)
        for asked in sorted(context.selected_asset_check_keys):
            fresh, sentence = judged[asked.asset_key]
            yield dg.AssetCheckResult(
                asset_key=asked.asset_key, check_name=FRESHNESS, passed=fresh, description=sentence
            )

    return freshness


def sensor(deadlines: Deadlines, deployment: str) -> dg.SensorDefinition:
    """Create the sensor that records the check of a table when its result changes, and after its runs."""

    @dg.sensor(
        name=FRESHNESS,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=sensor_status(deployment, FRESHNESS),
        description="Records at each gold table, as its check `freshness`, whether the last week that has "
        "ended is there. It starts no run.",
    )
    def freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        news = [
            dg.AssetCheckEvaluation(
                asset_key=key, check_name=FRESHNESS, passed=found.fresh, description=found.sentence
            )
            for key, found in deadlines.judge(context.instance).items()
            if found != _recorded(context.instance, key)
        ]
        told = f"{len(news)} of {len(deadlines.keys)} tables have a new result."
        return dg.SensorResult(asset_events=news, skip_reason=told)

    return freshness


def _last_run(instance: dg.DagsterInstance, key: dg.AssetKey, week: date) -> datetime | None:
    wanted = dg.AssetRecordsFilter(key, asset_partitions=[str(week)])
    newest = instance.fetch_materializations(wanted, limit=1).records
    return datetime.fromtimestamp(newest[0].timestamp, UTC) if newest else None


def _judge(week: date, ran: datetime | None, of: str = "") -> Freshness:
    end = datetime.combine(week + WEEK, time(), UTC)
    if ran and ran >= end:
        return Freshness(True, f"The week {week} has run since it ended.")
    last = f"last ran on {ran:%F %H:%M} UTC, before it ended" if ran else "has not run"
    return Freshness(
        False,
        f"The week {week}{of} {last}: it was due on {end + GRACE:%F %H:%M} UTC. Look at the last tick of the "
        f"schedule `{WEEKLY}` and at its run, then launch `{WEEKLY_REFRESH}` for this week.",
    )


def _recorded(instance: dg.DagsterInstance, key: dg.AssetKey) -> Freshness | None:
    """Return the result that the web UI shows at a table: it shows none of before the table's newest run."""
    record = instance.get_latest_asset_check_evaluation_record(dg.AssetCheckKey(key, FRESHNESS))
    if record is None or record.evaluation is None:
        return None
    newest = instance.get_latest_materialization_event(key)
    if newest and newest.timestamp >= record.create_timestamp:
        return None
    return Freshness(record.evaluation.passed, record.evaluation.description or "")


_DESCRIPTION = (
    "The last week that has ended must have run since its end, from its publication on, by Monday 12:00 UTC, "
    "changed or not. What ran before the end of its week is provisional."
)
