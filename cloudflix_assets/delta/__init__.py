"""Delta tables by week: their log, their files, how a week is read and committed."""
