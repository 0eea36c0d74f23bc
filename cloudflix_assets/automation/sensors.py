"""Sensors that start runs: for a new commit of the publisher, and for files in the landing folder."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256

import dagster as dg
from pydantic import Field

from cloudflix_assets.automation.cursors import Cursor
from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.automation.switches import LANDING_SENSOR, PUBLICATION_SENSOR, sensor_status
from cloudflix_assets.lake.base import Lake
from cloudflix_assets.partitions import UnknownWeek, in_calendar, open_week
from cloudflix_assets.sources import NoPublication, Polled, Source
from cloudflix_assets.sources.dropped.files import DROP_FOLDER, DroppedFile, dropped_files
from cloudflix_assets.sources.dropped.rejecting import reject, reject_by_name
from cloudflix_assets.sources.dropped.routing import Route
from cloudflix_assets.sources.dropped.source import DropFolder
from spark.datasets import Dataset

POLL_SECONDS = 300
LOOK_SECONDS = 30
WEEKS_AT_ONCE = 4
"""Runs that one tick of the landing sensor requests; the other weeks wait for the next tick."""
_NOTHING = "Nothing was dropped."


class Known(Cursor):
    """Cursor of the publication sensor: the last commit that it requested a run for, and its HTTP etag.

    Attributes:
        asked: runs requested so far, part of a run's key: a branch may be set back to an earlier commit.
        key: of the run that was requested last.
    """

    commit: str | None = None
    etag: str | None = None
    asked: int = 0
    key: str | None = None


class Asked(Cursor):
    """Cursor of the landing sensor.

    Attributes:
        keys: of the runs that it requested, by week and files, while these files are still there.
        gone: how often such files went. Part of a run's key: they may be moved back as they were.
    """

    keys: dict[str, str] = Field(default_factory=dict)
    gone: int = 0


def publication_sensor(source: Source, deployment: str) -> dg.SensorDefinition:
    """Create the sensor that asks the source for a new commit, and requests a run of the open week for it."""

    @dg.sensor(
        name=PUBLICATION_SENSOR,
        job_name=WEEKLY_REFRESH,
        minimum_interval_seconds=POLL_SECONDS,
        default_status=sensor_status(deployment, PUBLICATION_SENSOR),
        description="Asks the source every five minutes whether it has a new commit, and runs the open week "
        "for it. What it lands is provisional: once the week has ended, the schedule asks for it again.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not isinstance(source, Polled):
            return dg.SkipReason(
                f"{source.identity} has no history to ask for: the schedule `weekly` runs each ended week."
            )
        known = Known.of(context.cursor)
        try:
            news = source.news(known.etag)
        except NoPublication as none:
            return dg.SkipReason(f"{none}.")
        if news is None or news.commit == known.commit:
            still = f"{source.identity} is still at {(known.commit or 'none')[:12]}."
            seen = known.model_copy(update={"etag": news.etag}) if news else known
            told = f"{still}{_not_landed(context.instance, known.key)}"
            return dg.SensorResult(skip_reason=told, cursor=seen.model_dump_json())
        asked = known.asked + 1
        week = str(open_week(datetime.now(UTC)))
        # The run key keeps a crash before the cursor is stored from starting the run twice.
        key = f"{week} {news.commit} {asked}"
        request = dg.RunRequest(run_key=key, partition_key=week)
        cursor = Known(commit=news.commit, etag=news.etag, asked=asked, key=key).model_dump_json()
        return dg.SensorResult(run_requests=[request], cursor=cursor)

    return sensor


def landing_sensor(source: Source, lake: Lake, first_week: date, deployment: str) -> dg.SensorDefinition:
    """Create the sensor that requests a run for each week with dropped files, once nobody writes to them."""

    @dg.sensor(
        name=LANDING_SENSOR,
        job_name=WEEKLY_REFRESH,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=sensor_status(deployment, LANDING_SENSOR),
        description=f"Looks into {DROP_FOLDER}/ of the lake, and runs the weeks of what was dropped there, "
        f"once nobody has written to it for half a minute; at most {WEEKS_AT_ONCE} weeks per tick, oldest "
        "first.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not isinstance(source, DropFolder):
            return dg.SkipReason(f"the source is {source.identity}: set CLOUDFLIX_SOURCE=landing to use it.")
        now = datetime.now(UTC)
        known = source.agreement.files
        rejected = [*reject_by_name(lake, now, known), *_reject_unknown_weeks(lake, known, first_week, now)]
        for sentence in rejected:
            context.log.warning(sentence)
        files = dropped_files(lake, known)
        settled = _by_week([file for file in files if file.has_settled(now)])
        # The cursor remembers them too: weeks whose runs failed would use up the limit of every tick.
        before = Asked.of(context.cursor)
        asked = {of: key for of, key in before.keys.items() if of in settled}
        gone = before.gone + len(before.keys) - len(asked)
        new = {of: f"{of} {gone}" for of in sorted(set(settled) - set(asked))[:WEEKS_AT_ONCE]}
        waiting = [
            *(f"{file.name} may still be growing." for file in files if not file.has_settled(now)),
            *(_left(context.instance, settled[of], key) for of, key in asked.items()),
        ]
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=key, partition_key=settled[of]) for of, key in new.items()],
            skip_reason=None if new else " ".join([*rejected, *(waiting or [_NOTHING])]),
            cursor=Asked(keys={**asked, **new}, gone=gone).model_dump_json(),
        )

    return sensor


def _not_landed(instance: dg.DagsterInstance, run_key: str | None) -> str:
    """Return a sentence if the run that was requested for a commit has failed; nothing else asks for it."""
    runs = _requested(instance, run_key) if run_key else ()
    if not runs or runs[0].status not in {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}:
        return ""
    week = runs[0].tags.get("dagster/partition")
    return (
        f" Its run {runs[0].run_id[:8]} for the week {week} ended without success: do what it says, "
        f"then launch `{WEEKLY_REFRESH}` for that week."
    )


def _requested(instance: dg.DagsterInstance, run_key: str) -> Sequence[dg.DagsterRun]:
    return instance.get_runs(dg.RunsFilter(tags={"dagster/run_key": run_key}), limit=1)


def _left(instance: dg.DagsterInstance, week: str, run_key: str) -> str:
    """Return why files of a week for which a run was requested are still there."""
    runs = _requested(instance, run_key)
    if runs and not runs[0].is_finished:
        return f"Files of the week {week} wait for its run {runs[0].run_id[:8]}."
    ended = f"run {runs[0].run_id[:8]} has ended: do what it says, then" if runs else "run is unknown:"
    return f"Files of the week {week} were not taken in, and its {ended} launch `{WEEKLY_REFRESH}` for it."


def _reject_unknown_weeks(lake: Lake, known: Sequence[Dataset], first_week: date, now: datetime) -> list[str]:
    """Reject files of weeks that the calendar does not have, and return a sentence for each."""
    found = []
    for file in dropped_files(lake, known):
        if isinstance(file.route, Route) and file.has_settled(now):
            try:
                in_calendar(file.route.week, first_week, now)
            except UnknownWeek as unknown:
                found.append(reject(lake, file, f"{file.name}: {unknown}"))
    return found


def _by_week(files: Sequence[DroppedFile]) -> Mapping[str, str]:
    """Weeks by run key, which is the week and a short hash of its files' names, sizes and times."""
    found: dict[date, list[str]] = {}
    for file in files:
        if isinstance(file.route, Route):
            found.setdefault(file.route.week, []).append(f"{file.name} {file.size} {file.written}")
    hashes = {week: sha256("\n".join(names).encode()).hexdigest()[:12] for week, names in found.items()}
    return {f"{week} {hashed}": str(week) for week, hashed in hashes.items()}
