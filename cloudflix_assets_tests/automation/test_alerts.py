"""Alerts: what went wrong reaches a webhook once, whatever the webhook does."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest
from pydantic import SecretStr

from cloudflix_assets.automation import freshness
from cloudflix_assets.automation.alerts import TOLD_AGAIN_AFTER, Alert, Told
from cloudflix_assets.partitions import WEEK
from cloudflix_assets.settings.environment import Environment
from cloudflix_assets_tests.lakehouse import (
    WEEK_1,
    WEEK_2,
    Lakehouse,
    MemorySource,
    publication,
    registered,
    titles,
)
from cloudflix_assets_tests.ticks import Ticks

TABLES = registered("raw/titles", "bronze/titles", "silver/titles", "gold/titles")
UNREADABLE = publication(titles=titles(*({"show_id": "x"} for _ in range(20))))
UNSOUND = publication(titles=b"not,the,header\r\n1,2,3\r\n")
UI = "https://dagster.example.org"


@dataclass
class Webhook:
    """A server in place of Slack or Teams, strict about what it accepts."""

    texts: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    status: int = 200
    url: str = ""

    def take(self, path: str, kind: str, body: bytes) -> int:
        """The status that a message is answered with."""
        content = json.loads(body)
        if path != "/hook" or kind != "application/json" or set(content) != {"text"} or not content["text"]:
            self.wrong.append(f"{path} {kind} {content}")
            return 400
        if self.status == 200:
            self.texts.append(content["text"])
        return self.status


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(hook.take(self.path, self.headers["content-type"], body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing to the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        hook.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        yield hook
        server.shutdown()
    assert hook.wrong == []


@pytest.fixture
def alerting(
    environment: Environment,
    instance: dg.DagsterInstance,
    webhook: Webhook,
    published: MemorySource,
    monkeypatch: pytest.MonkeyPatch,
) -> Ticks:
    """A lakehouse whose alerts go to the webhook; no week is due."""
    monkeypatch.setattr(freshness, "last_ended", lambda _: WEEK_1 - 99 * WEEK)
    settings = Environment(
        home=environment.home, first_week="2026-01-05", alert_webhook=SecretStr(webhook.url), web_ui=UI
    )
    found = Ticks(Lakehouse(settings, instance, source=published, tables=TABLES), "alerts")
    assert found.said() == "Nothing new went wrong."
    return found


def test_a_sound_run_is_no_news(alerting: Ticks, webhook: Webhook) -> None:
    assert alerting.house.run(WEEK_1).success
    assert alerting.said() == "Nothing new went wrong."
    assert webhook.texts == []


def test_a_rejected_publication_is_told(alerting: Ticks, webhook: Webhook, published: MemorySource) -> None:
    """Asset, week, reason, remedy, link."""
    published.publications[WEEK_1] = UNSOUND
    failed = alerting.house.run(WEEK_1)
    assert alerting.said() == "1 alert sent."
    (text,) = webhook.texts
    (sentence,) = failed.failures.values()
    assert text == f"**publication, week {WEEK_1}**: {sentence}\n{UI}/runs/{failed.run_id}"
    assert "have the publisher deliver it again, then rerun the week" in text


def test_too_large_a_quarantine_is_told(alerting: Ticks, webhook: Webhook, published: MemorySource) -> None:
    """The failed blocking check, by the name of its table."""
    published.publications[WEEK_1] = UNREADABLE
    assert not alerting.house.run(WEEK_1).success
    alerting.said()
    (text,) = webhook.texts
    assert text.startswith(
        f"**silver/titles, week {WEEK_1}**: silver/titles, week {WEEK_1}: 20 of 20 rows would be "
    )
    assert "above the cap of 5.0%" in text
    assert "at the source and rerun the whole week" in text


def test_a_failed_retry_is_told_once(alerting: Ticks, webhook: Webhook, published: MemorySource) -> None:
    """By asset, week and reason; another week is another alert."""
    published.publications = {WEEK_1: UNSOUND, WEEK_2: UNSOUND}
    for _ in range(3):
        assert not alerting.house.run(WEEK_1).success
    assert alerting.said() == "1 alert sent."
    assert not alerting.house.run(WEEK_1).success
    assert alerting.said() == "Nothing new went wrong."
    assert not alerting.house.run(WEEK_2).success
    assert alerting.said() == "1 alert sent."
    assert len(webhook.texts) == 2


def test_what_lasts_is_told_again_after_a_day() -> None:
    """Whoever was away on Monday reads it on Tuesday; and the cursor does not grow for ever."""
    now = datetime(2026, 11, 23, tzinfo=UTC)
    alert = Alert("gold/titles", "it is late", UI)
    seen = Told(looked=now, told={alert.key: now})
    assert not seen.is_new(alert, now + TOLD_AGAIN_AFTER - timedelta(seconds=1))
    assert seen.is_new(alert, now + TOLD_AGAIN_AFTER)
    assert seen.is_new(Alert("gold/cast", "it is late", UI), now)
    assert Told.of(seen.as_cursor(now)).told == {alert.key: now}
    assert Told.of(seen.as_cursor(now + TOLD_AGAIN_AFTER)).told == {}


@pytest.mark.parametrize("trouble", ["refuses", "is gone"])
def test_a_dead_webhook_fails_nothing_and_is_told_later(
    alerting: Ticks, webhook: Webhook, published: MemorySource, trouble: str
) -> None:
    """What it missed waits; what it took is not sent twice."""
    url, webhook.status = webhook.url, 503 if trouble == "refuses" else 200
    if trouble == "is gone":
        alerting = Ticks(other(alerting, "http://127.0.0.1:9/hook"), "alerts", alerting.cursor)
    published.publications[WEEK_1] = UNSOUND
    assert not alerting.house.run(WEEK_1).success
    assert alerting.house.run(WEEK_2).success
    said = alerting.said()
    assert said.startswith(
        "The webhook answered 503" if trouble == "refuses" else "The webhook cannot be reached"
    )
    assert said.endswith(": 1 alert to be sent with the next tick; check its address.")
    assert "hook" not in said.removeprefix("The webhook")
    assert webhook.texts == []

    webhook.status = 200
    alerting = Ticks(other(alerting, url), "alerts", alerting.cursor)
    assert alerting.said() == "1 alert sent."
    assert alerting.said() == "Nothing new went wrong."


def test_the_address_of_the_webhook_stands_nowhere(
    alerting: Ticks, webhook: Webhook, published: MemorySource, caplog: pytest.LogCaptureFixture
) -> None:
    """Who has it can post as the alerts."""
    caplog.set_level("DEBUG")
    published.publications[WEEK_1] = UNSOUND
    failed = alerting.house.run(WEEK_1)
    said = [alerting.said(), alerting.cursor or ""]
    webhook.status, published.publications[WEEK_2] = 503, UNSOUND
    assert not alerting.house.run(WEEK_2).success
    said.append(alerting.said())
    told = [repr(alerting.house.environment), repr(failed), caplog.text, *said, *webhook.texts]
    assert len(webhook.texts) == 1
    assert not any("/hook" in text for text in told)


def test_a_late_table_is_told(
    alerting: Ticks, webhook: Webhook, published: MemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; and no other than gold has a deadline."""
    monkeypatch.setattr(freshness, "last_ended", lambda _: WEEK_2)
    published.publications[WEEK_1] = publication()
    assert alerting.house.run(WEEK_1).success
    assert alerting.said() == "1 alert sent."
    (text,) = webhook.texts
    late = f"The week {WEEK_2}'s publication has not run: it was due on 2026-11-16 12:00 "
    assert text.startswith(f"**gold/titles**: {late}")
    assert text.endswith(f"{UI}/assets/gold/titles")
    assert alerting.said() == "Nothing new went wrong."
    assert alerting.house.run(WEEK_2).success
    assert alerting.said() == "Nothing new went wrong."


def test_without_a_webhook_nobody_is_told(
    environment: Environment, instance: dg.DagsterInstance, published: MemorySource
) -> None:
    house = Lakehouse(environment, instance, source=published, tables=TABLES)
    assert Ticks(house, "alerts").said() == "CLOUDFLIX_ALERT_WEBHOOK is not set: nobody is told."


def test_the_past_is_left_alone(alerting: Ticks, webhook: Webhook, published: MemorySource) -> None:
    """Switched on, it must not tell of last year's failures."""
    published.publications[WEEK_1] = UNSOUND
    assert not alerting.house.run(WEEK_1).success
    first = Ticks(alerting.house, "alerts")
    assert first.said() == "Nothing new went wrong."
    assert first.said() == "Nothing new went wrong."
    assert webhook.texts == []


def other(alerting: Ticks, url: str) -> Lakehouse:
    """The same lakehouse, its alerts sent elsewhere."""
    house = alerting.house
    settings = house.environment.model_copy(update={"alert_webhook": SecretStr(url)})
    return Lakehouse(
        settings, house.instance, source=MemorySource({WEEK_1: UNSOUND, WEEK_2: publication()}), tables=TABLES
    )
