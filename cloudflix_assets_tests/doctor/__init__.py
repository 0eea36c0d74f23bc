"""Findings of `cloudflix doctor`."""
