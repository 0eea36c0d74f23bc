"""Which schedules and sensors run by themselves, and where: a map without a default."""

from collections.abc import Mapping

import dagster as dg

WEEKLY = "weekly"
PUBLICATION_SENSOR = "publication_sensor"
LANDING_SENSOR = "landing_sensor"
CHANGES = "changed_upstream"
ALERTS = "alerts"

BY_ITSELF: Mapping[str, frozenset[str]] = {
    # On a desk nothing starts that nobody asked for: the web UI switches the others on. Alerts start nothing.
    "local": frozenset({ALERTS}),
    # A lake in an account is somebody's: its weeks are run when they end, and what follows a change is.
    "azure": frozenset({WEEKLY, LANDING_SENSOR, CHANGES, ALERTS}),
    "databricks": frozenset({WEEKLY, LANDING_SENSOR, CHANGES, ALERTS}),
}
"""By deployment: what runs from the first start on. The web UI overrides it, and remembers."""


def schedule_status(deployment: str, name: str) -> dg.DefaultScheduleStatus:
    """Whether a schedule runs by itself there."""
    running = name in BY_ITSELF[deployment]
    return dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED


def sensor_status(deployment: str, name: str) -> dg.DefaultSensorStatus:
    """Whether a sensor runs by itself there."""
    running = name in BY_ITSELF[deployment]
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED


def on_changes(deployment: str) -> dg.AutomationConditionSensorDefinition:
    """Asks for the weeks of tables whose upstream has changed (`assets/conditions.py`)."""
    return dg.AutomationConditionSensorDefinition(
        CHANGES,
        target=dg.AssetSelection.all(),
        default_status=sensor_status(deployment, CHANGES),
        use_user_code_server=True,  # the daemon's own evaluation knows no condition but Dagster's
        description="Refreshes what follows from a table whose week has changed, once its blocking checks "
        "have passed. A rerun that changed nothing refreshes nothing.",
    )
