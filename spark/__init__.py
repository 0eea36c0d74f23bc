"""What every table is: contracts, pure functions, one pass of judgement.

Nothing here knows Dagster, the environment or the clock, so it can be lifted into a notebook
(`from spark.silver.titles import silver_titles`; `import spark` would shadow the session).
"""
