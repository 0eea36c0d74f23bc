"""What every table of `spark/` is: rows as dicts, judged; no Dagster."""
