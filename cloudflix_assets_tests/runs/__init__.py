"""Whole weeks: in any order, interrupted, at once, on a full disk, of the real files."""
