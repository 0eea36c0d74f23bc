"""Steps as Databricks jobs: the host's side of a launched step, and what the cluster runs of it."""
