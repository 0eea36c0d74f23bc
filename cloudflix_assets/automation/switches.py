"""Which schedules and sensors run from the first start on, for each deployment: a map without a default."""

from collections.abc import Mapping

import dagster as dg

from cloudflix_assets.names import FRESHNESS

WEEKLY = "weekly"
PUBLICATION_SENSOR = "publication_sensor"
LANDING_SENSOR = "landing_sensor"
CHANGES = "changed_upstream"
ALERTS = "alerts"

BY_ITSELF: Mapping[str, frozenset[str]] = {
    # On a developer's machine nothing starts unasked; the web UI switches the others on. These start no run.
    "local": frozenset({FRESHNESS, ALERTS}),
    # A lake in an account is in production: weeks run when they end, and tables after their upstream changed.
    "azure": frozenset({WEEKLY, LANDING_SENSOR, CHANGES, FRESHNESS, ALERTS}),
    "databricks": frozenset({WEEKLY, LANDING_SENSOR, CHANGES, FRESHNESS, ALERTS}),
}
"""Schedules and sensors that run from the first start on, by deployment; the web UI's switches win."""


def schedule_status(deployment: str, name: str) -> dg.DefaultScheduleStatus:
    """The initial status of a schedule in a deployment."""
    running = name in BY_ITSELF[deployment]
    return dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED


def sensor_status(deployment: str, name: str) -> dg.DefaultSensorStatus:
    """The initial status of a sensor in a deployment."""
    running = name in BY_ITSELF[deployment]
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED


def on_changes(deployment: str) -> dg.AutomationConditionSensorDefinition:
    """Create the sensor that refreshes tables whose upstream has changed (`conditions.WHEN_CHANGED`)."""
    return dg.AutomationConditionSensorDefinition(
        CHANGES,
        target=dg.AssetSelection.all(),
        default_status=sensor_status(deployment, CHANGES),
        use_user_code_server=True,  # the daemon itself evaluates no conditions but Dagster's
        description="Refreshes what follows from a table whose week has changed, once its blocking checks "
        "have passed. A rerun that changed nothing refreshes nothing.",
    )
