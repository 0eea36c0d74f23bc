"""Where publications come from. A source knows its files of a week; it lands nothing itself."""

from cloudflix_assets.sources.base import (
    Delivered,
    LandedBefore,
    NoPublication,
    Pin,
    Polled,
    Receiving,
    Source,
    SourceRefused,
    place_of,
)
from cloudflix_assets.sources.choice import source_of

__all__ = [
    "Delivered",
    "LandedBefore",
    "NoPublication",
    "Pin",
    "Polled",
    "Receiving",
    "Source",
    "SourceRefused",
    "place_of",
    "source_of",
]
