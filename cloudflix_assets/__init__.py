"""How the tables of `spark/` are run: as partitioned Dagster assets over a Delta lake."""
