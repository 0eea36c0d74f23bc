"""The Dagster instance: its settings, its event log, its compute logs."""
