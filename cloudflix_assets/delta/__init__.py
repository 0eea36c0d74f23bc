"""Delta tables that are replaced week by week: their log, their files, reading and committing a week."""
