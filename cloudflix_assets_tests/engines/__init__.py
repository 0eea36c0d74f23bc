"""Sessions on each engine, and weeks on Spark Connect servers in processes of their own."""
