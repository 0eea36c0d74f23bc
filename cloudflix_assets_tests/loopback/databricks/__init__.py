"""A Databricks workspace: jobs really run, in processes."""
