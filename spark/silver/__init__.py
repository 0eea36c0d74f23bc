"""Silver: real types and nothing invented. No joins, rankings or aggregates here."""
