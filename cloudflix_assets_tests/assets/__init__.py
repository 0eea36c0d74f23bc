"""A table as assets: what Dagster shows of it, and what a step does, over two weeks or more."""
