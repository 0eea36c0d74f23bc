"""A finding of `cloudflix doctor`, and the conversion of an exception into one."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cloudflix_assets.errors import TOLD, first_line, masked

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One subject that was examined: its state, what was seen, and the remedy where one is needed.

    The field `check` names the subject; it keeps this name because `--json` prints it.
    """

    check: str
    state: State
    seen: str
    remedy: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry of `cloudflix doctor --json`."""
        return asdict(self)


def failure_as_finding(name: str, examine: Callable[[], Finding], *, unexpected: str) -> Finding:
    """Return what `examine` found, or a finding `fail` if it raised.

    Args:
        name: subject of the finding.
        examine: looks at the subject.
        unexpected: remedy for an exception whose message was not written for users.
    """
    try:
        return examine()
    except TOLD as error:
        return Finding(name, "fail", masked(error))
    except Exception as error:  # noqa: BLE001  # a broken installation or cluster may raise anything
        return Finding(name, "fail", masked(f"{type(error).__name__}: {first_line(error)}"), unexpected)
