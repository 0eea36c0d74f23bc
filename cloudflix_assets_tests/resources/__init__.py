"""Dagster's face of the lake."""
