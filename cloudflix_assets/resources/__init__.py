"""Dagster resources: the session, the IO managers, the step launcher."""
