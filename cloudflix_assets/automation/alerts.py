"""Alerts about failed runs and late tables, to a webhook that takes `{"text": …}`, as Slack's and Teams' do.

A sensor sends them, never a run: a dead webhook fails no run, and gets what it missed once it answers again.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import dagster as dg
from pydantic import Field, SecretStr

from cloudflix_assets.automation.cursors import Cursor
from cloudflix_assets.automation.freshness import Deadlines, Freshness
from cloudflix_assets.automation.switches import ALERTS, sensor_status
from cloudflix_assets.instance.events import failures

LOOK_SECONDS = 60
TIMEOUT = 10.0
"""Seconds to wait for the webhook's answer to one alert."""
AT_ONCE = 20
"""Failed runs that one tick reads."""
TOLD_AGAIN_AFTER = timedelta(days=1)
"""The same asset, week and reason is sent once a day, however often its run is retried."""


@dataclass(frozen=True)
class Alert:
    """One message: about which asset and week, what happened and what to do, and where to look."""

    about: str
    reason: str
    link: str

    @property
    def key(self) -> str:
        """A hash by which a repeated alert is recognized."""
        return sha256(f"{self.about}\n{self.reason}".encode()).hexdigest()[:16]

    @property
    def text(self) -> str:
        """The message, in Markdown as Slack and Teams show it."""
        return f"**{self.about}**: {self.reason}\n{self.link}"


class Told(Cursor):
    """Cursor of the sensor: up to when failed runs were read (None: never), and when each alert was sent."""

    looked: datetime | None = None
    told: dict[str, datetime] = Field(default_factory=dict)

    def is_new(self, alert: Alert, now: datetime) -> bool:
        """Whether the alert was not sent within the last day."""
        return alert.key not in self.told or now - self.told[alert.key] >= TOLD_AGAIN_AFTER

    def as_cursor(self, now: datetime) -> str:
        """Serialize, without alerts so old that they would be sent again."""
        recent = {key: at for key, at in self.told.items() if now - at < TOLD_AGAIN_AFTER}
        return self.model_copy(update={"told": recent}).model_dump_json()


def sensor(
    webhook: SecretStr | None, web_ui: str, steps: Mapping[str, str], deadlines: Deadlines, deployment: str
) -> dg.SensorDefinition:
    """Create the sensor that sends alerts.

    Args:
        webhook: address to send to; with None the sensor only says that it is not set.
        web_ui: address that links begin with.
        steps: path of the asset of each step.
        deadlines: the tables that may be late.
        deployment: which decides whether the sensor runs from the first start on.
    """

    @dg.sensor(
        name=ALERTS,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=sensor_status(deployment, ALERTS),
        description="Tells the webhook CLOUDFLIX_ALERT_WEBHOOK of failed runs (a rejected publication, a "
        "failed contract, too many rows quarantined, anything else) and of gold tables that are late. The "
        "same asset, week and reason is told once a day.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = datetime.now(UTC)
        if webhook is None:
            return dg.SkipReason("CLOUDFLIX_ALERT_WEBHOOK is not set: nobody is told.")
        seen = Told.of(context.cursor)
        seen.looked = seen.looked or now  # what failed before the sensor was switched on is not reported
        runs = _failed(context.instance, seen.looked)
        late = _late_alerts(deadlines.judge(context.instance), web_ui)
        found = [*_run_alerts(context.instance, runs, web_ui, steps), *late]
        new = {alert.key: alert for alert in found if seen.is_new(alert, now)}
        sent, trouble = _send(webhook.get_secret_value(), list(new.values()))
        seen.told.update(dict.fromkeys(sent, now))
        if not trouble and runs:
            seen.looked = runs[-1].update_timestamp
        context.update_cursor(seen.as_cursor(now))
        told = f"{_counted(sent)} sent." if sent else "Nothing new went wrong."
        return dg.SkipReason(trouble or told)

    return alerts


def _failed(instance: dg.DagsterInstance, since: datetime) -> Sequence[dg.RunRecord]:
    """Runs that failed since `since`, oldest first."""
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    return instance.get_run_records(wanted, limit=AT_ONCE, order_by="update_timestamp", ascending=True)


def _run_alerts(
    instance: dg.DagsterInstance, runs: Sequence[dg.RunRecord], web_ui: str, steps: Mapping[str, str]
) -> Iterator[Alert]:
    for record in runs:
        run = record.dagster_run
        week, link = run.tags.get("dagster/partition", "no week"), f"{web_ui}/runs/{run.run_id}"
        entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        sentences = failures([entry.get_dagster_event() for entry in entries])
        for step, sentence in sentences.items():
            yield Alert(f"{steps.get(step, step)}, week {week}", sentence, link)
        if not sentences:
            reason = "the run ended without a failed step: read its log, then launch it again."
            yield Alert(f"{run.job_name}, week {week}", reason, link)


def _late_alerts(judged: Mapping[dg.AssetKey, Freshness], web_ui: str) -> Iterator[Alert]:
    for key, (fresh, sentence) in judged.items():
        path = "/".join(key.path)
        if not fresh:
            yield Alert(path, sentence, f"{web_ui}/assets/{path}")


def _send(webhook: str, alerts: Sequence[Alert]) -> tuple[list[str], str | None]:
    """Send alerts until one fails; return the keys of those sent, and what failed, if anything."""
    import httpx

    # 2026-11-26: httpx logs the address of each request, and a webhook's address is its secret.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    sent: list[str] = []
    for alert in alerts:
        try:
            httpx.post(webhook, json={"text": alert.text}, timeout=TIMEOUT).raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            status = (
                f"answered {error.response.status_code}"
                if isinstance(error, httpx.HTTPStatusError)
                else (f"cannot be reached ({type(error).__name__})")
            )
            waiting = _counted(alerts[len(sent) :])
            return sent, f"The webhook {status}: {waiting} to be sent with the next tick; check its address."
        sent.append(alert.key)
    return sent, None


def _counted(alerts: Sequence[object]) -> str:
    return "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
