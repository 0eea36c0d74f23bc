"""Weeks as Dagster runs: what is run, what its state is, what dead runs left."""
