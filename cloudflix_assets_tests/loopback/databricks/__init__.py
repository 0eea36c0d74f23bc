"""A double of a Databricks workspace, which really runs jobs, in processes."""
