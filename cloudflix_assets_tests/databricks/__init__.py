"""A Databricks workspace on this machine, for tests without one: jobs really run, in processes."""
