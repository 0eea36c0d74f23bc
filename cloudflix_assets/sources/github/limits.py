"""GitHub's limits: how long an answer asks to wait."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

SECONDARY_SECONDS = 60.0
"""Seconds that GitHub's documentation asks to wait if a refusal does not say how long."""


def wait_seconds(status: int, headers: Mapping[str, str], message: str, now: datetime) -> float | None:
    """Return the seconds until the request may be sent again; None if the answer is about no limit.

    Primary limits tell when they are reset, secondary ones how long to wait, or nothing.
    """
    if status not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
        return None
    if (after := headers.get("retry-after", "")).isdigit():
        return float(after)
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
        return max(0.0, (reset - now).total_seconds()) + 1
    limited = status == HTTPStatus.TOO_MANY_REQUESTS or "rate limit" in message.lower()
    return SECONDARY_SECONDS if limited else None
