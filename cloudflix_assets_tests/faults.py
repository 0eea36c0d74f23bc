"""The one format of a table of faults: by name, what goes wrong and what must come of it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Wrong = TypeVar("Wrong")


@dataclass(frozen=True)
class Row(Generic[Wrong]):
    """A fault and its outcome.

    Attributes:
        wrong: what goes wrong, in the terms of the double that lets it happen.
        told: a pattern of the sentence in which it must end; None if it must leave no trace.
    """

    wrong: Wrong
    told: str | None = None
