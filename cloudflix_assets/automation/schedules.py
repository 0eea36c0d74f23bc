"""The weekly schedule, without Dagster's helper, which would ask for the open week, six hours old by then."""

import dagster as dg

from cloudflix_assets.automation.jobs import WEEKLY_REFRESH
from cloudflix_assets.automation.switches import WEEKLY, schedule_status
from cloudflix_assets.partitions import last_ended


def weekly(deployment: str) -> dg.ScheduleDefinition:
    """Create the schedule that runs, every Monday at 06:00 UTC, the week that has just ended."""

    @dg.schedule(
        name=WEEKLY,
        cron_schedule="0 6 * * 1",
        execution_timezone="UTC",
        job_name=WEEKLY_REFRESH,
        default_status=schedule_status(deployment, WEEKLY),
        description="Every Monday at 06:00 UTC, the week that ended six hours before: the tick of 2026-11-23 "
        "asks for the week 2026-11-16. Preview tick result tells what any tick asks for.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """Request the last week that had ended at the scheduled time, however late the tick is evaluated."""
        week = str(last_ended(context.scheduled_execution_time))
        return dg.RunRequest(run_key=week, partition_key=week)

    return schedule
