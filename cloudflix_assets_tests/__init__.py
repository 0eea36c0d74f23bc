"""Tests: `tables` judges pure functions, `running` real Dagster runs over weeks, `e2e` the command line."""
