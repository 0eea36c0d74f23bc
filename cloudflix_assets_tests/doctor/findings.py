"""What `cloudflix doctor --json` tells, as findings."""

from cloudflix_assets.doctor.finding import Finding
from cloudflix_assets_tests.cli.command import Told


def found(told: Told) -> dict[str, Finding]:
    """The findings by their check."""
    return {entry["check"]: Finding(**entry) for entry in told.json["checks"]}
