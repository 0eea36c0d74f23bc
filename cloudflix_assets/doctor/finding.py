"""What a check of `cloudflix doctor` saw."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What one check saw, and what to do about it."""

    check: str
    state: State
    seen: str
    remedy: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The entry of `cloudflix doctor --json`."""
        return asdict(self)
