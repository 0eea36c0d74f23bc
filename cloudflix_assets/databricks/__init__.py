"""Steps as Databricks jobs: what the launcher is made of."""
