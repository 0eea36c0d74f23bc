"""What starts by itself: jobs, schedules, sensors, conditions, alerts."""
