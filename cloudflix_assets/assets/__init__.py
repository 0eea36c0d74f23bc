"""The assets: one publication, and every table of the registry."""
