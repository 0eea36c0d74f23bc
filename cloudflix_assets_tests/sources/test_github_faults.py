"""Whatever GitHub or the line to it does, a week has the right bytes or one clear sentence."""

from datetime import UTC, datetime

import pytest

from cloudflix_assets.sources import SourceRefused
from cloudflix_assets.sources.github import api
from cloudflix_assets.sources.github.limits import SECONDARY_SECONDS, wait_seconds
from cloudflix_assets.sources.github.models import Commit
from cloudflix_assets_tests.faults import Row
from cloudflix_assets_tests.loopback.github import faults
from cloudflix_assets_tests.loopback.github.fixtures import WEEKS, Sources, published
from cloudflix_assets_tests.loopback.github.server import RESET, Fault, LoopbackGitHub
from cloudflix_assets_tests.sources.test_github import read

KINDS = ("commits", "contents", "blob")
LATER = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET)}
NOW = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}

PASSING: dict[str, Row[Fault]] = {
    "500": Row(faults.status(500)),
    "502": Row(faults.status(502)),
    "503 with a time": Row(faults.status(503, "busy", {"retry-after": "0"})),
    "504": Row(faults.status(504)),
    "408": Row(faults.status(408)),
    "reset": Row(faults.reset),
    "torn body": Row(faults.cut),
    "stalled": Row(faults.stalled),
    "primary limit, just reset": Row(faults.status(403, "API rate limit exceeded", NOW)),
    "secondary limit with a time": Row(faults.status(403, "secondary rate limit", {"retry-after": "0"})),
    "429 with a time": Row(faults.status(429, "slow down", {"retry-after": "0"})),
}
WRONG_BYTES: dict[str, Row[Fault]] = {
    "short": Row(faults.short),
    "long": Row(faults.long),
    "flipped": Row(faults.flipped),
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second that a limit adds is waited for elsewhere."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_passes_leaves_no_trace(
    source: Sources, github: LoopbackGitHub, kind: str, fault: str
) -> None:
    github.faults[kind].extend([PASSING[fault].wrong] * 2)
    patience = {"timeout": faults.STALLED_SECONDS / 2} if fault == "stalled" else {}
    assert read(source(**patience).deliveries(WEEKS[2])) == published(2)
    assert not github.faults[kind]


@pytest.mark.parametrize("fault", WRONG_BYTES)
def test_wrong_bytes_are_asked_for_again(source: Sources, github: LoopbackGitHub, fault: str) -> None:
    """Each of them would be landed as the week's file."""
    github.faults["blob"].append(WRONG_BYTES[fault].wrong)
    assert read(source().deliveries(WEEKS[2])) == published(2)


@pytest.mark.parametrize("fault", WRONG_BYTES)
def test_bytes_that_stay_wrong_are_refused(source: Sources, github: LoopbackGitHub, fault: str) -> None:
    github.faults["blob"].extend([WRONG_BYTES[fault].wrong] * api.ATTEMPTS)
    with pytest.raises(
        SourceRefused, match=r"for netflix_titles\.csv: it sent other bytes than it had announced"
    ):
        read(source().deliveries(WEEKS[2]))
    assert len(github.answered("blob")) == api.ATTEMPTS


LASTING: dict[str, Row[Fault]] = {
    "500": Row(
        faults.status(500), "did not answer in 5 attempts, .*: it answered 500; rerun the week once it does"
    ),
    "reset": Row(faults.reset, "did not answer in 5 attempts"),
    "torn body": Row(faults.cut, "did not answer in 5 attempts"),
    "401": Row(
        faults.status(401, "Bad credentials"),
        r"refuses the token \(Bad credentials\): renew GITHUB_TOKEN, or unset it",
    ),
    "403": Row(
        faults.status(403, "Resource not accessible by personal access token"),
        "forbids it .*: give the token in GITHUB_TOKEN the right to read",
    ),
    "451": Row(faults.status(451, "Blocked"), r"answered 451 \(Blocked\): check the address of the source"),
    "primary limit": Row(
        faults.status(403, "API rate limit exceeded", LATER),
        "rate limit is used up until 2100-01-01 00:00 UTC: rerun the week then, or set GITHUB_TOKEN",
    ),
    "secondary limit of an hour": Row(
        faults.status(429, "slow down", {"retry-after": "3600"}),
        r"rate limit is used up until \d{4}-\d\d-\d\d \d\d:\d\d UTC: rerun the week then",
    ),
    "secondary limit without a time": Row(
        faults.status(403, "You have exceeded a secondary rate limit"),
        "did not answer in 5 attempts, .*: its rate limit is used up",
    ),
    "a login page": Row(
        faults.body(b"<html>Sign in</html>"), r"did not answer as GitHub's API does \(text/html\)"
    ),
    "another JSON": Row(
        faults.body(b'{"ok": true}', "application/json"), "did not answer as GitHub's API does"
    ),
    "a redirect to itself": Row(faults.around, "redirects in a circle"),
}


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("kind", ["commits", "contents"])
def test_a_fault_that_lasts_ends_in_one_sentence(
    source: Sources, github: LoopbackGitHub, kind: str, fault: str
) -> None:
    """And leaves the operator with something to do."""
    github.faults[kind].extend([LASTING[fault].wrong] * 30)
    with pytest.raises(SourceRefused, match=LASTING[fault].told):
        source().deliveries(WEEKS[2])


def test_a_token_is_not_told_to_be_set_where_it_is(source: Sources, github: LoopbackGitHub) -> None:
    github.token, github.remaining = "right", 0
    with pytest.raises(SourceRefused) as refused:
        source("right").deliveries(WEEKS[2])
    assert "GITHUB_TOKEN" not in str(refused.value)


def test_a_wrong_token_is_told(source: Sources, github: LoopbackGitHub) -> None:
    github.token = "right"
    with pytest.raises(SourceRefused, match="refuses the token"):
        source("wrong").deliveries(WEEKS[2])


def test_an_unchanged_answer_costs_no_quota(source: Sources, github: LoopbackGitHub) -> None:
    """What a poll asks: once with a tag, nothing is sent."""
    asked = source().api
    first = asked.ask_if_changed("/repos/acme/catalogue/commits", list[Commit], {"per_page": 1})
    left = github.remaining
    again = asked.ask_if_changed("/repos/acme/catalogue/commits", list[Commit], {"per_page": 1}, first.etag)
    assert (again.value, again.etag) == (None, first.etag)
    assert github.remaining == left
    assert github.answered("commits") == [200, 304]


def test_limits_are_read_as_they_are_told() -> None:
    now = datetime(2026, 11, 9, 12, tzinfo=UTC)
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(now.timestamp()) + 30)}
    assert wait_seconds(403, reset, "", now) == 31
    assert wait_seconds(403, {**reset, "retry-after": "7"}, "", now) == 7
    assert wait_seconds(429, {}, "", now) == SECONDARY_SECONDS
    assert wait_seconds(403, {"x-ratelimit-remaining": "17"}, "Resource not accessible", now) is None
    assert wait_seconds(500, reset, "rate limit", now) is None
