"""What every table is: its contract, the pure function that builds it, and how its rows are judged.

Nothing here knows Dagster, the environment or the clock, so a notebook can import it
(`from spark.silver.titles import silver_titles`; `import spark` would shadow the session). How and
when tables are built belongs to `cloudflix_assets`.
"""
