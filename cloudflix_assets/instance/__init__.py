"""The Dagster instance under CLOUDFLIX_HOME: where it lies, its event log, what its events say."""
